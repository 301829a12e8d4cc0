package products

import "testing"

func FuzzParseRules(f *testing.F) {
	f.Add(`[{"name":"a","remoteAddr":["192.0.2.1"],"action":"block","status":1}]`)
	f.Add(`[{"name":"a","remoteAddr":["fe80::1%eth0"],"action":"block"}]`)
	f.Add(`[]x`)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseRules(text)
		if (err == nil) != (len(list) > 0) {
			t.Fatalf("%d rules and error %v", len(list), err)
		}
		for _, r := range list {
			if r.Name == "" || len(r.RemoteAddr) == 0 {
				t.Fatalf("accepted %+v", r)
			}
		}
	})
}
