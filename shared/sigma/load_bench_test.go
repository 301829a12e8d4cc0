package sigma

import (
	"slices"
	"testing"
)

// BenchmarkLoadRules is what ten thousand rules cost from YAML to a set, on all processors that it may use, and the same from
// the compiled form.
func BenchmarkLoadRules(b *testing.B) {
	files := replicated(b, webRules(ruleFiles(b, corpus)), 10_000)
	load := func() *Set {
		docs := make([][]Document, len(files))
		parallel(len(files), func(i int) { docs[i], _ = Parse(files[i].path, files[i].data) })
		set, _ := Compile(slices.Concat(docs...), Options{AnySource: true})
		return set
	}
	b.Run("yaml", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			load()
		}
	})
	b.Run("compiled", func(b *testing.B) {
		data := load().Pack()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Load(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
