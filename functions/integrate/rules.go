package main

import (
	"fmt"
	"io/fs"
	"path"

	"go.yaml.in/yaml/v3"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// rulesByService reads which rules look at which service, so that a plan can say which of them go blind. It reads titles
// and log sources only; whether a rule is right is for package sigma to tell.
func rulesByService(files fs.FS) (map[string][]string, error) {
	out := map[string][]string{}
	err := fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Base(name) != "rule.yaml" {
			return err
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		var rule struct {
			Title     string `yaml:"title"`
			LogSource struct {
				Service string `yaml:"service"`
			} `yaml:"logsource"`
		}
		if err := yaml.Unmarshal(body, &rule); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if s := rule.LogSource.Service; s != "" {
			out[s] = append(out[s], rule.Title)
		}
		return nil
	})
	if err != nil {
		return nil, &soc.Error{Kind: soc.Internal, Op: "read rules", Err: err}
	}
	return out, nil
}
