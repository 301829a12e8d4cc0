package org

import "testing"

func TestSameName(t *testing.T) {
	t.Parallel()
	const ours = "Fenghuo Example Co., Ltd."
	for _, tt := range []struct {
		a, b          string
		same, certain bool
	}{
		{ours, ours, true, true},
		{ours, "FENGHUO EXAMPLE CO.,LTD", true, false},
		{ours, "Fenghuo Example Company Limited", true, false},
		{ours, "Fenghuo Example", true, false},
		{ours, "Fenghuo Example Co., Ltd. (91330000X)", true, false},
		{"烽火示例有限公司", "烽火示例有限责任公司", true, false},
		{"烽火（示例）有限公司", "烽火(示例)有限公司", true, false},
		{ours, "烽火示例有限公司", true, false}, // one of the two is a translation, or it is another enterprise
		{ours, "", true, false},
		{ours, "Co., Ltd.", false, true},
		{ours, "Other Co., Ltd.", false, true},
		{"烽火示例有限公司", "其他示例有限公司", false, true},
		{"Ltd", "Ltd.", true, false},
	} {
		for _, p := range [][2]string{{tt.a, tt.b}, {tt.b, tt.a}} {
			if same, certain := sameName(p[0], p[1]); same != tt.same || certain != tt.certain {
				t.Errorf("%q and %q: same %v, certain %v", p[0], p[1], same, certain)
			}
		}
	}
}

// FuzzSameName: the order of the names does not matter, and only equal text is certain to be the same.
func FuzzSameName(f *testing.F) {
	f.Add("Fenghuo Example Co., Ltd.", "FENGHUO（EXAMPLE）")
	f.Add("烽火有限公司", "Ｌｔｄ")
	f.Fuzz(func(t *testing.T, a, b string) {
		same, certain := sameName(a, b)
		if s, c := sameName(b, a); s != same || c != certain {
			t.Errorf("%q and %q: %v %v, the other way round %v %v", a, b, same, certain, s, c)
		}
		if same && certain != (a == b) {
			t.Errorf("%q and %q are the same, certain %v", a, b, certain)
		}
	})
}
