package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fenghuo-soc/fenghuo/shared/sigma"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type rulesMatch struct {
	ruleSet     `embed:""`
	eventSource `embed:""`
	Events      string `required:"" placeholder:"FILE" help:"Events, one flat JSON object a line; - reads them from standard input."`
}

// hit is one line of the output.
type hit struct {
	Event  int    `json:"event"` // line, from 1
	RuleID string `json:"rule_id"`
	Title  string `json:"title"`
}

// maxBadLines bounds how many lines that are no events are named; the rest is counted.
const maxBadLines = 20

// Run prints a line for each hit. A line that is no event is named on standard error and the others go on. It ends with
// exitFailed when there was such a line, else with exitPartly when some rules did not load.
func (c *rulesMatch) Run(ctx context.Context) error { return c.match(ctx, os.Stdout, os.Stderr) }

func (c *rulesMatch) match(ctx context.Context, stdout, stderr io.Writer) error {
	set, problems, err := c.load(c.any())
	if err != nil {
		return err
	}
	refused := complain(stderr, problems, false)
	out := bufio.NewWriterSize(stdout, 64<<10)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	scratch, hits := sigma.NewScratch(), []sigma.Hit(nil)
	var ev sigma.JSONEvent
	bad := 0
	err = eachEvent(ctx, c.Events, func(line int, text []byte) error {
		if err := ev.Parse(text); err != nil {
			if bad++; bad <= maxBadLines {
				fmt.Fprintln(stderr, printable(lineError(c.Events, line, err).Error()))
			}
			return nil
		}
		hits = set.Match(&ev, c.source(), scratch, hits[:0])
		for i := range hits {
			if err := encoder.Encode(hit{line, hits[i].Rule.ID, hits[i].Rule.Title}); err != nil {
				return err
			}
		}
		return nil
	})
	if ferr := out.Flush(); err == nil {
		err = ferr
	}
	switch {
	case err != nil:
		return err
	case bad > 0:
		return &soc.Error{Kind: soc.Invalid, Op: "read events", Resource: c.Events, Err: fmt.Errorf("lines that are no events: %d", bad), Next: nextLine}
	}
	return refusedCode(refused)
}

const nextLine = "write one JSON object a line"

func lineError(file string, line int, err error) error {
	return &soc.Error{Kind: soc.Invalid, Op: "read events", Resource: fmt.Sprintf("%s:%d", file, line), Err: err, Next: nextLine}
}

// openEvents opens a file of events, or standard input when it is called "-".
func openEvents(file string) (*os.File, error) {
	if file == "-" {
		return os.Stdin, nil
	}
	f, err := os.Open(file)
	if err == nil {
		if info, serr := f.Stat(); serr == nil && info.IsDir() {
			f.Close()
			err = fmt.Errorf("%s is a folder", file)
		}
	}
	if err != nil {
		return nil, &soc.Error{Kind: soc.Invalid, Op: "read events", Err: err, Next: "give a file with --events"}
	}
	return f, nil
}

// eachEvent calls do for every line that is not blank, with its number from 1, until ctx ends. The text is valid during the call.
func eachEvent(ctx context.Context, file string, do func(line int, text []byte) error) error {
	f, err := openEvents(file)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 256<<10)
	var long []byte
	for line := 1; ; line++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		text, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = long[:0]
			for errors.Is(err, bufio.ErrBufferFull) {
				long = append(long, text...)
				text, err = r.ReadSlice('\n')
			}
			long = append(long, text...)
			text = long
		}
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // the byte order mark that some editors write
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			if err := do(line, text); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return &soc.Error{Kind: soc.Internal, Op: "read events", Resource: file, Err: err}
		}
	}
}
