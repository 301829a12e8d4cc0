package diagnosis

import (
	"context"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/integration"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Lag is how far behind the collection of a data source is: what lies between the ends of its shards and the positions that
// were read.
type Lag struct {
	Groups   int64     `json:"groups"`             // LogGroups that wait
	Shard    string    `json:"shard,omitempty"`    // the one whose data waits longest; "" when nothing waits
	Since    time.Time `json:"since,omitzero"`     // arrival of the oldest group that waits; zero when nothing does, or it could not be asked
	LastRead time.Time `json:"last_read,omitzero"` // of the shard that waited longest for its turn
	LastLog  time.Time `json:"last_log,omitzero"`  // arrival of the newest log that was read
}

// Wait is how long the oldest data waits.
func (l Lag) Wait(now time.Time) time.Duration {
	if l.Since.IsZero() {
		return 0
	}
	return max(now.Sub(l.Since), 0)
}

// span is what a data source holds and how far it was read.
type span struct {
	Lag
	known int
	empty bool
	stale bool // a shard in which data waits was not read for long
}

// arrival reads the positions of the shards and compares them with how far they were read.
func (r *run) arrival(ctx context.Context, reader Reader, p soc.Policy, d soc.DataSource) {
	v := span{empty: true}
	for _, h := range r.Shards {
		if h.Source != d.Name || h.Finished {
			continue
		}
		switch err := r.measure(ctx, reader, h, &v); soc.KindOf(err) {
		case "":
		case soc.Denied:
			r.refused(d.Name, err)
			return
		default:
			r.broken(d.Name, readCheck, err)
			return
		}
	}
	if v.known == 0 {
		r.add(d.Name, readCheck, org.Unknown, "No shard is known yet.", "尚无已知分区。", "Run discover.", "请运行 discover。")
		return
	}
	r.pass(d.Name, readCheck, fmt.Sprintf("%d shards answered.", v.known), fmt.Sprintf("%d 个分区可读取。", v.known))
	r.judge(p, d, v)
	r.out[len(r.out)-1].Lag = &v.Lag
}

// measure adds one shard to what is known of its source.
func (r *run) measure(ctx context.Context, reader Reader, h Shard, v *span) error {
	begin, end, err := reader.Span(ctx, h.Project, h.Logstore, h.Shard)
	if err != nil {
		return err
	}
	if v.known == 0 || h.LastRead.Before(v.LastRead) {
		v.LastRead = h.LastRead
	}
	if h.LastLog.After(v.LastLog) {
		v.LastLog = h.LastLog
	}
	v.known++
	v.empty = v.empty && end == begin
	from := begin
	if h.HasCursor && h.Cursor > begin {
		from = h.Cursor
	}
	if from >= end {
		return nil
	}
	v.Groups += end - from
	v.stale = v.stale || r.now.Sub(h.LastRead) > integration.DelayedAfter
	since, err := reader.ArrivedAt(ctx, h.Project, h.Logstore, h.Shard, from)
	if soc.KindOf(err) == soc.Denied {
		return err
	}
	if err == nil && (v.Since.IsZero() || since.Before(v.Since)) { // what waits is known without the time, too
		v.Since = since
		v.Shard = fmt.Sprintf("%s/%s/%d", h.Project, h.Logstore, h.Shard)
	}
	return nil
}

// judge tells whether data arrives and whether collecting keeps up with it.
func (r *run) judge(p soc.Policy, d soc.DataSource, v span) {
	fresh := r.now.Sub(p.UpdatedAt) < integration.InitialFor
	late := v.Wait(r.now) > integration.DelayedAfter
	en, zh := r.tell(v)
	switch {
	case (v.empty || v.Groups > 0 && (v.stale || late)) && fresh:
		r.add(d.Name, arrivalCheck, org.Unknown, "Still initialising: the policy was switched on a few minutes ago.", "初始化中：策略刚刚启用。",
			"Wait a few minutes.", "请等待几分钟。")
	case v.empty:
		r.fail(d.Name, arrivalCheck, "The Logstore holds no data.", "日志库中没有数据。",
			"See whether the product's log service is on and delivers to this Logstore.", "请检查产品的日志服务是否开启并投递到该日志库。")
	case v.stale:
		r.fail(d.Name, arrivalCheck, en, zh, "See whether the function collect runs, and what its log says.", "请检查函数 collect 是否运行，并查看其日志。")
	case late:
		r.fail(d.Name, arrivalCheck, en, zh,
			"The function collect runs and does not keep up: see docs/runbooks/stream-lags.md, and raise SOC_COLLECT_SHARDS, then SOC_COLLECT_WORKERS.",
			"函数 collect 在运行但跟不上写入：请参阅 docs/runbooks/stream-lags.md，依次调大 SOC_COLLECT_SHARDS 和 SOC_COLLECT_WORKERS。")
	default:
		r.pass(d.Name, arrivalCheck, en, zh)
	}
}

// tell says how far behind collecting is.
func (r *run) tell(v span) (en, zh string) {
	en, zh = fmt.Sprintf("%d groups of logs wait", v.Groups), fmt.Sprintf("有 %d 组日志等待读取", v.Groups)
	if !v.Since.IsZero() {
		wait := v.Wait(r.now).Round(time.Second).String()
		en, zh = en+", the oldest since "+clock(v.Since)+" ("+wait+") in "+v.Shard, zh+"，最早的到达于 "+clock(v.Since)+"（"+wait+"），分区 "+v.Shard
	}
	en, zh = en+"; last read "+clock(v.LastRead), zh+"；最近一次读取 "+clock(v.LastRead)
	if !v.LastLog.IsZero() {
		ago := max(r.now.Sub(v.LastLog), 0).Round(time.Second).String()
		en, zh = en+"; the newest log read arrived "+clock(v.LastLog)+" ("+ago+" ago)", zh+"；已读取的最新日志到达于 "+clock(v.LastLog)+"（"+ago+" 前）"
	}
	return en + ".", zh + "。"
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
