package web

import (
	"strings"
	"testing"
)

// TestAnalysisShowsColumnsInOrder asks with SQL: the rows are a table in the order of the SELECT, and hostile columns are
// text.
func TestAnalysisShowsColumnsInOrder(t *testing.T) {
	t.Parallel()
	h, _, cloud := newConsole(t, Options{})
	columns := []string{"zebra", "apple", hostile("column")}
	cloud.find = func(LogQuery) (LogResult, error) {
		return LogResult{Count: 1, Columns: columns, Complete: true, Logs: []map[string]string{{"zebra": "first", "apple": "second", columns[2]: hostile("value")}}}, nil
	}
	_, page := ask(t, h, "/search?query=x", "")
	text := inspect(t, "/search", page)
	zebra, apple := strings.Index(text, "zebra"), strings.Index(text, "apple")
	if zebra < 0 || apple < zebra || strings.Index(text, "first") > strings.Index(text, "second") {
		t.Errorf("columns at %d and %d of\n%s", zebra, apple, text)
	}
	if i := strings.IndexFunc(text, strange); i >= 0 {
		t.Errorf("shows %q", text[i:min(len(text), i+20)])
	}
}
