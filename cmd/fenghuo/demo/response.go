package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/faults"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// faultTimes is how often Cloud Firewall of D answers that it is unavailable: as often as a task tries by itself, so
// that the task fails and a person has to retry it.
const faultTimes = 3

// respond waits for the playbooks that the response rules start, shows what they would do, and answers.
func (s *story) respond(ctx context.Context) error {
	s.title("Playbooks wait for approval", "剧本等待审批")
	d := s.server.World().Accounts[3].UID
	if err := s.server.Faults().Add(faults.Fault{Kind: faults.Unavailable, Operation: "AddControlPolicy", Account: d, Count: faultTimes}); err != nil {
		return err
	}
	var runs []soc.Run
	err := until(ctx, s.Patience, 200*time.Millisecond, "an approval for each playbook run", func(ctx context.Context) (ok bool, err error) {
		runs, ok, err = s.waiting(ctx)
		return ok, err
	})
	if err != nil {
		return err
	}
	// One run after the other, the shortest first: the fault then hits one task and no other.
	slices.SortFunc(runs, func(a, b soc.Run) int { return cmp.Or(len(a.Tasks)-len(b.Tasks), strings.Compare(a.ID, b.ID)) })
	for _, run := range runs {
		if err := s.decide(ctx, run); err != nil {
			return err
		}
		if err := s.finishRun(ctx, run.ID); err != nil {
			return err
		}
	}
	return nil
}

// waiting returns the runs of all events, and whether every event has one and each of them waits for its approval.
func (s *story) waiting(ctx context.Context) (runs []soc.Run, all bool, err error) {
	open, err := s.console.approvals(ctx)
	if err != nil {
		return nil, false, err
	}
	all = true
	for id := range s.score.match {
		e, err := s.console.event(ctx, id)
		if err != nil {
			return nil, false, err
		}
		all = all && len(e.Runs) > 0
		for _, r := range e.Runs {
			runs = append(runs, r)
			all = all && slices.ContainsFunc(open, func(a soc.Approval) bool { return a.RunID == r.ID })
		}
	}
	return runs, all, nil
}

// decide shows the plan of a run and answers its approval.
func (s *story) decide(ctx context.Context, run soc.Run) (err error) {
	s.tell(Line{Tone: Ask, EN: fmt.Sprintf("playbook %s would do:", run.Playbook), ZH: fmt.Sprintf("剧本 %s 将执行：", run.Playbook)})
	for _, t := range run.Tasks {
		s.note(s.letter(t.Account), t.Summary, t.SummaryZH)
	}
	s.score.Tasks += len(run.Tasks)
	yes := true
	if s.Approve != nil {
		if yes, err = s.Approve(ctx, run); err != nil {
			return err
		}
	}
	decision := map[bool]string{true: "approved", false: "rejected"}[yes]
	if !yes {
		s.score.Rejected += len(run.Tasks)
	}
	if err := s.console.post(ctx, "/api/approvals/"+run.ID, map[string]string{"decision": decision}); err != nil {
		return err
	}
	s.done(s.letter(s.administrator()), decision, map[bool]string{true: "已批准", false: "已拒绝"}[yes])
	return nil
}

func settled(r soc.Run) bool {
	return r.State == soc.RunDone || r.State == soc.RunPartial || r.State == soc.RunRejected || r.State == soc.RunUndone
}

