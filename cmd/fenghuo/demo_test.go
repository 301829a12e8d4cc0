package main

import (
	"os"
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// TestWithoutTerminalTheDemoSaysThatItApproves needs no terminal: standard input is a file here.
func TestWithoutTerminalTheDemoSaysThatItApproves(t *testing.T) {
	t.Parallel()
	stdin, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	for _, tt := range []struct {
		command demoCommand
		lang    string
		want    string
	}{
		{demoCommand{}, "en", "nobody can be asked: approved automatically"},
		{demoCommand{}, "zh", "已自动批准"},
		{demoCommand{Yes: true}, "en", ""},
		{demoCommand{Check: true}, "en", ""},
	} {
		var out strings.Builder
		ok, err := tt.command.approver(&screen{out: &out, lang: tt.lang}, stdin)(t.Context(), soc.Run{})
		if !ok || err != nil || !strings.Contains(out.String(), tt.want) || (tt.want == "") != (out.String() == "") {
			t.Errorf("%+v: %v, %v, %q", tt.command, ok, err, out.String())
		}
	}
}
