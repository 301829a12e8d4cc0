package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type membersPasses struct {
	cloudFlags
	Account string `help:"Only passes of this account."`
	JSON    bool   `name:"json" help:"Print the passes as JSON."`
}

// Run lists.
func (m *membersPasses) Run(ctx context.Context) error {
	c, err := m.connect(ctx)
	if err != nil {
		return err
	}
	var out struct{ Passes []soc.Pass }
	if err := c.onboard(ctx, map[string]any{"operation": "passes", "account": m.Account}, &out); err != nil {
		return err
	}
	if m.JSON {
		return writeJSON(os.Stdout, out.Passes)
	}
	for _, p := range out.Passes {
		fmt.Println(printable(passLine(p, time.Now())))
	}
	fmt.Printf("%d passes\n", len(out.Passes))
	return nil
}

func passLine(p soc.Pass, now time.Time) string {
	state := "opens the window until " + p.Ends.UTC().Format(time.RFC3339)
	switch {
	case !p.RevokedAt.IsZero():
		state = "revoked at " + p.RevokedAt.UTC().Format(time.RFC3339) + " by " + p.RevokedBy
	case !p.Opens(now):
		state = "ended at " + p.Ends.UTC().Format(time.RFC3339)
	}
	line := p.ID + " " + p.Account + " " + state + "; made at " + p.GivenAt.UTC().Format(time.RFC3339) + " by " + p.GivenBy
	if p.For != "" {
		line += " for " + p.For
	}
	return line
}

type membersRevoke struct {
	cloudFlags
	Account string `arg:"" help:"Uid of the member."`
	Pass    string `arg:"" help:"Id of the pass, as members passes lists it."`
}

// Run revokes. A pass that was revoked before stays so.
func (m *membersRevoke) Run(ctx context.Context) error {
	c, err := m.connect(ctx)
	if err != nil {
		return err
	}
	var out struct{ Passes []soc.Pass }
	if err := c.onboard(ctx, map[string]any{"operation": "revoke-pass", "account": m.Account, "pass": m.Pass, "by": c.who.ARN}, &out); err != nil {
		return err
	}
	for _, p := range out.Passes {
		if p.ID == m.Pass {
			fmt.Println(printable(passLine(p, time.Now())))
		}
	}
	return nil
}
