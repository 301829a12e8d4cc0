package sigma

import (
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"strings"
	"sync"
)

// Read parses every file below the root of fsys whose name ends in .yml or .yaml, in any case, and that take accepts, on all processors. The
// documents come in the order of their files. A nil take accepts all. The error is that of a folder or file that cannot be
// read, which becomes a problem too when it is a file.
func Read(fsys fs.FS, take func(name string) bool) ([]Document, []Problem, error) {
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
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
		data, err := fs.ReadFile(fsys, names[i])
		if err != nil {
			results[i].problems = []Problem{{File: names[i], Line: 1, Column: 1, Message: "the file cannot be read: " + err.Error()}}
			return
		}
		results[i].docs, results[i].problems = Parse(names[i], data)
	})
	var docs []Document
	var problems []Problem
	for _, r := range results {
		docs, problems = append(docs, r.docs...), append(problems, r.problems...)
	}
	return docs, problems, nil
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
