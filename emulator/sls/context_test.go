package sls

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

// packGroup serializes logs of one pack; log n has the field note = pack/n and is n seconds after at.
func packGroup(pack string, at time.Time, logs int) []byte {
	var list [][]byte
	for i := range logs {
		list = append(list, logOf(uint32(at.Unix())+uint32(i), 0, kv{"note", fmt.Sprintf("%s/%d", pack, i)}))
	}
	b := groupOf("", "", list...)
	if pack != "" {
		b = protowire.AppendBytes(protowire.AppendTag(b, 6, protowire.BytesType), pairOf(packTag, pack))
	}
	return b
}

// contextWorld has two contexts, mixed over two shards and out of order: AA-9, AA-A, AA-B and BB-1.
func contextWorld(t testing.TB) *world {
	w := newWorld(t, nil)
	w.seed("audit", 2)
	for _, g := range []struct {
		pack string
		at   time.Duration
	}{{"AA-A", 0}, {"BB-1", 0}, {"AA-B", 10 * time.Second}, {"AA-9", -10 * time.Second}, {"", 0}, {"AA-C", 25 * time.Hour}} {
		if err := w.s.Append(accountC, "shop-logs", "audit", packGroup(g.pack, start.Add(g.at), 3), start); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.s.PutIndex(t.Context(), w.keys["c"].Caller, "shop-logs", "audit", []byte(`{"line":{"token":[" "]}}`)); err != nil {
		t.Fatal(err)
	}
	return w
}

// metas are the pack_meta of all logs by their note.
func (w *world) metas(query string) map[string]string {
	w.t.Helper()
	var rows []map[string]string
	w.do(request{method: "GET", project: "shop-logs", target: "/logstores/audit?type=log&from=0&to=4000000000&query=" + url.QueryEscape(query)}).decode(w.t, &rows)
	m := map[string]string{}
	for _, r := range rows {
		if v, ok := r["__pack_meta__"]; ok {
			m[r["note"]] = v
		}
	}
	return m
}

func contextTarget(id, meta string, back, forward int) string {
	return fmt.Sprintf("/logstores/audit?type=context_log&pack_id=%s&pack_meta=%s&back_lines=%d&forward_lines=%d", url.QueryEscape(id), url.QueryEscape(meta), back, forward)
}

func TestContext(t *testing.T) {
	t.Parallel()
	w := contextWorld(t)
	if m := w.metas("*"); len(m) != 0 {
		t.Errorf("without with_pack_meta the logs have %v", m)
	}
	metas := w.metas("* | with_pack_meta")
	if len(metas) != 15 || metas["/0"] != "" { // the group without pack id has none
		t.Fatalf("metas: %v", metas)
	}
	for _, c := range []struct {
		note          string
		back, forward int
		want          string
	}{
		{"AA-A/1", 2, 3, "AA-9/2 AA-A/0 [AA-A/1] AA-A/2 AA-B/0 AA-B/1"},
		{"AA-A/0", 1, 0, "AA-9/2 [AA-A/0]"},
		{"AA-9/0", 5, 1, "[AA-9/0] AA-9/1"},
		{"AA-B/2", 1, 100, "AA-B/1 [AA-B/2]"}, // AA-C is more than a day after it
		{"AA-9/1", 0, 100, "[AA-9/1] AA-9/2 AA-A/0 AA-A/1 AA-A/2 AA-B/0 AA-B/1 AA-B/2"},
		{"BB-1/0", 100, 100, "[BB-1/0] BB-1/1 BB-1/2"},
		{"AA-C/0", 100, 1, "[AA-C/0] AA-C/1"},
	} {
		id, _, _ := strings.Cut(c.note, "/")
		var got struct {
			Progress     string
			TotalLines   int `json:"total_lines"`
			BackLines    int `json:"back_lines"`
			ForwardLines int `json:"forward_lines"`
			Logs         []map[string]string
		}
		w.do(request{method: "GET", project: "shop-logs", target: contextTarget(id, metas[c.note], c.back, c.forward)}).decode(t, &got)
		var notes []string
		for i, row := range got.Logs {
			note := row["note"]
			if row["__index_number__"] != fmt.Sprint(i-got.BackLines) || row["__pack_meta__"] != metas[note] || !strings.HasPrefix(note, row["__tag__:"+packTag]+"/") {
				t.Errorf("%s: row %d is %v", c.note, i, row)
			}
			if i == got.BackLines {
				note = "[" + note + "]"
			}
			notes = append(notes, note)
		}
		if d := cmp.Diff(c.want, strings.Join(notes, " ")); d != "" || got.Progress != "Complete" || got.TotalLines != len(got.Logs) || got.BackLines+got.ForwardLines+1 != got.TotalLines {
			t.Errorf("%s: %s %+v", c.note, d, got)
		}
	}
	if asked := w.policy.last(); asked != "log:GetLogStoreContextLogs acs:log:cn-hangzhou:"+accountC+":project/shop-logs/logstore/audit" {
		t.Errorf("asked %s", asked)
	}
}

func TestContextRefusals(t *testing.T) {
	t.Parallel()
	w := contextWorld(t)
	w.seed("plain", 1)
	meta := w.metas("*|with_pack_meta")["AA-A/1"]
	at, err := parsePlace(meta)
	if err != nil {
		t.Fatal(err)
	}
	beyond := at
	beyond.index = 3
	moved := at
	moved.position++
	r := func(target string) request {
		return request{method: "GET", project: "shop-logs", target: target}
	}
	runSteps(t, w, []step{
		{"no lines", r(contextTarget("AA-A", meta, 0, 0)), 400, "ParameterInvalid", ""},
		{"too many lines", r(contextTarget("AA-A", meta, 101, 1)), 400, "ParameterInvalid", ""},
		{"negative lines", r(contextTarget("AA-A", meta, 1, -1)), 400, "ParameterInvalid", ""},
		{"another pack", r(contextTarget("BB-1", meta, 1, 1)), 400, "ParameterInvalid", ""},
		{"another number", r(contextTarget("AA-B", meta, 1, 1)), 400, "ParameterInvalid", ""},
		{"no pack id", r(contextTarget("AA", meta, 1, 1)), 400, "ParameterInvalid", ""},
		{"beyond the group", r(contextTarget("AA-A", beyond.String(), 1, 1)), 400, "ParameterInvalid", ""},
		{"another place", r(contextTarget("AA-A", moved.String(), 1, 1)), 400, "ParameterInvalid", ""},
		{"no meta", r(contextTarget("AA-A", "x", 1, 1)), 400, "ParameterInvalid", ""},
		{"no index", r(strings.Replace(contextTarget("AA-A", meta, 1, 1), "audit", "plain", 1)), 400, "IndexConfigNotExist", ""},
		{"no Logstore", r(strings.Replace(contextTarget("AA-A", meta, 1, 1), "audit", "absent", 1)), 404, "LogStoreNotExist", ""},
		{"well", r(contextTarget("AA-A", meta, 1, 1)), 200, "", ""},
	})
}

func FuzzPackMeta(f *testing.F) {
	for _, text := range []string{"2|MTY1NTcwNTUzODY5MTY0MDk1Mg==|3|0", "0|MA==|1|0", "|||", "0|MA==|-1|0", "a|b|c|d"} {
		f.Add(text, "85C897C740352DC6-808")
	}
	f.Fuzz(func(t *testing.T, text, id string) {
		packID(id)
		p, err := parsePlace(text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Code != "ParameterInvalid" {
				t.Fatal(err)
			}
			return
		}
		if again, err := parsePlace(p.String()); err != nil || again != p {
			t.Fatalf("%q: %v becomes %v, %v", text, p, again, err)
		}
	})
}
