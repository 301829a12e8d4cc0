package sigma

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// closedFS has a folder that nobody may open.
type closedFS struct{ fs.FS }

func (f closedFS) Open(name string) (fs.File, error) {
	if name == "closed" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return f.FS.Open(name)
}

func TestReadGoesOnPastWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	rule := func(id string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(strings.ReplaceAll(testHead, "id: ", "id: "+id) + item("a", "x"))}
	}
	files := closedFS{fstest.MapFS{
		"a.yml": rule("a"), "closed/b.yml": rule("b"), "open/c.yml": rule("c"), "pipe.yml": {Mode: fs.ModeNamedPipe},
		"device.yml": {Mode: fs.ModeDevice}, "notes.txt": {Mode: fs.ModeNamedPipe},
	}}
	docs, problems, err := Read(files, nil)
	if err != nil || len(docs) != 2 {
		t.Errorf("%d documents, %v", len(docs), err)
	}
	var got []string
	for _, p := range problems {
		got = append(got, strings.SplitN(p.Error(), ";", 2)[0])
	}
	want := "[closed:1:1: error: the folder cannot be read: open closed: permission denied " +
		"device.yml:1:1: error: the file cannot be read: device.yml is no regular file pipe.yml:1:1: error: the file cannot be read: pipe.yml is no regular file]"
	if fmt.Sprint(got) != want {
		t.Errorf("problems %v", got)
	}
	if _, _, err := Read(fstest.MapFS{}, nil); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if sub, err := fs.Sub(files, "closed"); err != nil {
		t.Fatal(err)
	} else if _, _, err := Read(sub, nil); err == nil {
		t.Error("a root that cannot be read is no error")
	}
}

// TestReadManyRulesOfOneFile has as many documents in one file as people have who keep a collection in it.
func TestReadManyRulesOfOneFile(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	const n = 2000
	for i := range n {
		fmt.Fprintf(&b, "---\ntitle: t\nid: r%d\ndescription: %s\nlogsource: {product: p}\ndetection:\n  s: {a: x%d}\n  condition: s\n", i, strings.Repeat("words ", 100), i)
	}
	docs, problems := Parse("all.yml", []byte(b.String()))
	set, more := Compile(docs, Options{AnySource: true})
	if len(set.Rules()) != n || len(problems)+len(more) > 0 {
		t.Fatalf("%d rules, %v %v", len(set.Rules()), problems, more)
	}
	if got := indexed(set, bytesOf("a", "X1999"), NewScratch()); len(got) != 1 || got[0] != "r1999" {
		t.Errorf("hits %v", got)
	}
	if _, problems := Parse("huge.yml", make([]byte, maxFileBytes+1)); len(problems) != 1 || !strings.Contains(problems[0].Error(), "too large") {
		t.Errorf("problems %v", problems)
	}
}
