package main

import (
	"bufio"
	"bytes"
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
	Events      string `required:"" placeholder:"FILE" help:"Events, one flat JSON object a line."`
}

// hit is one line of the output.
type hit struct {
	Event  int    `json:"event"` // line, from 1
	RuleID string `json:"rule_id"`
	Title  string `json:"title"`
}

// Run prints a line for each hit. It ends with exitRefused when some rules did not load.
func (c *rulesMatch) Run() error {
	set, problems, err := c.load(c.any())
	if err != nil {
		return err
	}
	refused := complain(problems, false)
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	scratch, hits := sigma.NewScratch(), []sigma.Hit(nil)
	var ev sigma.JSONEvent
	err = eachEvent(c.Events, func(line int, text []byte) error {
		if err := ev.Parse(text); err != nil {
			return lineError(c.Events, line, err)
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
	if err != nil {
		return err
	}
	return refusedCode(refused)
}

func lineError(file string, line int, err error) error {
	return &soc.Error{Kind: soc.Invalid, Op: "read events", Resource: fmt.Sprintf("%s:%d", file, line), Err: err, Next: "write one JSON object a line"}
}

// eachEvent calls do for every line that is not blank, with its number from 1. The text is valid during the call.
func eachEvent(file string, do func(line int, text []byte) error) error {
	f, err := os.Open(file)
	if err != nil {
		return &soc.Error{Kind: soc.Invalid, Op: "read events", Err: err, Next: "give a file with --events"}
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 256<<10)
	var long []byte
	for line := 1; ; line++ {
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
