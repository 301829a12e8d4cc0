package demo

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/ram"
	"github.com/fenghuo-soc/fenghuo/shared/diagnosis"
	"github.com/fenghuo-soc/fenghuo/shared/org"
)

// doctor lets the owner of E take the collector's permissions away by mistake, finds out why the account has gone quiet,
// and repairs it. What E logs meanwhile is collected afterwards: the score counts it.
func (s *story) doctor(ctx context.Context) error {
	members := s.members()
	e := members[len(members)-1]
	s.title("E goes quiet; troubleshooting finds out why and repairs it", "E 没有数据了：排查原因并修复")
	if err := ram.New(s.as(e)).DetachPolicyFromRole(ctx, ram.Custom, "fenghuo-collector", "fenghuo-collector"); err != nil {
		return err
	}
	s.tell(Line{Tone: Bad, Who: s.letter(e), EN: "its owner detaches a policy: the collector may read nothing any more", ZH: "账号所有者误解绑策略，采集角色无权读取日志"})
	now := time.Now()
	if err := s.writeNoise(ctx, 100, s.Seed+100, now.Add(-time.Minute), now); err != nil {
		return err
	}
	if err := s.diagnose(ctx, e); err != nil {
		return err
	}
	if _, err := s.runFlow(ctx, s.administrator(), "onboard-accounts", map[string]any{"accounts": []string{e}, "response": true}); err != nil {
		return err
	}
	s.done(s.letter(s.administrator()), "flow onboard-accounts repairs the role in place; collecting goes on where it stopped", "流程 onboard-accounts 就地修复角色，从中断处继续采集")
	return nil
}

func (s *story) diagnose(ctx context.Context, uid string) error {
	out, err := s.runFlow(ctx, s.administrator(), "diagnose-accounts", map[string]any{"accounts": []string{uid}})
	if err != nil {
		return err
	}
	b, err := json.Marshal(out["findings"])
	if err != nil {
		return err
	}
	var findings []diagnosis.Finding
	if err := json.Unmarshal(b, &findings); err != nil {
		return err
	}
	for _, f := range findings {
		if f.Result == org.Fail {
			s.done(s.letter(s.administrator()), "flow diagnose-accounts: "+f.Title+": "+clip(f.Evidence), "流程 diagnose-accounts："+f.TitleZH+"："+clip(f.EvidenceZH))
			s.note("", "fix: "+f.Fix, "修复方法："+f.FixZH)
			break
		}
	}
	return nil
}

// clip keeps a line readable; the whole text is in the flow's output.
func clip(text string) string {
	const most = 150
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
