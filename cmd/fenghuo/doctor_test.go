package main

import (
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/cmd/fenghuo/doctor"
	"github.com/fenghuo-soc/fenghuo/shared/org"
)

func TestChainIsAligned(t *testing.T) {
	t.Parallel()
	broken := doctor.Finding{Account: "1100000000000003", Subject: "fenghuo-collector", Finding: org.Finding{
		ID: "member_roles", Title: "The roles", TitleZH: "成员账号中的角色", Result: org.Fail, Evidence: "changed\x1b[31m", EvidenceZH: "被更改\x1b[31m", Fix: "repair", FixZH: "修复",
	}}
	r := doctor.Report{Broken: &broken, Links: []doctor.Finding{
		{Finding: org.Finding{ID: "identity", Title: "The keys are valid", TitleZH: "访问密钥有效", Result: org.Pass, Evidence: "changed not", EvidenceZH: "被保持"}},
		broken,
		{Finding: org.Finding{ID: "runs", Title: "Runs", TitleZH: "运行", Result: org.Unknown, Evidence: "changed?", EvidenceZH: "被？"}},
	}}
	for lang, word := range map[string]string{"en": "changed", "zh": "被"} {
		var out strings.Builder
		(&screen{out: &out, lang: lang}).chain(r)
		at, rows := -1, 0
		table, summary, _ := strings.Cut(out.String(), "\n\n")
		for line := range strings.Lines(table) {
			before, _, found := strings.Cut(line, word)
			if !found {
				continue
			}
			if rows++; at >= 0 && width(before) != at {
				t.Errorf("%s: a row begins its evidence in column %d, another in %d:\n%s", lang, width(before), at, table)
			}
			at = width(before)
		}
		if rows != 3 || strings.Contains(out.String(), "\x1b") {
			t.Errorf("%s: %d rows\n%q", lang, rows, out.String())
		}
		if !strings.Contains(summary, "member_roles 1100000000000003 fenghuo-collector") || !strings.Contains(summary, map[string]string{"en": "→ repair", "zh": "→ 修复"}[lang]) {
			t.Errorf("%s: the summary is %q", lang, summary)
		}
	}
}
