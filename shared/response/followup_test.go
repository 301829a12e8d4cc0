package response

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

func TestNextRun(t *testing.T) {
	t.Parallel()
	b, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Playbook("block-ip")
	if err != nil {
		t.Fatal(err)
	}
	holds := func(ips ...string) soc.Incident {
		i := soc.Incident{ID: "i", Entities: []soc.Entity{
			{Type: soc.EntityIP, Value: "192.0.2.1", Part: "victim"}, {Type: soc.EntityAccessKey, Value: "LTAI5tEXAMPLE", Part: "attacker"},
		}}
		for _, ip := range ips {
			i.Entities = append(i.Entities, soc.Entity{Type: soc.EntityIP, Value: ip, Part: "attacker"})
		}
		return i
	}
	run := func(n int, state soc.RunState, targets ...string) soc.Run {
		return soc.Run{ID: soc.FollowUpID(p.Name, "i", n), Playbook: p.Name, IncidentID: "i", State: state, Targets: targets}
	}
	worked := run(0, soc.RunDone)
	worked.Tasks = []soc.Task{{Target: "b"}}
	planning := run(0, soc.RunPlanned, "a")
	planning.Tasks = []soc.Task{{Target: "a"}}
	byHand := soc.Run{ID: "mine", Playbook: p.Name, State: soc.RunDone, Tasks: []soc.Task{{Target: "b"}}}
	other := soc.Run{ID: "x", Playbook: "disable-access-key", Targets: []string{"b"}}
	all := []soc.Run{}
	for n := range MaxFollowUps + 1 {
		all = append(all, run(n, soc.RunDone, strconv.Itoa(n)))
	}
	for name, tt := range map[string]struct {
		incident soc.Incident
		runs     []soc.Run
		want     int // number of the run; -1 is none
		targets  []string
	}{
		"the first":                             {holds("b", "a", "b"), nil, 0, []string{"a", "b"}},
		"the first without a target":            {holds(), nil, 0, nil},
		"a stored one whose flow has not begun": {holds("a", "b"), []soc.Run{run(0, soc.RunPlanned, "a")}, 0, []string{"a"}},
		"not while it is planned":               {holds("a", "b"), []soc.Run{planning}, -1, nil},
		"not while a person is asked":           {holds("a", "b"), []soc.Run{run(0, soc.RunWaiting, "a")}, -1, nil},
		"not while it works":                    {holds("a", "b"), []soc.Run{run(0, soc.RunRunning, "a")}, -1, nil},
		"nothing joined":                        {holds("a"), []soc.Run{run(0, soc.RunDone, "a")}, -1, nil},
		"one joined":                            {holds("a", "b"), []soc.Run{run(0, soc.RunDone, "a")}, 1, []string{"a", "b"}},
		"one joined before it was planned":      {holds("b"), []soc.Run{worked}, -1, nil},
		"after a refusal, for what is new":      {holds("a", "b"), []soc.Run{run(0, soc.RunRejected, "a")}, 1, []string{"a", "b"}},
		"after a refusal, not again":            {holds("a"), []soc.Run{run(0, soc.RunRejected, "a")}, -1, nil},
		"a third":                               {holds("a", "b", "c"), []soc.Run{run(1, soc.RunPartial, "a", "b"), run(0, soc.RunDone, "a")}, 2, []string{"a", "b", "c"}},
		"done by hand":                          {holds("a", "b"), []soc.Run{run(0, soc.RunDone, "a"), byHand}, -1, nil},
		"another playbook does not count":       {holds("a", "b"), []soc.Run{run(0, soc.RunDone, "a"), other}, 1, []string{"a", "b"}},
		"no more than the bound":                {holds("new"), all, -1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := p.Next(tt.incident, tt.runs)
			if ok != (tt.want >= 0) {
				t.Fatalf("%v, %+v", ok, got)
			}
			if ok && (got.ID != soc.FollowUpID(p.Name, "i", tt.want) || cmp.Diff(tt.targets, got.Targets) != "" || IsFollowUp(got) != (tt.want > 0)) {
				t.Errorf("%+v, want number %d with %v", got, tt.want, tt.targets)
			}
		})
	}
	if soc.FollowUpID("p", "i", 0) != soc.RunID("p", "i") || IsFollowUp(soc.Run{ID: "mine"}) {
		t.Error("the first run is no follow-up")
	}
}
