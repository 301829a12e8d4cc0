package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fenghuo-soc/fenghuo/cmd/fenghuo/doctor"
	"github.com/fenghuo-soc/fenghuo/shared/org"
)

type doctorCommand struct {
	cloudFlags
	SLSEndpoint string `name:"sls-endpoint" env:"SOC_SLS_ENDPOINT" help:"Host or URL of the Log Service, for a local cloud."`
	Lang        string `help:"Language of the table: en or zh. Default from LANG." enum:"en,zh," default:""`
	JSON        bool   `name:"json" help:"Print every link as JSON, in both languages."`
	NoColor     bool   `help:"No colours. NO_COLOR has the same effect."`
}

// Run examines the deployment and prints the chain; the exit code is 1 when a link is broken.
func (d *doctorCommand) Run(ctx context.Context) error {
	api, err := d.client()
	if err != nil {
		return err
	}
	r, err := doctor.Examine(ctx, doctor.Options{API: api, Endpoint: d.Endpoint, SLSEndpoint: d.SLSEndpoint})
	if err != nil {
		return err
	}
	if d.JSON {
		err = writeJSON(os.Stdout, r)
	} else {
		s := newScreen(os.Stdout, language(d.Lang, os.Getenv("LC_ALL"), os.Getenv("LANG")), d.NoColor)
		s.chain(r)
	}
	if err == nil && !r.Healthy {
		err = exitCode(exitFailed)
	}
	return err
}

var verdicts = map[org.Verdict]struct{ icon, color, en, zh string }{
	org.Pass: {"✔", "32", "ok", "正常"}, org.Fail: {"✘", "31", "broken", "断开"}, org.Unknown: {"?", "33", "unknown", "未知"},
}

// chain prints one row for each finding: verdict, link, what it is about, and what was seen; below it what to do.
func (s *screen) chain(r doctor.Report) {
	rows := make([][4]string, 0, len(r.Links))
	var wide [3]int
	for _, f := range r.Links {
		v := verdicts[f.Result]
		row := [4]string{
			v.icon + " " + s.say(v.en, v.zh), s.say(f.Title, f.TitleZH), printable(strings.TrimSpace(f.Account + " " + f.Subject)),
			printable(s.say(f.Evidence, f.EvidenceZH)),
		}
		for i := range wide {
			wide[i] = max(wide[i], width(row[i]))
		}
		rows = append(rows, row)
	}
	for i, row := range rows {
		f := r.Links[i]
		for c := range wide {
			pad := strings.Repeat(" ", wide[c]-width(row[c])+2)
			if c == 0 {
				row[c] = s.paint(verdicts[f.Result].color, row[c])
			}
			fmt.Fprint(s.out, row[c], pad)
		}
		fmt.Fprintln(s.out, row[3])
		again := i+1 < len(rows) && r.Links[i+1].ID == f.ID && r.Links[i+1].Fix == f.Fix // the next row says it
		if f.Result != org.Pass && f.Fix != "" && !again {
			fmt.Fprintln(s.out, s.paint("2", strings.Repeat(" ", wide[0]+2)+"→ "+printable(s.say(f.Fix, f.FixZH))))
		}
	}
	s.broken(s.out, r)
}

// broken names the first broken link in one line.
func (s *screen) broken(w io.Writer, r doctor.Report) {
	if r.Broken == nil {
		unknown := 0
		for _, f := range r.Links {
			if f.Result == org.Unknown {
				unknown++
			}
		}
		fmt.Fprintf(w, s.say("\nno broken link; %d could not be seen\n", "\n没有断开的环节；%d 项无法判断\n"), unknown)
		return
	}
	f := r.Broken
	about := strings.TrimSpace(f.ID + " " + strings.TrimSpace(f.Account+" "+f.Subject))
	fmt.Fprintln(w, "\n"+s.paint("1;31", s.say("first broken link: ", "首个断开的环节：")+printable(about)))
	fmt.Fprintln(w, printable(s.say(f.Evidence, f.EvidenceZH)))
	if f.Fix != "" {
		fmt.Fprintln(w, "→ "+printable(s.say(f.Fix, f.FixZH)))
	}
}
