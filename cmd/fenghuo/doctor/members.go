package doctor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/diagnosis"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// diagnosed is a finding of the function diagnose.
type diagnosed = diagnosis.Finding

// verified is the answer of onboard to "verify".
type verified struct {
	Accounts []struct {
		Account, Reason, Next string
		Reached               bool
		Kind                  soc.Kind
		Roles                 []soc.RoleState
	}
}

// scope asks diagnose, which knows who is in scope and looks at the logs of each; later links use its answer.
func scope(ctx context.Context, e *examination) {
	var out struct{ Findings []diagnosed }
	if err := e.invoke(ctx, "diagnose", map[string]any{"operation": "run"}, &out); err != nil {
		e.unseen("diagnose", err, text{})
		return
	}
	e.seen.diagnosed, e.seen.asked = out.Findings, true
	joined, good := 0, true
	for _, f := range out.Findings {
		switch {
		case f.ID != diagnosis.ScopeCheck:
		case f.Result == org.Pass:
			joined++
		default:
			good = false
			e.add(f.Result, f.Account, "", text{f.Evidence, f.EvidenceZH}, text{f.Fix, f.FixZH})
		}
	}
	switch {
	case joined == 0 && good:
		e.fail("", text{"No account was taken into scope.", "尚未将任何账号纳入管理范围。"},
			text{`Run the flow onboard-accounts with {"accounts": ["*"]}, or: fenghuo members apply`, `请运行流程 onboard-accounts，输入 {"accounts": ["*"]}，或运行 fenghuo members apply。`})
	case good:
		e.pass(text{fmt.Sprintf("%d accounts.", joined), fmt.Sprintf("%d 个账号。", joined)})
	}
}

// broker: onboard reaches create-roles in the management account through the broker role.
func broker(ctx context.Context, e *examination) {
	var out verified
	if err := e.invoke(ctx, "onboard", map[string]any{"operation": "verify"}, &out); err != nil {
		e.unseen("onboard", err, text{})
		return
	}
	e.seen.verified = &out
	for _, a := range out.Accounts {
		if a.Reached {
			continue
		}
		fix := text{"Deploy roles-management and create-roles of s.yaml again, with the same SOC_EXTERNAL_ID as the administrator's functions.", "请使用与管理员函数相同的 SOC_EXTERNAL_ID 重新部署 s.yaml 中的 roles-management 和 create-roles。"}
		e.fail("fenghuo-broker", same(a.Reason), fix)
		return // it is the same way for every account
	}
	if len(out.Accounts) == 0 {
		e.skip(text{"No account has joined that could be asked about.", "没有已纳入的账号可供检查。"})
		return
	}
	e.pass(text{"create-roles answered.", "create-roles 已应答。"})
}

func memberRoles(_ context.Context, e *examination) {
	if e.seen.verified == nil || e.failed("broker") {
		e.skip(text{"The management account did not answer.", "管理账号没有应答。"})
		return
	}
	repair := text{"It is repaired by the next regular run of onboard, within the hour; at once by the flow onboard-accounts with the account.", "onboard 的例行运行会在一小时内修复；对该账号运行流程 onboard-accounts 可立即修复。"}
	before := len(e.out)
	for _, a := range e.seen.verified.Accounts {
		if a.Kind != "" {
			v := org.Fail
			if soc.Retryable(&soc.Error{Kind: a.Kind}) {
				v = org.Unknown
			}
			e.add(v, a.Account, "", same(a.Reason), same(a.Next))
		}
		for _, r := range a.Roles {
			if r.State == org.RoleMissing || r.State == org.RoleDrifted {
				e.add(org.Fail, a.Account, r.Name, differs(r), repair)
			}
		}
	}
	if len(e.out) == before {
		n := len(e.seen.verified.Accounts)
		e.pass(text{fmt.Sprintf("%d accounts.", n), fmt.Sprintf("%d 个账号。", n)})
	}
}

// sources passes on what diagnose found, under the names of its own checks.
func sources(_ context.Context, e *examination) {
	if !e.seen.asked {
		e.skip(text{"The function diagnose did not answer.", "函数 diagnose 没有应答。"})
		return
	}
	before := len(e.out)
	var read []diagnosed
	for _, f := range e.seen.diagnosed {
		switch {
		case f.ID == diagnosis.ScopeCheck:
		case f.Result != org.Pass:
			e.out = append(e.out, Finding{Finding: f.Finding, Lag: f.Lag, Account: f.Account, Subject: f.Source})
		case f.ID == diagnosis.ArrivalCheck && f.Lag != nil:
			read = append(read, f)
		}
	}
	if len(e.out) == before {
		e.pass(text{fmt.Sprintf("%d data sources.", len(read)), fmt.Sprintf("%d 个数据源。", len(read))})
	}
	e.lags(read)
}

// shownLags is how many data sources that are read are shown with how far behind they are.
const shownLags = 20

// lags shows the data sources that are read, those that are furthest behind first.
func (e *examination) lags(read []diagnosed) {
	slices.SortStableFunc(read, func(a, b diagnosed) int {
		return cmp.Or(cmp.Compare(waiting(b), waiting(a)), cmp.Compare(b.Lag.Groups, a.Lag.Groups))
	})
	for _, f := range read[:min(len(read), shownLags)] {
		e.out = append(e.out, Finding{Finding: f.Finding, Lag: f.Lag, Account: f.Account, Subject: f.Source})
	}
}

// waiting orders lags by how long the oldest data waits, whatever the time is.
func waiting(f diagnosed) int64 {
	if f.Lag.Since.IsZero() {
		return math.MinInt64
	}
	return -f.Lag.Since.UnixNano()
}

// lastRuns looks for functions whose last runs failed. The lines that it looks for are those that package fc writes.
func lastRuns(ctx context.Context, e *examination) {
	failures, looked, err := e.recentFailures(ctx)
	if err != nil {
		e.unseen("functions", err, text{})
		return
	}
	for _, name := range slices.Sorted(maps.Keys(failures)) {
		e.fail(name, text{"Its last run failed: " + failures[name], "最近一次运行失败：" + failures[name]},
			text{"Find the request in the Logstore functions, and what stands before its end.", "请在日志库 functions 中按请求 ID 查看日志。"})
	}
	if len(failures) == 0 {
		e.pass(text{fmt.Sprintf("%d functions ran in the last 15 minutes.", looked), fmt.Sprintf("最近 15 分钟内有 %d 个函数运行过。", looked)})
	}
}

// shortened cuts a line of a log for one row of a table.
func shortened(s string) string {
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}
