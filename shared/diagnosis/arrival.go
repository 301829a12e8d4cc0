package diagnosis

import (
	"context"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/integration"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// arrival reads the positions of the shards and compares them with how far they were read.
func (r *run) arrival(ctx context.Context, reader Reader, p soc.Policy, d soc.DataSource) {
	known, empty := 0, true
	var behind int64
	var oldest time.Time
	for _, h := range r.Shards {
		if h.Source != d.Name || h.Finished {
			continue
		}
		begin, end, err := reader.Span(ctx, h.Project, h.Logstore, h.Shard)
		switch soc.KindOf(err) {
		case "":
		case soc.Denied:
			r.refused(d.Name, err)
			return
		default:
			r.broken(d.Name, readCheck, err)
			return
		}
		if known == 0 || h.LastRead.Before(oldest) {
			oldest = h.LastRead
		}
		known++
		empty = empty && end == begin
		from := begin
		if h.HasCursor && h.Cursor > begin {
			from = h.Cursor
		}
		behind += max(end-from, 0)
	}
	if known == 0 {
		r.add(d.Name, readCheck, org.Unknown, "No shard is known yet.", "尚无已知分区。", "Run discover.", "请运行 discover。")
		return
	}
	r.pass(d.Name, readCheck, fmt.Sprintf("%d shards answered.", known), fmt.Sprintf("%d 个分区可读取。", known))
	r.judge(p, d, empty, behind, oldest)
}

// judge tells whether data arrives. behind counts LogGroups, oldest is when the shard that waits longest was read.
func (r *run) judge(p soc.Policy, d soc.DataSource, empty bool, behind int64, oldest time.Time) {
	fresh := r.now.Sub(p.UpdatedAt) < integration.InitialFor
	stale := r.now.Sub(oldest) > integration.DelayedAfter
	switch {
	case (empty || behind > 0 && stale) && fresh:
		r.add(d.Name, arrivalCheck, org.Unknown, "Still initialising: the policy was switched on a few minutes ago.", "初始化中：策略刚刚启用。",
			"Wait a few minutes.", "请等待几分钟。")
	case empty:
		r.fail(d.Name, arrivalCheck, "The Logstore holds no data.", "日志库中没有数据。",
			"See whether the product's log service is on and delivers to this Logstore.", "请检查产品的日志服务是否开启并投递到该日志库。")
	case behind > 0 && stale:
		r.fail(d.Name, arrivalCheck, fmt.Sprintf("%d groups of logs wait; a shard was last read %s.", behind, lastRead(oldest)),
			fmt.Sprintf("有 %d 组日志等待读取，分区最近一次读取：%s。", behind, lastRead(oldest)),
			"See whether the function collect runs, and what its log says.", "请检查函数 collect 是否运行，并查看其日志。")
	default:
		r.pass(d.Name, arrivalCheck, fmt.Sprintf("%d groups of logs wait.", behind), fmt.Sprintf("有 %d 组日志等待读取。", behind))
	}
}

func lastRead(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return "at " + t.UTC().Format(time.RFC3339)
}
