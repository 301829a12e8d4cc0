package org

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Verdict is the result of a check.
type Verdict string

// The results of a check. Unknown means that the API does not show it, or not clearly enough to decide: a warning.
const (
	Pass    Verdict = "pass"
	Fail    Verdict = "fail"
	Unknown Verdict = "unknown"
)

// Finding is a check with what was seen and, when it failed, what to do.
type Finding struct {
	ID         string  `json:"id"`
	Title      string  `json:"title"`
	TitleZH    string  `json:"title_zh"`
	Result     Verdict `json:"result"`
	Evidence   string  `json:"evidence"`
	EvidenceZH string  `json:"evidence_zh"`
	Fix        string  `json:"fix"`
	FixZH      string  `json:"fix_zh"`
}

// DirectoryInfo is a resource directory as one of its accounts sees it.
type DirectoryInfo struct {
	ID                string
	ManagementAccount string
	Enterprise        string // verified enterprise, "" where the API does not show it
}

// MemberInfo is a member of the directory.
type MemberInfo struct {
	UID        string
	Name       string
	Status     string
	Closing    bool   // the account is being closed
	Enterprise string // verified enterprise, "" where the API does not show it
}

// Directory is what the checks read, as the management account. What does not exist is an error of kind NotFound.
type Directory interface {
	// ResourceDirectory is NotFound when the account is in no directory.
	ResourceDirectory(ctx context.Context) (DirectoryInfo, error)
	// Member is NotFound when the account is not a member.
	Member(ctx context.Context, uid string) (MemberInfo, error)
	Delegations
}

// Delegations is who is delegated administrator of which trusted service.
type Delegations interface {
	// TrustedServices lists the service principals with trusted access.
	TrustedServices(ctx context.Context) ([]string, error)
	// Administrators lists the accounts that are delegated for a service principal.
	Administrators(ctx context.Context, principal string) ([]string, error)
	// ServicesOf lists the service principals that an account is delegated for; none when it is no delegated administrator.
	ServicesOf(ctx context.Context, uid string) ([]string, error)
}

// Principals returns the two service principals that are delegated together.
//
// Assumption: Security Center is "sas.aliyuncs.com" and threat analysis "cloudsiem.sas.aliyuncs.com" as trusted
// services, spelled as in the names of their service-linked roles (accounts.md §2.5 does not confirm it).
func Principals() []string { return []string{"sas.aliyuncs.com", "cloudsiem.sas.aliyuncs.com"} }

// maxAdministrators is how many delegated administrators Security Center allows (soc.md A5).
const maxAdministrators = 10

// Check reads every prerequisite of naming candidate the delegated administrator, as account self. It changes
// nothing and goes on after a failed check as far as the next one makes sense. An error means that the directory could
// not be read.
func Check(ctx context.Context, d Directory, self, candidate string) ([]Finding, error) {
	dir, err := d.ResourceDirectory(ctx)
	switch soc.KindOf(err) {
	case "":
	case soc.NotFound:
		return []Finding{failed("directory", "Resource directory is enabled", "资源目录已开通",
			"Account "+self+" is in no resource directory.", "账号 "+self+" 不在任何资源目录中。",
			"Enable the resource directory with an enterprise-verified account and run this flow there.", "使用完成企业实名认证的账号开通资源目录，并在该账号中运行本流程。")}, nil
	default:
		return nil, err
	}
	out := []Finding{
		passed("directory", "Resource directory is enabled", "资源目录已开通", "Directory "+dir.ID+".", "资源目录 "+dir.ID+"。"),
		checkManagement(dir, self),
		checkEnterprise(dir),
	}
	form := checkCandidate(dir, candidate)
	out = append(out, form)
	if out[1].Result == Fail || form.Result == Fail {
		return out, nil
	}
	m, err := d.Member(ctx, candidate)
	switch soc.KindOf(err) {
	case "":
	case soc.NotFound:
		return append(out, failed("member", "The candidate is a member of the directory", "候选账号是资源目录成员",
			"Account "+candidate+" is not a member of directory "+dir.ID+".", "账号 "+candidate+" 不是资源目录 "+dir.ID+" 的成员。",
			"Invite the account into the directory, or name a member.", "邀请该账号加入资源目录，或改为指定一个成员账号。")), nil
	default:
		return nil, err
	}
	out = append(out, checkMember(m), checkSameEnterprise(dir, m))
	return checkDelegations(ctx, d, candidate, out)
}

