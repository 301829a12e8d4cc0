// Package doctor walks the chain from the caller's keys to the alerts of members, link by link in the order in which
// they depend on each other, and names the first that is broken. It changes nothing: it reads configurations, pings
// functions, and asks the deployed functions onboard and diagnose for what they alone can see.
//
// Start at [Examine]. It needs keys of the administrator account only; what stands in the management account and in
// members is seen through the functions that reach it.
package doctor

import (
	"context"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/function"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/diagnosis"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Options say what is examined.
type Options struct {
	API         *openapi.Client // keys of the administrator account, in the region of the deployment
	Endpoint    string          // base of all OpenAPIs, "" for the public hosts
	SLSEndpoint string          // of the Log Service, "" for the region's public one
}

// Finding is what was seen of one link, or of one subject of it: a function, an account, a data source.
type Finding struct {
	org.Finding
	Lag     *diagnosis.Lag `json:"lag,omitempty"` // of a data source whose positions were compared
	Account string         `json:"account,omitempty"`
	Subject string         `json:"subject,omitempty"`
}

// Report is the whole chain. Links are in order; Broken is the first that failed.
type Report struct {
	Healthy bool      `json:"healthy"` // nothing failed; what could not be seen is unknown, not broken
	Broken  *Finding  `json:"broken"`
	Links   []Finding `json:"links"`
}

// link is one link of the chain.
type link struct {
	id, title, titleZH string
	examine            func(ctx context.Context, e *examination)
}

// chain returns the links in the order in which they depend on each other.
func chain() []link {
	return []link{
		{"identity", "The keys are valid", "访问密钥有效", identity},
		{"directory", "The account is a member of a resource directory", "账号属于资源目录", inDirectory},
		{"trusted_access", "Trusted access of both services is on", "两个服务的可信访问已开启", trustedAccess},
		{"delegation_security", "Delegated administrator of Security Center", "云安全中心委派管理员", delegatedSecurity},
		{"delegation_analysis", "Delegated administrator of threat analysis", "威胁分析委派管理员", delegatedAnalysis},
		{"project", "The central project is there", "中心日志项目存在", centralProject},
		{"logstores", "The central Logstores are there", "中心日志库存在", centralLogstores},
		{"indexes", "The central Logstores can be searched", "中心日志库已建索引", centralIndexes},
		{"functions", "The functions are deployed", "函数已部署", functionsDeployed},
		{"configuration", "The functions agree on their configuration", "各函数配置一致", configuration},
		{"roles", "The roles of functions, triggers and flows are as in template.yaml", "函数、触发器和流程的角色与 template.yaml 一致", administratorRoles},
		{"store", "The store can be opened", "状态存储可以打开", storeOpens},
		{"start", "The functions start", "函数可以启动", functionsStart},
		{"triggers", "The triggers are there and on", "触发器存在且已启用", triggers},
		{"flows", "The flows are deployed", "流程已部署", flows},
		{"scope", "Accounts are in scope", "已有账号纳入管理范围", scope},
		{"broker", "The management account answers", "管理账号可以应答", broker},
		{"member_roles", "The roles in the member are as they should be", "成员账号中的角色符合要求", memberRoles},
		{"sources", "The member's logs are read", "成员日志正在被读取", sources},
		{"audit", "The audit trail is whole", "审计记录完整", auditTrail},
		{"runs", "The last runs of the functions ended well", "函数最近的运行均正常结束", lastRuns},
	}
}

// examination is a chain being walked.
type examination struct {
	cloud
	now  link
	out  []Finding
	seen facts
}

// facts are what earlier links saw and later ones use.
type facts struct {
	account    string // of the caller
	management string
	analysis   bool        // the account administers threat analysis
	verified   *verified   // answer of onboard
	diagnosed  []diagnosed // answer of diagnose
	asked      bool        // diagnose answered
	functions  map[string]function.Description
	pongs      map[string]fcAnswer // by function
}

// Examine walks the chain. Its error is not nil only when the context ended; what cannot be seen is a finding.
func Examine(ctx context.Context, o Options) (Report, error) {
	c, err := connect(o)
	if err != nil {
		return Report{}, err
	}
	e := &examination{cloud: c}
	for _, l := range chain() {
		e.now = l
		if e.seen.account == "" && len(e.out) > 0 { // nothing behind can be asked
			e.skip(text{"Not examined: whose the keys are is not known.", "未检查：无法确认访问密钥属于哪个账号。"})
			continue
		}
		l.examine(ctx, e)
		if ctx.Err() != nil {
			return Report{}, &soc.Error{Kind: soc.Timeout, Op: "examine " + l.id, Err: context.Cause(ctx)}
		}
	}
	return report(e.out), nil
}

func report(links []Finding) Report {
	r := Report{Healthy: true, Links: links}
	for i := range links {
		if links[i].Result == org.Fail {
			r.Healthy, r.Broken = false, &links[i]
			break
		}
	}
	return r
}

// text is a sentence in both languages.
type text struct{ en, zh string }

func same(s string) text { return text{s, s} }

func (e *examination) add(v org.Verdict, account, subject string, evidence, fix text) {
	e.out = append(e.out, Finding{
		Finding: org.Finding{
			ID: e.now.id, Title: e.now.title, TitleZH: e.now.titleZH, Result: v,
			Evidence: evidence.en, EvidenceZH: evidence.zh, Fix: fix.en, FixZH: fix.zh,
		}, Account: account, Subject: subject,
	})
}

func (e *examination) pass(evidence text) { e.add(org.Pass, "", "", evidence, text{}) }

func (e *examination) fail(subject string, evidence, fix text) {
	e.add(org.Fail, "", subject, evidence, fix)
}

// unseen notes that something could not be looked at. It is a break itself unless an earlier one explains it, or the
// caller's own keys may not look.
func (e *examination) unseen(subject string, err error, fix text) {
	v := org.Unknown
	if soc.KindOf(err) != soc.Denied && report(e.out).Healthy {
		v = org.Fail
	}
	if next := soc.NextOf(err); next != "" {
		fix = same(next)
	}
	e.add(v, "", subject, same(err.Error()), fix)
}

// skip notes that a link was not examined because another one is broken.
func (e *examination) skip(why text) { e.add(org.Unknown, "", "", why, text{}) }

// failed tells whether a link of this name failed.
func (e *examination) failed(id string) bool {
	for _, f := range e.out {
		if f.ID == id && f.Result == org.Fail {
			return true
		}
	}
	return false
}
