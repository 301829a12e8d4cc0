package diagnosis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/integration"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Finding is one check of one account, or of one data source of it.
type Finding struct {
	Account string `json:"account"`
	Source  string `json:"source"`        // name of the data source, "" for the account itself
	Lag     *Lag   `json:"lag,omitempty"` // of [ArrivalCheck]
	org.Finding
}

// Prober enters a member with the collector role.
type Prober interface {
	// Enter fails as Denied or NotFound when the role cannot be assumed.
	Enter(ctx context.Context, uid string) (Reader, error)
}

// Reader reads names and positions in a member's region. What does not exist is an error of kind NotFound.
type Reader interface {
	Project(ctx context.Context, project string) error
	Logstore(ctx context.Context, project, logstore string) error
	// Span returns the oldest and the next position of a shard.
	Span(ctx context.Context, project, logstore string, shard int) (begin, end int64, err error)
	// ArrivedAt returns when the data at a position arrived.
	ArrivedAt(ctx context.Context, project, logstore string, shard int, position int64) (time.Time, error)
}

// Shard is how far a shard was read.
type Shard struct {
	Source, Project, Logstore string
	Shard                     int
	Cursor                    int64
	HasCursor                 bool
	Finished                  bool
	Error                     string
	LastRead                  time.Time
	LastLog                   time.Time // arrival of the newest log that was read
}

// State is what the store knows. Account looks at its own part of it.
type State struct {
	Accounts []soc.Account
	Policies []soc.Policy
	Sources  []soc.DataSource
	Shards   []Shard
	Catalog  *catalog.Catalog
	Region   string
}

type run struct {
	State
	uid string
	now time.Time
	out []Finding
}

// Account runs every check of one account. The error is not nil only when the context ended.
func Account(ctx context.Context, s State, p Prober, uid string, now time.Time) ([]Finding, error) {
	r := &run{State: s, uid: uid, now: now}
	if !r.scope() {
		return r.out, ctx.Err()
	}
	reader, ok := r.roles(ctx, p)
	if !ok {
		return r.out, ctx.Err()
	}
	if !r.policies() {
		return r.out, ctx.Err()
	}
	for _, pol := range s.Policies {
		if pol.Account != uid || !pol.Enabled {
			continue
		}
		i := slices.IndexFunc(s.Sources, func(d soc.DataSource) bool {
			return d.Account == uid && d.Template == pol.Template && d.Region == s.Region
		})
		if i < 0 {
			name := soc.DataSourceName(pol.Template, s.Region, uid)
			r.fail(name, sourceCheck, "The policy has no data source.", "策略没有对应的数据源。",
				"Apply the integration policy again.", "重新应用该接入策略。")
			continue
		}
		r.source(ctx, reader, pol, s.Sources[i])
	}
	return r.out, ctx.Err()
}

// The ids of the first and the last check of a chain.
const (
	ScopeCheck   = "scope"
	ArrivalCheck = "arrival"
)

// check names a check.
type check struct{ id, title, titleZH string }

var (
	scopeCheck   = check{ScopeCheck, "The account is in scope", "账号在管理范围内"}
	roleCheck    = check{"roles", "The collector role can be assumed", "采集角色可以被扮演"}
	policyCheck  = check{"policies", "Integration policies are enabled", "已启用接入策略"}
	sourceCheck  = check{"logstore", "Project and Logstore are there", "日志项目和日志库存在"}
	readCheck    = check{"reads", "Reads are allowed", "允许读取"}
	arrivalCheck = check{ArrivalCheck, "Data arrives and is read", "数据持续到达并被读取"}
)

func (r *run) add(source string, c check, v org.Verdict, evidence, evidenceZH, fix, fixZH string) bool {
	r.out = append(r.out, Finding{Account: r.uid, Source: source, Finding: org.Finding{
		ID: c.id, Title: c.title, TitleZH: c.titleZH, Result: v,
		Evidence: evidence, EvidenceZH: evidenceZH, Fix: fix, FixZH: fixZH,
	}})
	return v == org.Pass
}

func (r *run) pass(source string, c check, evidence, evidenceZH string) bool {
	return r.add(source, c, org.Pass, evidence, evidenceZH, "", "")
}

func (r *run) fail(source string, c check, evidence, evidenceZH, fix, fixZH string) bool {
	return r.add(source, c, org.Fail, evidence, evidenceZH, fix, fixZH)
}

// broken reports an error that is neither a refusal nor an absence: it may pass by itself.
func (r *run) broken(source string, c check, err error) bool {
	return r.add(source, c, org.Unknown, err.Error(), err.Error(), "Try again in a few minutes.", "请几分钟后重试。")
}

