package doctor

import (
	"context"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

func identity(ctx context.Context, e *examination) {
	who, err := e.sts.CallerIdentity(ctx)
	switch kind := soc.KindOf(err); {
	case kind == soc.Unavailable || kind == soc.Timeout || kind == soc.Throttled: // the keys were not judged
		e.unseen("", err, text{"Ask again when the cloud can be reached.", "请在可以访问云服务后重试。"})
		return
	case err != nil: // refused keys are the break itself, not something that cannot be seen
		e.fail("", same(err.Error()), text{"Set valid keys of the administrator account.", "请设置委派管理员账号的有效密钥。"})
		return
	}
	e.seen.account = who.AccountID
	e.in(who.AccountID)
	e.pass(text{"Account " + who.AccountID + ", " + who.ARN + ".", "账号 " + who.AccountID + "，" + who.ARN + "。"})
}

func inDirectory(ctx context.Context, e *examination) {
	d, err := e.directory.Get(ctx)
	switch {
	case soc.KindOf(err) == soc.NotFound:
		e.fail("", text{"The account is in no resource directory.", "该账号不在任何资源目录中。"},
			text{"Invite the account into the directory of the management account.", "请由管理账号邀请该账号加入资源目录。"})
	case err != nil:
		e.unseen("", err, text{})
	case d.ManagementAccount == e.seen.account:
		e.fail("", text{"The keys are of the management account " + d.ManagementAccount + ".", "当前密钥属于管理账号 " + d.ManagementAccount + "。"},
			text{"Give keys of the delegated administrator account.", "请改用委派管理员账号的密钥。"})
	default:
		e.seen.management = d.ManagementAccount
		e.pass(text{"Directory " + d.ID + " of management account " + d.ManagementAccount + ".", "资源目录 " + d.ID + "，管理账号 " + d.ManagementAccount + "。"})
	}
}

// trustedAccess can be read by an account that administers any trusted service.
func trustedAccess(ctx context.Context, e *examination) {
	list, err := e.directory.ListTrustedServiceStatus(ctx)
	if soc.KindOf(err) == soc.Denied || soc.KindOf(err) == soc.NotFound {
		e.skip(text{"Only a delegated administrator may see it; the next links tell whether the account is one.", "只有委派管理员可以查看，后续检查会判断该账号是否为委派管理员。"})
		return
	}
	if err != nil {
		e.unseen("", err, text{})
		return
	}
	var off []string
	for _, p := range org.Principals() {
		if !slices.ContainsFunc(list, func(s directory.TrustedService) bool { return s.Service == p }) {
			off = append(off, p)
		}
	}
	if len(off) > 0 {
		e.fail(strings.Join(off, " "), text{"Off for " + strings.Join(off, ", ") + ".", strings.Join(off, "、") + " 未开启。"},
			text{"Run the flow setup-delegation in the management account.", "请在管理账号中运行流程 setup-delegation。"})
		return
	}
	e.pass(text{"On for both.", "均已开启。"})
}

var (
	designate   = text{"Run the flow setup-delegation in the management account: it completes half a delegation.", "请在管理账号中运行流程 setup-delegation，它会补全缺失的委派。"}
	notDelegate = text{"Security Center answers that this account does not administer it.", "云安全中心表示该账号不是其委派管理员。"}
)

// delegatedSecurity asks Security Center itself, which answers its administrators only.
func delegatedSecurity(ctx context.Context, e *examination) {
	list, err := e.directory.SecurityAccounts(ctx)
	if soc.KindOf(err) == soc.Denied {
		e.fail("sas.aliyuncs.com", notDelegate, designate)
		return
	}
	if err != nil {
		e.unseen("sas.aliyuncs.com", err, text{})
		return
	}
	for _, a := range list {
		if a.ID == e.seen.account {
			e.seen.analysis = a.AdministersAnalysis
			if !a.AdministersSecurity {
				e.fail("sas.aliyuncs.com", notDelegate, designate)
				return
			}
		}
	}
	e.pass(text{"It is.", "是。"})
}

func delegatedAnalysis(_ context.Context, e *examination) {
	const principal = "cloudsiem.sas.aliyuncs.com"
	switch {
	case e.failed("delegation_security"):
		e.skip(text{"Only an administrator of Security Center may see it.", "只有云安全中心委派管理员可以查看。"})
	case e.seen.analysis:
		e.pass(text{"It is.", "是。"})
	default:
		e.fail(principal, text{"The account administers Security Center and not threat analysis.", "该账号是云安全中心委派管理员，但不是威胁分析委派管理员。"}, designate)
	}
}