// finishRun waits for a run, tells its tasks, and retries those that failed.
func (s *story) finishRun(ctx context.Context, id string) error {
	run, err := s.awaitRun(ctx, id, settled)
	if err != nil {
		return err
	}
	if run.State == soc.RunRejected {
		return nil
	}
	for _, t := range run.Tasks {
		s.tellTask(t)
		if t.State == soc.TaskFailed {
			s.score.Failed++
		}
	}
	if run.State == soc.RunPartial {
		if err := s.console.post(ctx, "/api/runs/"+id+"/retry", struct{}{}); err != nil {
			return err
		}
		s.done(s.letter(s.administrator()), "retry of what failed", "重试失败的任务")
		if run, err = s.awaitRun(ctx, id, func(r soc.Run) bool { return r.State == soc.RunDone }); err != nil {
			return err
		}
		for _, t := range run.Tasks {
			if t.Attempts > 1 {
				s.tellTask(t)
			}
		}
	}
	for _, t := range run.Tasks {
		if t.State == soc.TaskSucceeded {
			s.score.Done++
		}
	}
	return nil
}

func (s *story) awaitRun(ctx context.Context, id string, ok func(soc.Run) bool) (run soc.Run, err error) {
	err = until(ctx, s.Patience, 200*time.Millisecond, "the end of playbook run "+id, func(ctx context.Context) (bool, error) {
		run, err = s.console.run(ctx, id)
		return err == nil && ok(run), err
	})
	return run, err
}

func (s *story) tellTask(t soc.Task) {
	switch t.State {
	case soc.TaskFailed:
		s.tell(Line{Tone: Bad, Who: s.letter(t.Account), EN: t.Action + " failed: " + t.Reason, ZH: t.Action + " 失败：" + t.Reason})
	case soc.TaskUndone:
		s.done(s.letter(t.Account), t.Action+" "+t.Target+" undone", t.Action+" "+t.Target+" 已撤销")
	default:
		s.done(s.letter(t.Account), t.Action+" "+t.Target, t.Action+" "+t.Target+" 已完成")
	}
}

// undo takes the blocking of addresses back, as after a false alarm, and looks whether the products are as before.
func (s *story) undo(ctx context.Context) error {
	events, err := s.console.events(ctx)
	if err != nil {
		return err
	}
	for _, e := range events {
		detail, err := s.console.event(ctx, e.ID)
		if err != nil {
			return err
		}
		for _, run := range detail.Runs {
			if run.Playbook == "block-ip" && run.State == soc.RunDone {
				return s.undoRun(ctx, run)
			}
		}
	}
	return nil
}

func (s *story) undoRun(ctx context.Context, run soc.Run) error {
	s.title("Undo: the block of the addresses is taken back", "撤销：解除对攻击地址的封禁")
	if err := s.console.post(ctx, "/api/runs/"+run.ID+"/undo", struct{}{}); err != nil {
		return err
	}
	run, err := s.awaitRun(ctx, run.ID, func(r soc.Run) bool { return r.State == soc.RunUndone })
	if err != nil {
		return err
	}
	for _, t := range run.Tasks {
		s.tellTask(t)
		if t.State == soc.TaskUndone {
			s.score.Undone++
		}
	}
	return nil
}

// keepScore waits until everything that was written is collected, and adds up.
func (s *story) keepScore(ctx context.Context) error {
	for _, n := range s.written {
		s.score.Written += n
	}
	err := until(ctx, s.Patience, 200*time.Millisecond, "the last records", func(ctx context.Context) (bool, error) {
		sources, err := s.console.sources(ctx)
		if err != nil {
			return false, err
		}
		s.score.Collected = 0
		for _, d := range sources {
			s.score.Collected += int(d.Records)
		}
		return s.score.Collected >= s.score.Written, nil
	})
	if err != nil && soc.KindOf(err) != soc.Timeout {
		return err
	}
	events, err := s.console.events(ctx)
	if err != nil {
		return err
	}
	s.score.judge(s.server.Traffic(s.Seed).Expect(), events)
	alerts, err := s.console.alerts(ctx)
	if err != nil {
		return err
	}
	s.score.delays(alerts)
	var parked struct {
		Parked []struct{} `json:"parked"`
	}
	if err := s.console.get(ctx, "/api/parked", &parked); err != nil {
		return err
	}
	s.score.Parked = len(parked.Parked)
	s.score.finish(time.Since(s.begin))
	return nil
}
