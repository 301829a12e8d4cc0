package response

import (
	"fmt"
	"strconv"
	"strings"
)

// describe says what a task would do, in English and Chinese. Its arguments were checked.
func describe(action, target, account string) (string, string) {
	switch action {
	case WAFBlockIP:
		return fmt.Sprintf("Block %s in WAF of account %s", target, account),
			fmt.Sprintf("在账号 %s 的 WAF 中封禁 %s", account, target)
	case CloudFirewallBlock:
		return fmt.Sprintf("Block %s, both ways, in Cloud Firewall of account %s", target, account),
			fmt.Sprintf("在账号 %s 的云防火墙中双向封禁 %s", account, target)
	default:
		return fmt.Sprintf("Disable AccessKey %s of account %s", target, account),
			fmt.Sprintf("禁用账号 %s 的 AccessKey %s", account, target)
	}
}

// preview is the text that is shown before anybody approves: every task, and what is left alone and why.
func preview(p Playbook, plan Plan) (string, string) {
	var en, zh strings.Builder
	fmt.Fprintf(&en, "%s: %d tasks", p.Title, len(plan.Tasks))
	fmt.Fprintf(&zh, "%s：%d 个任务", p.TitleZH, len(plan.Tasks))
	for _, t := range plan.Tasks {
		en.WriteString("\n- " + t.Summary)
		zh.WriteString("\n- " + t.SummaryZH)
	}
	for _, s := range plan.Skipped {
		en.WriteString("\n- not: " + quoteTarget(s.Target) + " " + s.Reason)
		zh.WriteString("\n- 跳过：" + quoteTarget(s.Target) + "（" + s.Reason + "）")
	}
	return en.String(), zh.String()
}

// quoteTarget makes a target that was refused, and so may be any text, safe and short to show.
func quoteTarget(s string) string {
	const most = 64
	if len(s) > most {
		s = s[:most]
	}
	if q := strconv.QuoteToASCII(s); q[1:len(q)-1] != s {
		return q
	}
	return s
}