func passed(id, title, titleZH, evidence, evidenceZH string) Finding {
	return Finding{ID: id, Title: title, TitleZH: titleZH, Result: Pass, Evidence: evidence, EvidenceZH: evidenceZH}
}

func failed(id, title, titleZH, evidence, evidenceZH, fix, fixZH string) Finding {
	return Finding{id, title, titleZH, Fail, evidence, evidenceZH, fix, fixZH}
}

func checkManagement(dir DirectoryInfo, self string) Finding {
	const id, title, zh = "management_account", "This is the management account", "当前账号是管理账号"
	if dir.ManagementAccount == self {
		return passed(id, title, zh, "Account "+self+".", "账号 "+self+"。")
	}
	return failed(id, title, zh, "Account "+self+" is not the management account; "+dir.ManagementAccount+" is.",
		"账号 "+self+" 不是管理账号，管理账号是 "+dir.ManagementAccount+"。",
		"Run this flow in account "+dir.ManagementAccount+".", "在账号 "+dir.ManagementAccount+" 中运行本流程。")
}

func checkEnterprise(dir DirectoryInfo) Finding {
	const id, title, zh = "enterprise", "The management account is enterprise-verified", "管理账号已完成企业实名认证"
	if dir.Enterprise != "" {
		return passed(id, title, zh, verifiedAs(dir.Enterprise), verifiedAsZH(dir.Enterprise))
	}
	return Finding{
		ID: id, Title: title, TitleZH: zh, Result: Unknown,
		Evidence:   "The API does not show it; a directory can be enabled by an enterprise-verified account only.",
		EvidenceZH: "API 未返回该信息；只有完成企业实名认证的账号才能开通资源目录。",
	}
}

func checkCandidate(dir DirectoryInfo, candidate string) Finding {
	const id, title, zh = "candidate", "The candidate can be a delegated administrator", "候选账号可以成为委派管理员"
	switch {
	case !ValidUID(candidate):
		return failed(id, title, zh, "The candidate is not a 16-digit account id.", "候选账号不是 16 位账号 ID。",
			"Give the uid of a member as 16 digits in quotes.", "请以带引号的 16 位数字填写成员账号 UID。")
	case candidate == dir.ManagementAccount:
		return failed(id, title, zh, "Account "+candidate+" is the management account, which cannot be delegated to.",
			"账号 "+candidate+" 是管理账号，不能被委派。", "Name a member instead.", "请改为指定一个成员账号。")
	}
	return passed(id, title, zh, "Account "+candidate+".", "账号 "+candidate+"。")
}

func checkMember(m MemberInfo) Finding {
	const id, title, zh = "member", "The candidate is a member of the directory", "候选账号是资源目录成员"
	if !Settled(m.Status) {
		return failed(id, title, zh, "Account "+m.UID+" has status "+m.Status+".", "账号 "+m.UID+" 的状态为 "+m.Status+"。",
			"Finish the change of the account's type, then run this flow again.", "完成账号类型变更后再次运行本流程。")
	}
	if m.Closing {
		return failed(id, title, zh, "Account "+m.UID+" is being closed.", "账号 "+m.UID+" 正在注销。",
			"Name another member, or stop the deletion of the account.", "请指定其他成员账号，或停止注销该账号。")
	}
	return passed(id, title, zh, "Account "+m.UID+" ("+m.Name+").", "账号 "+m.UID+"（"+m.Name+"）。")
}

