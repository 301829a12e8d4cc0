package analytics

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDialectIsWritten compares the functions with the lists in docs/log-queries.md.
func TestDialectIsWritten(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/log-queries.md")
	if err != nil {
		t.Fatal(err)
	}
	_, lists, _ := strings.Cut(string(text), "**Aggregations.**")
	lists, _, ok := strings.Cut(lists, "**Refused**")
	if !ok {
		t.Fatal("the lists of functions are gone")
	}
	var listed []string
	for _, m := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(lists, -1) {
		listed = append(listed, m[1])
	}
	slices.Sort(listed)
	known := slices.Collect(maps.Keys(functions))
	known = slices.DeleteFunc(known, func(s string) bool { return s == "subscript" }) // array[n]
	known = append(known, slices.Collect(maps.Keys(aggregates))...)
	known = append(known, slices.Collect(maps.Keys(windowFunctions))...)
	known = append(known, "coalesce", "greatest", "if", "least", "nullif", "try", "typeof", "current_date", "current_timestamp", "localtimestamp", "now")
	slices.Sort(known)
	if diff := cmp.Diff(known, listed); diff != "" {
		t.Errorf("-functions +docs/log-queries.md:\n%s", diff)
	}
}
