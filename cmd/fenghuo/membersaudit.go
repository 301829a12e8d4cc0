package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type membersAudit struct {
	cloudFlags
	Account string `help:"Only entries of this account."`
	Action  string `help:"Only entries of this action, as account.join."`
	By      string `help:"Only entries whose actor holds this text, as the name of a person or of a function."`
	Text    string `help:"Only entries that hold this text."`
	Since   moment `help:"Only entries from this time on: 2026-03-01, 2026-03-01T08:00:00Z, or 36h for that long ago. Dates are UTC."`
	Until   moment `help:"Only entries before this time, written the same way."`
	Limit   int    `help:"At most so many entries, the newest; up to 1,000." default:"1000"`
	Verify  bool   `help:"Verify the chain and print no entries."`
	Hash    string `help:"The last hash of an earlier verification, kept elsewhere: it must still be in the chain." placeholder:"HEX"`
	JSON    bool   `name:"json" help:"Print everything as JSON."`
}

// moment is a time as a flag has it. Its text is kept until the command runs, since an age counts from then.
type moment string

// at reads the time; the zero time for no text.
func (m moment) at(now time.Time) (time.Time, error) {
	s := string(m)
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, &soc.Error{Kind: soc.Invalid, Op: "read time", Err: fmt.Errorf("%q is none", s), Next: "write 2026-03-01, 2026-03-01T08:00:00Z, or 36h for that long ago"}
}

// trail is the answer of onboard to "audit".
type trail struct {
	Status  string       `json:"status"`
	Reason  string       `json:"reason"`
	Next    string       `json:"next"`
	Chain   int          `json:"chain"`
	Last    string       `json:"last"`
	Entries []trailEntry `json:"entries"`
	More    bool         `json:"more"`
}

type trailEntry struct {
	At                                                          time.Time
	Actor, Origin, Action, Account, Detail, Before, After, Hash string
}

// Run searches and verifies; the exit code is 1 when the chain is broken.
func (m *membersAudit) Run(ctx context.Context) error {
	now := time.Now()
	since, err1 := m.Since.at(now)
	until, err2 := m.Until.at(now)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	c, err := m.connect(ctx)
	if err != nil {
		return err
	}
	var out trail
	err = c.onboard(ctx, map[string]any{
		"operation": "audit", "account": m.Account, "action": m.Action, "actor": m.By, "text": m.Text, "since": since, "until": until,
		"limit": m.Limit, "verify": m.Verify, "hash": m.Hash,
	}, &out)
	if err != nil && out.Next == "" { // it is not about the chain
		return err
	}
	if m.JSON {
		err = writeJSON(os.Stdout, out)
	} else {
		err = out.write(os.Stdout, m.Verify)
	}
	if err == nil && out.Status != org.StatusOK {
		err = exitCode(exitFailed)
	}
	return err
}

func (t trail) write(w io.Writer, verifyOnly bool) error {
	for _, e := range t.Entries {
		title := strings.TrimSpace(org.ChangeTitle(e.Action, false) + " " + org.ChangeTitle(e.Action, true))
		line := fmt.Sprintf("%s %s %s (%s) by %s from %s: %s", e.At.UTC().Format(time.RFC3339), cmp.Or(e.Account, "-"), e.Action, title, e.Actor, cmp.Or(e.Origin, "-"), e.Detail)
		if e.Before != e.After {
			line += "; before " + cmp.Or(e.Before, "-") + " after " + cmp.Or(e.After, "-")
		}
		fmt.Fprintln(w, printable(line))
	}
	if t.More {
		fmt.Fprintln(w, "there are older entries: search again with --until and the time of the last one here")
	}
	if !verifyOnly {
		fmt.Fprintf(w, "%d entries shown; ", len(t.Entries))
	}
	if t.Status == org.StatusOK {
		_, err := fmt.Fprintf(w, "the chain of %d is whole, its last hash is %s\n", t.Chain, t.Last)
		return err
	}
	_, err := fmt.Fprintf(w, "THE CHAIN IS BROKEN after %d entries, the last whole one has hash %s\n%s\nnext: %s\n", t.Chain, t.Last, printable(t.Reason), t.Next)
	return err
}
