package sigma

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"strings"
	"sync"
)

// Read parses every file below the root of fsys whose name ends in .yml or .yaml, in any case, and that take accepts, on all processors. The
// documents come in the order of their files. A nil take accepts all. A file or folder below the root that cannot be read becomes a
// problem, and so does a pipe or device; the error is that of the root.
func Read(fsys fs.FS, take func(name string) bool) ([]Document, []Problem, error) {
	var names []string
	var closed []Problem // folders
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			closed = append(closed, Problem{File: name, Line: 1, Column: 1, Message: "the folder cannot be read: " + err.Error()})
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		if ext := strings.ToLower(path.Ext(name)); (ext == ".yml" || ext == ".yaml") && (take == nil || take(name)) {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read rules: %w", err)
	}
	type parsed struct {
		docs     []Document
		problems []Problem
	}
	results := make([]parsed, len(names))
	parallel(len(names), func(i int) {
		data, err := readRegular(fsys, names[i])
		if err != nil {
			results[i].problems = []Problem{{File: names[i], Line: 1, Column: 1, Message: "the file cannot be read: " + err.Error()}}
			return
		}
		results[i].docs, results[i].problems = Parse(names[i], data)
	})
	var docs []Document
	problems := closed
	for _, r := range results {
		docs, problems = append(docs, r.docs...), append(problems, r.problems...)
	}
	return docs, problems, nil
}

// readRegular reads a file. A pipe or a device would never end, so only regular files are read, and links to them.
func readRegular(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFileBytes+1)) // Parse refuses one that is longer
}

// parallel calls do for 0 to n-1 on all processors and returns when all calls have.
func parallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), n)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	wg.Wait()
}
