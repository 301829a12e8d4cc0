package sls

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParents(t *testing.T) {
	t.Parallel()
	list := []Shard{
		{ID: 0, Status: "readonly", BeginKey: "00", EndKey: "80"},
		{ID: 1, Status: "readonly", BeginKey: "80", EndKey: "ff"},
		{ID: 2, Status: "readonly", BeginKey: "00", EndKey: "40"}, // 0 was split
		{ID: 3, Status: "readwrite", BeginKey: "40", EndKey: "80"},
		{ID: 4, Status: "readwrite", BeginKey: "80", EndKey: "ff"}, // 1 went on
		{ID: 5, Status: "readwrite", BeginKey: "00", EndKey: "40"}, // 2 went on
	}
	want := map[int][]int{0: nil, 1: nil, 2: {0}, 3: {0}, 4: {1}, 5: {2}}
	for _, s := range list {
		if d := cmp.Diff(want[s.ID], Parents(list, s)); d != "" {
			t.Errorf("shard %d: %s", s.ID, d)
		}
	}
	merged := []Shard{{ID: 0, Status: "readonly", BeginKey: "00", EndKey: "80"}, {ID: 1, Status: "readonly", BeginKey: "80", EndKey: "ff"}, {ID: 2, Status: "readwrite", BeginKey: "00", EndKey: "ff"}}
	if d := cmp.Diff([]int{0, 1}, Parents(merged, merged[2])); d != "" {
		t.Errorf("merged: %s", d)
	}
}
