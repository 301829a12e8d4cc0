package e2e

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/cmd/fenghuo/demo"
	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/flow"
)

// crash kills the processes of a function of B in the middle of their work: as soon as the cloud has allowed role the
// action so many times more. The effect of the call is there then, and the function has not yet noted it.
type crash struct {
	function     string
	role, action string
	times        int
}

// crashes hit while something is read, and between an effect and its record, where a repetition could do it twice.
var crashes = []crash{
	{"collect", "acs:ram::" + accountB + ":role/fenghuo-collect", "log:PostLogStoreLogs", 20},
	{"archive", "acs:ram::" + accountB + ":role/fenghuo-trigger", "fc:InvokeFunction", 1},
	{"detect", "acs:ram::" + accountB + ":role/fenghuo-detect", "log:GetCursorOrData", 1},
	{"detect", "acs:ram::" + accountB + ":role/fenghuo-detect", "log:PostLogStoreLogs", 1},
	{"correlate", "acs:ram::" + accountB + ":role/fenghuo-correlate", "log:GetCursorOrData", 1},
	{"correlate", "acs:ram::" + accountB + ":role/fenghuo-correlate", "fnf:StartExecution", 1},
	{"respond", "acs:ram::" + accountB + ":role/fenghuo-flow", "fc:InvokeFunction", 1}, // its plan
	{"notify", "acs:ram::" + accountB + ":role/fenghuo-flow", "fc:InvokeFunction", 1},  // its question
	{"respond", "acs:ram::" + accountD + ":role/fenghuo-responder", "yundun-waf:CreateDefenseRule", 1},
}

// wait watches until the moment has come and kills; it tells how many processes died.
func (x crash) wait(ctx context.Context, s *emulator.Server) int {
	base := s.IAM().Used(x.role)[x.action]
	for ctx.Err() == nil {
		if s.IAM().Used(x.role)[x.action] >= base+x.times {
			if n := s.FC().Kill(accountB, x.function); n > 0 {
				return n
			}
		}
		time.Sleep(200 * time.Microsecond) // a call ends within milliseconds
	}
	return 0
}

// TestCrashes kills every function once while the story goes on, those of the pipeline and of the response in the middle
// of a call. Nothing is lost, and nothing happens twice.
func TestCrashes(t *testing.T) {
	killed := map[string]int{}
	var mu sync.Mutex
	var watching sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer watching.Wait()
	defer stop()
	var cloudOf *emulator.Server
	idle := func(functions ...string) {
		for _, f := range functions {
			account := accountB
			if f == "delegate" || f == "create-roles" {
				account = accountA
			}
			n := cloudOf.FC().Kill(account, f)
			mu.Lock()
			killed[f] += n
			mu.Unlock()
		}
	}
	var before []string
	score, err := tell(t, demo.Options{
		Seed: 1, Records: 4000, Patience: 2 * patience,
		At: func(_ context.Context, stage demo.Stage, s *emulator.Server) error {
			cloudOf = s
			switch stage {
			case demo.StageOnboard:
				idle("delegate", "create-roles", "onboard")
			case demo.StageIntegrate:
				idle("integrate", "discover")
				for _, x := range crashes {
					watching.Go(func() {
						n := x.wait(ctx, s)
						mu.Lock()
						defer mu.Unlock()
						killed[x.function] += n
					})
				}
			case demo.StageAttack:
				idle("console")
			case demo.StageScore:
				t.Run("every crash hit a call", func(t *testing.T) { brokenCalls(t, cloud{Server: s}) })
				checkBlocked(t, before, blocked(t, cloud{Server: s}))
			case demo.StageRespond:
				before = blocked(t, cloud{Server: s})
			case demo.StageDoctor:
				idle("diagnose")
			}
			return nil
		},
	})
	stop()
	watching.Wait()
	if err != nil {
		t.Fatal(err)
	}
	perfect(t, score)
	for _, f := range []string{"delegate", "create-roles", "onboard", "integrate", "discover", "collect", "detect", "archive", "correlate", "respond", "notify", "diagnose", "console"} {
		if killed[f] == 0 {
			t.Errorf("no process of %s was killed", f)
		}
	}
}

const died = "Process exited unexpectedly"

// brokenCalls checks that the kills hit functions at work: the platform tells that a call broke, or began it again.
func brokenCalls(t *testing.T, c cloud) {
	for _, x := range crashes {
		switch x.function {
		case "collect": // called asynchronously: the platform repeats the request
			if !repeated(c.FC().Logs(accountB, x.function)) {
				t.Error("no call of collect came again")
			}
		case "respond", "notify": // called by flows, which keep it in their history
			if !failedIn(t, c, "block-ip") && !failedIn(t, c, "disable-access-key") {
				t.Errorf("no call of %s broke", x.function)
			}
		default:
			if !slices.ContainsFunc(c.FC().Logs(accountB, x.function), func(l string) bool { return strings.Contains(l, died) }) {
				t.Errorf("no call of %s broke", x.function)
			}
		}
	}
}

func repeated(log []string) bool {
	seen := map[string]bool{}
	for _, l := range log {
		if strings.HasPrefix(l, "FC Invoke Start RequestId: ") {
			if seen[l] {
				return true
			}
			seen[l] = true
		}
	}
	return false
}

// failedIn tells whether a call of a flow broke.
func failedIn(t *testing.T, c cloud, name string) bool {
	t.Helper()
	api := flow.New(c.as(accountB))
	runs, err := api.ListExecutions(t.Context(), name, flow.ListFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range runs {
		events, err := api.GetExecutionHistory(t.Context(), name, x.Name)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(events, func(e flow.Event) bool { return strings.Contains(e.DetailJSON, died) }) {
			return true
		}
	}
	return false
}