func (r *run) scope() bool {
	i := slices.IndexFunc(r.Accounts, func(a soc.Account) bool { return a.UID == r.uid })
	if i < 0 {
		return r.fail("", scopeCheck, "The account was never taken into scope.", "该账号从未纳入管理范围。",
			"Run the flow onboard-accounts with it.", "请对该账号运行流程 onboard-accounts。")
	}
	if a := r.Accounts[i]; a.State != soc.AccountJoined {
		why := "The account is " + string(a.State) + "."
		zh := "账号状态为 " + string(a.State) + "。"
		if a.Reason != "" {
			why, zh = why+" "+a.Reason, zh+a.Reason
		}
		fix := a.Next
		if fix == "" {
			fix = "Run the flow onboard-accounts with it."
		}
		return r.fail("", scopeCheck, why, zh, fix, "请对该账号运行流程 onboard-accounts。")
	}
	return r.pass("", scopeCheck, "Joined.", "已纳入。")
}

func (r *run) roles(ctx context.Context, p Prober) (Reader, bool) {
	reader, err := p.Enter(ctx, r.uid)
	switch kind := soc.KindOf(err); {
	case err == nil:
		return reader, r.pass("", roleCheck, "Assumed.", "扮演成功。")
	case kind == soc.Denied || kind == soc.NotFound:
		return nil, r.fail("", roleCheck, err.Error(), err.Error(),
			"Run the flow onboard-accounts with the account: that repairs its roles in place, and collecting goes on.", "请对该账号运行流程 onboard-accounts，它会就地修复角色，采集随后继续。")
	default:
		return nil, r.broken("", roleCheck, err)
	}
}

func (r *run) policies() bool {
	n := 0
	for _, p := range r.Policies {
		if p.Account == r.uid && p.Enabled {
			n++
		}
	}
	if n == 0 {
		return r.fail("", policyCheck, "No policy is enabled, so nothing is collected.", "未启用任何策略，因此不会采集日志。",
			"Run the flow apply-integration with it.", "请对该账号运行流程 apply-integration。")
	}
	return r.pass("", policyCheck, fmt.Sprintf("%d enabled.", n), fmt.Sprintf("已启用 %d 条。", n))
}

// source runs the chain of checks of one data source.
func (r *run) source(ctx context.Context, reader Reader, p soc.Policy, d soc.DataSource) {
	if len(d.Stores) == 0 {
		r.noStores(p, d)
		return
	}
	for _, s := range d.Stores {
		if !r.store(ctx, reader, d.Name, s) {
			return
		}
	}
	r.pass(d.Name, sourceCheck, fmt.Sprintf("%d found.", len(d.Stores)), fmt.Sprintf("找到 %d 个。", len(d.Stores)))
	r.arrival(ctx, reader, p, d)
}

func (r *run) noStores(p soc.Policy, d soc.DataSource) {
	if r.now.Sub(p.UpdatedAt) < integration.InitialFor {
		r.add(d.Name, sourceCheck, org.Unknown, "Still initialising: no Logstore was found yet.", "初始化中：尚未发现日志库。",
			"Wait a few minutes.", "请等待几分钟。")
		return
	}
	var names []string
	if t, err := r.Catalog.Template(d.Template); err == nil {
		for _, e := range t.Expected(r.uid, d.Region) {
			names = append(names, e.Project+"/"+e.Logstore)
		}
	}
	r.fail(d.Name, sourceCheck, "No Logstore like "+strings.Join(names, " or ")+" was found.", "未找到日志库 "+strings.Join(names, " 或 ")+"。",
		"Switch the product's log service on in the account and region, then run discover.", "请在该账号和地域开启产品的日志服务，然后运行 discover。")
}

func (r *run) store(ctx context.Context, reader Reader, source string, s soc.LogStore) bool {
	err := reader.Project(ctx, s.Project)
	what := s.Project
	if err == nil {
		err = reader.Logstore(ctx, s.Project, s.Logstore)
		what += "/" + s.Logstore
	}
	switch soc.KindOf(err) {
	case "":
		return true
	case soc.NotFound:
		return r.fail(source, sourceCheck, what+" does not exist any more.", what+" 已不存在。",
			"Switch the product's log service on again, or switch the policy off.", "请重新开启产品的日志服务，或停用该策略。")
	case soc.Denied:
		return r.refused(source, err)
	default:
		return r.broken(source, sourceCheck, err)
	}
}

func (r *run) refused(source string, err error) bool {
	return r.fail(source, readCheck, err.Error(), err.Error(),
		"Run the flow onboard-accounts with the account: that repairs its roles. Look at control policies of the directory.",
		"请对该账号运行流程 onboard-accounts 以修复角色，并检查资源目录的管控策略。")
}
