package cloudflow

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// generator writes random flows that pass the checks: any states in any order, loops, retries and catches.
type generator struct {
	r *rand.Rand
	n int // states named so far
}

func (g *generator) flow() string {
	return "Type: StateMachine\nSpecVersion: v1\nName: f\nTimeout: 3600\n" + g.scope("", 2)
}

// scope writes StartAt and States. Every state but the last leads on to the next one, so that all are reachable; some
// lead back.
func (g *generator) scope(indent string, depth int) string {
	var names []string
	for range 1 + g.r.IntN(4) {
		g.n++
		names = append(names, fmt.Sprintf("S%d", g.n))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%sStartAt: %s\n%sStates:\n", indent, names[0], indent)
	for i, name := range names {
		next := ""
		if i+1 < len(names) {
			next = names[i+1]
		}
		b.WriteString(g.state(indent+"  ", name, next, names[g.r.IntN(len(names))], depth))
	}
	return b.String()
}

func (g *generator) state(indent, name, next, any string, depth int) string {
	head := func(typ, rest string) string {
		return indent + "- Name: " + name + "\n" + indent + "  Type: " + typ + "\n" + rest
	}
	go1 := indent + "  End: true\n"
	if next != "" {
		go1 = indent + "  Next: " + next + "\n"
	}
	line := func(text string) string { return indent + "  " + text + "\n" }
	switch k := g.r.IntN(8); {
	case k == 0:
		return head("Wait", line(fmt.Sprintf("Seconds: %d", 1+g.r.IntN(300)))+go1)
	case k == 1 && next != "":
		return head("Choice", line("Branches:")+line("  - {Condition: '$Input.n < "+fmt.Sprint(g.r.IntN(10))+"', Next: "+any+"}")+line("Default: "+next))
	case k == 2 && next == "":
		return head("Fail", line("Code: Random"))
	case k == 3 && depth > 0:
		return head("Parallel", line("Branches:")+
			strings.Replace(g.scope(indent+"      ", depth-1), indent+"      StartAt", indent+"    - StartAt", 1)+
			strings.Replace(g.scope(indent+"      ", depth-1), indent+"      StartAt", indent+"    - StartAt", 1)+
			line("OutputConstructor: {n.$: $Input.n, l.$: $Input.l}")+g.caught(line, next)+go1)
	case k == 4 && depth > 0:
		return head("Map", line("ItemsPath: $Input.l")+line("Processor:")+g.scope(indent+"    ", depth-1)+
			line("OutputConstructor: {n.$: $Input.n, l.$: $Input.l}")+go1)
	case k == 5:
		return head("Task", line("Action: FC:InvokeFunction")+line("Parameters: {resourceArn: acs:fc:::functions/fn/LATEST, invocationType: Sync, body: {n.$: $Input.n}}")+
			line("Retry:")+line(fmt.Sprintf("  - {Errors: [FC.Busy], Description: r, MaxAttempts: %d, IntervalSeconds: 1, BackoffRate: 2}", g.r.IntN(4)))+
			line("OutputConstructor: {n.$: $Output.Body.n, l.$: $Input.l}")+g.caught(line, next)+go1)
	default:
		return head("Pass", line("OutputConstructor: {n.$: 'intAdd($Input.n, 1)', l.$: $Input.l}")+line("GlobalConstructor: {"+name+": 1}")+go1)
	}
}

func (g *generator) caught(line func(string) string, next string) string {
	if next == "" {
		return ""
	}
	return line("Catch:") + line("  - {Errors: [FnF.ALL], Description: c, OutputConstructor: {n.$: $Input.n, l.$: $Input.l}, Next: "+next+"}")
}

// tell runs the flow of a seed in a time of its own and returns how it ended and its history.
func tell(t *testing.T, seed uint64) (status string, took time.Duration, events []Event) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{functions: map[string]func(map[string]any, int) InvocationResult{"fn": func(b map[string]any, try int) InvocationResult {
			if (try+int(seed))%3 == 0 {
				return InvocationResult{Code: "Busy"}
			}
			n, _ := b["n"].(float64)
			return answer(map[string]any{"n": n + 1})
		}}}
		svc := New(Options{Invoker: s, Roles: s, Authorizer: s, Sequential: true})
		defer svc.Close()
		text := (&generator{r: rand.New(rand.NewPCG(seed, seed))}).flow()
		began := time.Now()
		x := svc.runFlow(t, text, `{"n":0,"l":[{"n":1,"l":[]},{"n":2,"l":[]}]}`)
		status, took, events = x.view().Status, time.Since(began), x.events
	})
	return status, took, events
}

// TestRandomFlowsEnd: whatever a flow does, it succeeds, fails or times out, within its time and the limit of events;
// and two runs have one history.
func TestRandomFlowsEnd(t *testing.T) {
	t.Parallel()
	ended := map[string]int{}
	for seed := range uint64(160) {
		status, took, events := tell(t, seed)
		ended[status]++
		if took > time.Hour || len(events) > maxEvents || len(events) < 2 || events[0].Type != "ExecutionStarted" {
			t.Fatalf("seed %d: %s after %v with %d events", seed, status, took, len(events))
		}
		for i, e := range events {
			if e.EventID != i+1 || e.ScheduleEventID >= e.EventID {
				t.Fatalf("seed %d: event %+v at place %d", seed, e, i)
			}
		}
		if seed%10 == 0 {
			again, _, history := tell(t, seed)
			if d := cmp.Diff(events, history); again != status || d != "" {
				t.Fatalf("seed %d: another history (-first +second):\n%s", seed, d)
			}
		}
	}
	for _, status := range []string{"Succeeded", "Failed", "TimedOut"} {
		if ended[status] == 0 {
			t.Errorf("no flow ended as %s: %v", status, ended)
		}
	}
}