// Settled tells whether a member's status (accounts.md §2.2) is one in which nothing about its type is being changed.
func Settled(status string) bool {
	switch status {
	case "CreateSuccess", "InviteSuccess", "PromoteSuccess", "":
		return true
	}
	return false
}

func checkSameEnterprise(dir DirectoryInfo, m MemberInfo) Finding {
	const id, title, zh = "same_enterprise", "Both accounts belong to the same enterprise", "两个账号属于同一企业实体"
	switch {
	case dir.Enterprise == "" || m.Enterprise == "":
		return Finding{
			ID: id, Title: title, TitleZH: zh, Result: Unknown,
			Evidence:   "The API does not show it; an invitation into the directory requires the same legal entity.",
			EvidenceZH: "API 未返回该信息；加入资源目录的账号必须属于同一企业实体。",
		}
	}
	switch same, certain := sameName(dir.Enterprise, m.Enterprise); {
	case same && !certain:
		return Finding{
			ID: id, Title: title, TitleZH: zh, Result: Unknown,
			Evidence:   `The names are written differently: "` + dir.Enterprise + `" and "` + m.Enterprise + `". An invitation into the directory requires the same legal entity.`,
			EvidenceZH: "名称写法不同：“" + dir.Enterprise + "”与“" + m.Enterprise + "”。加入资源目录的账号必须属于同一企业实体。",
			Fix:        "Compare them before you go on.", FixZH: "继续之前请核对。",
		}
	case !same:
		return failed(id, title, zh, `The management account belongs to "`+dir.Enterprise+`", account `+m.UID+` to "`+m.Enterprise+`".`,
			"管理账号属于“"+dir.Enterprise+"”，账号 "+m.UID+" 属于“"+m.Enterprise+"”。",
			"Name a member that is verified for the same enterprise.", "请指定同一企业实名认证的成员账号。")
	}
	return passed(id, title, zh, verifiedAs(dir.Enterprise), verifiedAsZH(dir.Enterprise))
}

// verifiedAs quotes the name, which often ends with a full stop itself.
func verifiedAs(enterprise string) string   { return `Verified as "` + enterprise + `".` }
func verifiedAsZH(enterprise string) string { return "认证主体为“" + enterprise + "”。" }

func checkDelegations(ctx context.Context, d Delegations, candidate string, out []Finding) ([]Finding, error) {
	on, err := d.TrustedServices(ctx)
	if err != nil {
		return nil, err
	}
	evidence, zh := "On for both services.", "两个服务均已开启。"
	if off := without(Principals(), on); len(off) > 0 {
		evidence = "Off for " + strings.Join(off, ", ") + "; designation switches it on."
		zh = strings.Join(off, "、") + " 未开启，委派时会开启。"
	}
	out = append(out, passed("trusted_access", "Trusted access of both services", "两个服务的可信访问", evidence, zh))
	const id, title, titleZH = "administrators", "There is room for one more delegated administrator", "委派管理员数量未达上限"
	var full, fullZH []string
	for _, p := range Principals() {
		have, err := d.Administrators(ctx, p)
		if err != nil {
			return nil, err
		}
		if len(have) >= maxAdministrators && !slices.Contains(have, candidate) {
			full = append(full, fmt.Sprintf("%s has %d of at most %d: %s.", p, len(have), maxAdministrators, strings.Join(have, ", ")))
			fullZH = append(fullZH, fmt.Sprintf("%s 已有 %d 个，上限为 %d 个：%s。", p, len(have), maxAdministrators, strings.Join(have, "、")))
		}
	}
	if len(full) > 0 {
		return append(out, failed(id, title, titleZH, strings.Join(full, " "), strings.Join(fullZH, ""),
			"Remove a delegated administrator that is not needed any more, with the flow remove-delegation.", "请使用流程 remove-delegation 移除不再需要的委派管理员。")), nil
	}
	return append(out, passed(id, title, titleZH, fmt.Sprintf("At most %d are allowed.", maxAdministrators), fmt.Sprintf("上限为 %d 个。", maxAdministrators))), nil
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
