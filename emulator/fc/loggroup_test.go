package fc

import (
	"encoding/hex"
	"testing"
	"time"
)

// The bytes are those of sls.md §1.7, body B, without its tag; fields of a message may come in any order.
func TestLogGroup(t *testing.T) {
	t.Parallel()
	var g logGroup
	g.begin("waf", "10.0.0.1")
	g.log(time.Unix(1672628645, 123456789), "status", "200", "uri", "/a?b=c d")
	want := "1a03776166" + "220831302e302e302e31" +
		"0a2b08a593c99d06120d0a067374617475731203323030120f0a0375726912082f613f623d6320642515cd5b07"
	if got := hex.EncodeToString(g.buf); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
