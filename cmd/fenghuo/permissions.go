package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/fenghuo-soc/fenghuo/cmd/fenghuo/demo"
	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/emulator/iam"
	"github.com/fenghuo-soc/fenghuo/emulator/prover"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type permissionsCommand struct {
	Seed    uint64 `default:"1" help:"The same seed makes the same logs."`
	Records int    `default:"4000" help:"Ordinary log records around the attacks."`
	JSON    bool   `name:"json" help:"Print the comparison as JSON on standard output."`
}

// Run tells the story, compares what each role is granted with what it used, and ends with 1 when they differ.
func (c *permissionsCommand) Run(ctx context.Context) error {
	s := newScreen(os.Stderr, "en", false)
	root, dir, err := build(ctx, s)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var report prover.Report
	granted := map[iam.Grant]bool{}
	_, err = demo.Run(ctx, demo.Options{
		Root: root, Binaries: dir, Seed: c.Seed, Records: c.Records, Tell: s.line, LogStorage: true, Tour: true,
		Approve: func(context.Context, soc.Run) (bool, error) { return true, nil },
		At: func(_ context.Context, stage demo.Stage, server *emulator.Server) error {
			for _, a := range server.World().Accounts { // at each stage: roles come and go
				for _, g := range server.IAM().Grants(a.UID) {
					granted[g] = true
				}
			}
			if stage == demo.StageTour {
				report = prove(server, slices.Collect(maps.Keys(granted)))
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	return c.tell(os.Stdout, report)
}

// tell prints the comparison and fails with exit code 1 when roles and use differ.
func (c *permissionsCommand) tell(out io.Writer, report prover.Report) error {
	if c.JSON {
		b, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return fmt.Errorf("encode the comparison: %w", err)
		}
		fmt.Fprintln(out, string(b))
	} else {
		printPermissions(out, report)
	}
	if !report.OK() {
		return exitCode(exitFailed)
	}
	return nil
}

// prove compares what the roles of template.yaml were granted at any time with what they used. Members share one label
// for a role.
func prove(s *emulator.Server, granted []iam.Grant) prover.Report {
	kinds := map[string]string{}
	for _, a := range s.World().Accounts {
		kinds[a.UID] = a.Kind
	}
	label := func(account, role string) (string, bool) {
		kind, ok := kinds[account]
		return kind + "/" + role, ok && strings.HasPrefix(role, "fenghuo-")
	}
	return prover.Prove(granted, s.Calls().Uses(), label, excused)
}

// printPermissions prints two lists, each role once, in columns.
func printPermissions(out io.Writer, r prover.Report) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	section := func(title string) { fmt.Fprintf(w, "\n%s\n", title) }
	fmt.Fprintln(w, "ROLE\tUSED\tNOT NEEDED\tNOT GRANTED")
	for _, role := range r.Roles {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", role.Label, len(role.Used), len(role.Unused), len(role.Missing))
	}
	section("granted and never used")
	for _, role := range r.Roles {
		for _, g := range role.Unused {
			why := "NOT EXCUSED: take it out of template.yaml, or write down why it is needed"
			switch {
			case g.Reason != "":
				why = "excused: " + g.Reason
			case strings.ContainsAny(g.Action, "*?"):
				why = "NOT EXCUSED: it allows more than was asked for; name the actions in template.yaml"
			}
			what := g.Action
			if g.Resource != "" {
				what += " on " + g.Resource
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\n", role.Label, what, why)
		}
	}
	section("used and not granted")
	if !slices.ContainsFunc(r.Roles, func(role prover.Role) bool { return len(role.Missing) > 0 }) {
		fmt.Fprintln(w, "  nothing")
	}
	for _, role := range r.Roles {
		for _, m := range role.Missing {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%d times\n", role.Label, m.Action, m.Resource, m.Times)
		}
	}
	if len(r.Stale) > 0 {
		section("exceptions for what is not granted any more")
		for _, x := range r.Stale {
			fmt.Fprintf(w, "  %s\t%s\t%s\n", x.Role, x.Action, x.Resource)
		}
	}
	verdict := "\nevery grant is used or excused, and nothing else was asked for"
	if !r.OK() {
		verdict = "\nthe roles differ from what is used"
	}
	fmt.Fprintln(w, verdict)
}
