package analytics

import (
	"regexp"
	"strings"
)

type splParser struct {
	parser
	fold bool
}

// splCommands are the commands that the service has and this package has not.
var splCommands = words(`stats make-series make-trace unnest union graph-match graph-call make-graph prom-call entity-call sample sort
	parse-csv parse-kv http-call lookup expand-values log-to-metric metric-to-metric pack-fields semantic-cluster series-format
	series-stats series-unnest series-drilldown render join dynamic-filter else if`)

// command reads a word that may hold hyphens.
func (p *splParser) command() (string, place, error) {
	t := p.peek()
	if t.kind != tokWord {
		return "", t.at, p.mismatched("a command, as where or extend")
	}
	name := strings.ToLower(p.next().text)
	for p.symbol("-") && p.ahead(1).kind == tokWord && p.list[p.pos-1].end+1 == p.list[p.pos].end && p.start(p.pos+1) == p.list[p.pos].end {
		p.pos++
		name += "-" + strings.ToLower(p.next().text)
	}
	return name, t.at, nil
}

func (p *splParser) stage() (stage, error) {
	name, at, err := p.command()
	if err != nil {
		return nil, err
	}
	switch name {
	case "where":
		e, err := p.expr()
		return &filterStage{e: e}, err
	case "extend":
		return p.extend()
	case "project", "project-away", "project-rename":
		return p.project(name)
	case "parse-json":
		return p.parseJSON(at)
	case "parse-regexp":
		return p.parseRegexp()
	case "limit":
		n, err := p.count()
		return &limitStage{n: n}, err
	}
	if name == "set" && p.is("session") {
		return nil, at.notOffered("SET SESSION")
	}
	if splCommands[name] {
		return nil, at.notOffered("the command " + name)
	}
	return nil, at.failf("mismatched input '%s'. Expecting: a command, as where or extend", name)
}

func (p *splParser) extend() (stage, error) {
	s := &extendStage{}
	return s, p.commas(func() error {
		at := p.peek().at
		name, err := p.identifier("the name of a field")
		if err != nil {
			return err
		}
		if err = p.expectSymbol("="); err != nil {
			return err
		}
		e, err := p.expr()
		s.names, s.exprs, s.at = append(s.names, name), append(s.exprs, e), append(s.at, at)
		return err
	})
}

// options reads -name or -name='value' as long as they come.
func (p *splParser) options(allowed string) (map[string]string, error) {
	set := map[string]string{}
	for p.symbol("-") {
		p.pos++
		t := p.peek()
		name := strings.ToLower(t.text)
		if t.kind != tokWord || !words(allowed)[name] {
			return nil, t.at.notOffered("the option -" + t.text)
		}
		p.pos++
		set[name] = ""
		if p.acceptSymbol("=") {
			v := p.next()
			if v.kind != tokText && v.kind != tokWord {
				return nil, v.at.failf("mismatched input '%s'. Expecting: a text", v.text)
			}
			set[name] = v.text
		}
	}
	return set, nil
}

func (p *splParser) project(name string) (stage, error) {
	options, err := p.options("wildcard")
	if err != nil {
		return nil, err
	}
	s := &projectStage{away: name == "project-away", all: name != "project", renames: map[string]string{}}
	_, wild := options["wildcard"]
	err = p.commas(func() error {
		at := p.peek().at
		field, err := p.identifier("the name of a field")
		if err != nil {
			return err
		}
		if !s.away && p.acceptSymbol("=") {
			from, err := p.identifier("the name of a field")
			if err != nil {
				return err
			}
			return s.rename(at, from, field)
		}
		if name == "project-rename" {
			return p.mismatched("'='")
		}
		s.patterns = append(s.patterns, fieldPattern(field, wild, p.fold))
		return nil
	})
	return s, err
}

// fieldPattern matches one name, or with wild any that the * in it allow; with fold in any case.
func fieldPattern(field string, wild, fold bool) *regexp.Regexp {
	text := regexp.QuoteMeta(field)
	if wild {
		text = strings.ReplaceAll(text, `\*`, `.*`)
	}
	flags := "s"
	if fold {
		flags = "si"
	}
	return regexp.MustCompile(`^(?` + flags + `:` + text + `)$`)
}

func (p *splParser) parseJSON(at place) (stage, error) {
	options, err := p.options("path prefix mode")
	if err != nil {
		return nil, err
	}
	if m := options["mode"]; m != "" && m != "overwrite" {
		return nil, at.notOffered("the mode " + m)
	}
	s := &jsonStage{prefix: options["prefix"]}
	if path := options["path"]; path != "" {
		if s.path, err = jsonPath(path); err != nil {
			return nil, at.failf("Invalid JSON path: '%s'", path)
		}
	}
	s.field, err = p.identifier("the name of a field")
	return s, err
}

func (p *splParser) parseRegexp() (stage, error) {
	s := &regexpStage{}
	var err error
	if s.field, err = p.identifier("the name of a field"); err != nil {
		return nil, err
	}
	if err = p.expectSymbol(","); err != nil {
		return nil, err
	}
	t := p.peek()
	if t.kind != tokText {
		return nil, p.mismatched("a regular expression")
	}
	p.pos++
	if len(t.text) > maxPattern {
		return nil, t.at.failf("the regular expression is longer than %d bytes", maxPattern)
	}
	if s.re, err = regexp.Compile(t.text); err != nil {
		return nil, t.at.failf("regular expression: %v", err)
	}
	if err = p.expect("as"); err != nil {
		return nil, err
	}
	err = p.commas(func() error {
		name, err := p.identifier("the name of a field")
		s.names = append(s.names, name)
		return err
	})
	if err == nil && len(s.names) != s.re.NumSubexp() {
		err = t.at.failf("the regular expression has %d groups for %d fields", s.re.NumSubexp(), len(s.names))
	}
	return s, err
}
