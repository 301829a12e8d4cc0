package directory_test

import (
	"slices"
	"testing"
)

// TestStackTargets: stack groups reach the members that are named, or below a folder at any depth, and only the management
// account and the administrator of Resource Orchestration Service may ask.
func TestStackTargets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	for _, uid := range []string{uidB, uidC} {
		if err := w.AddMember(uidA, uid, "member "+uid, "invited"); err != nil {
			t.Fatal(err)
		}
	}
	top, err := w.AddFolder(uidA, "", "top")
	if err != nil {
		t.Fatal(err)
	}
	below, err := w.AddFolder(uidA, top, "below")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Tag(uidA, uidB, "env", "prod"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(uidA, "1100000000000099", "Deleting"); err == nil {
		t.Error("an account that is no member can be closed")
	}
	for name, tt := range map[string]struct {
		caller            string
		folders, accounts []string
		want              []string
		fails             bool
	}{
		"named":           {uidA, nil, []string{uidC}, []string{uidC}, false},
		"empty folder":    {uidA, []string{top, below}, nil, nil, false},
		"unknown folder":  {uidA, []string{"fd-none"}, nil, nil, true},
		"not a member":    {uidA, nil, []string{"1100000000000099"}, nil, true},
		"itself":          {uidA, nil, []string{uidA}, nil, true},
		"a plain member":  {uidB, nil, []string{uidC}, nil, true},
		"somebody else":   {"1100000000000099", nil, []string{uidC}, nil, true},
		"nobody is named": {uidA, nil, nil, nil, false},
	} {
		got, err := w.StackTargets(tt.caller, tt.folders, tt.accounts)
		if (err != nil) != tt.fails || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v; want %v, failure %v", name, got, err, tt.want, tt.fails)
		}
	}
}
