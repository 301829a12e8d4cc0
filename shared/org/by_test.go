package org_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fenghuo-soc/fenghuo/shared/org"
)

func TestActor(t *testing.T) {
	t.Parallel()
	for by, want := range map[string]string{
		"":                       "onboard",
		" \n ":                   "onboard",
		"acs:ram::11:user/alice": "acs:ram::11:user/alice, as stated to onboard",
		" 李四 ":                   "李四, as stated to onboard",
		"a\x1b[2J\nb":            "a [2J b, as stated to onboard",
		"a\u202eb\xff":           "a b, as stated to onboard",
	} {
		if got := org.Actor("onboard", by); got != want {
			t.Errorf("%q: %q, want %q", by, got, want)
		}
	}
	if got := org.Stated(strings.Repeat("李", 500)); len(got) > 200 || !utf8.ValidString(got) {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}
