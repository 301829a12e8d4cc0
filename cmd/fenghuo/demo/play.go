package demo

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fenghuo-soc/fenghuo/emulator/traffic"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// How the attack is played. Its steps are told in minutes and played in seconds.
const (
	attackTime    = 6 * time.Second // from the first step to the last
	noiseBefore   = 8 * time.Minute // how far ordinary records reach back
	noiseInAttack = 4               // one quarter of the ordinary records comes between the steps
)

// writeTraffic writes three quarters of the ordinary records, as the products of C, D and E would.
func (s *story) writeTraffic(ctx context.Context) error {
	n := s.Records - s.Records/noiseInAttack
	s.title("Product logs of C, D and E are collected in real time", "实时消费 C、D、E 的产品日志")
	began := time.Now()
	if err := s.writeNoise(ctx, n, s.Seed, began.Add(-noiseBefore), began); err != nil {
		return err
	}
	s.done("", fmt.Sprintf("%d ordinary records of ActionTrail, WAF, Cloud Firewall, Security Center and OSS in %s", n, seconds(time.Since(began))),
		fmt.Sprintf("写入 %d 条日常记录（操作审计、WAF、云防火墙、云安全中心、OSS），用时 %s", n, seconds(time.Since(began))))
	return nil
}

func (s *story) writeNoise(ctx context.Context, n int, seed uint64, from, to time.Time) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for b := range s.server.Traffic(seed).Noise(n, from, to) {
		s.written[b.AccountUID] += len(b.Logs)
		g.Go(func() error { return s.put(ctx, b) })
	}
	return g.Wait()
}

// put writes a batch with the keys of the account that owns the Logstore.
func (s *story) put(ctx context.Context, b traffic.Batch) error {
	k := s.server.Operator(b.AccountUID)
	c := sls.New(sls.Config{
		Endpoint: s.server.Endpoint(), Region: s.server.World().Region, Account: b.AccountUID, HTTPClient: s.logs,
		Credentials: func(context.Context) (sls.Credentials, error) {
			return sls.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret}, nil
		},
	})
	return c.Project(b.Project).PutLogs(ctx, b.Logstore, b.Encode(), "")
}

// attack plays the steps of both attacks, with ordinary records between them.
func (s *story) attack(ctx context.Context) error {
	s.title("Two attacks begin", "两起攻击开始")
	s.score.attackFrom = time.Now()
	steps := s.server.Traffic(s.Seed).Attack(time.Now)
	last := steps[len(steps)-1].Offset
	rest := s.Records / noiseInAttack
	for i, step := range steps {
		at := s.score.attackFrom.Add(time.Duration(float64(attackTime) * float64(step.Offset) / float64(max(last, 1))))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Until(at)):
		}
		n := rest / len(steps)
		if i == len(steps)-1 {
			n = rest - n*(len(steps)-1)
		}
		now := time.Now()
		if err := s.writeNoise(ctx, n, s.Seed+uint64(i)+1, now.Add(-time.Minute), now); err != nil {
			return err
		}
		who := ""
		for _, b := range step.Batches() {
			who = s.letter(b.AccountUID)
			s.written[b.AccountUID] += len(b.Logs)
			if err := s.put(ctx, b); err != nil {
				return err
			}
		}
		s.tell(Line{Tone: Attack, Who: who, EN: step.Text, ZH: step.TextZH})
	}
	return nil
}

// detect waits for the events that the attacks are.
func (s *story) detect(ctx context.Context) error {
	s.title("Rules fire across accounts; alerts become security events", "规则跨账号命中，告警汇聚为安全事件")
	expect := s.server.Traffic(s.Seed).Expect()
	told := map[string]bool{}
	return until(ctx, s.Patience, 200*time.Millisecond, fmt.Sprintf("%d security events", len(expect)), func(ctx context.Context) (bool, error) {
		events, err := s.console.events(ctx)
		if err != nil {
			return false, err
		}
		s.score.judge(expect, events)
		for _, e := range events {
			if _, ok := s.score.match[e.ID]; ok && !told[e.ID] {
				told[e.ID] = true
				s.tellEvent(e)
			}
		}
		return s.score.Found == len(expect), nil
	})
}

func (s *story) tellEvent(e soc.Incident) {
	s.tell(Line{Tone: Alarm, EN: fmt.Sprintf("security event, %s: %s", e.Level, e.Title), ZH: fmt.Sprintf("安全事件（%s）：%s", levelZH(e.Level), e.TitleZH)})
	s.note("", fmt.Sprintf("accounts %s; %s from %s", s.letters(e.Accounts), count(e.Alerts, "alert", "alerts"), count(len(e.Rules), "rule", "rules")),
		fmt.Sprintf("涉及账号 %s；%d 条告警，来自 %d 条规则", s.letters(e.Accounts), e.Alerts, len(e.Rules)))
}

func levelZH(l soc.Level) string {
	return map[soc.Level]string{soc.Informational: "提示", soc.Low: "低危", soc.Medium: "中危", soc.High: "高危", soc.Critical: "严重"}[l]
}
