package cloudflow

import (
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// allowed lists the fields of each state type beside Name, Type, Description and InputConstructor.
var allowed = map[StateType]string{
	Task:     "Action TaskMode Parameters Timeout Timeout.$ Retry Catch OutputConstructor GlobalConstructor Next End",
	Pass:     "OutputConstructor GlobalConstructor Next End",
	Wait:     "Seconds Seconds.$ OutputConstructor GlobalConstructor Next End",
	Succeed:  "OutputConstructor GlobalConstructor End",
	Fail:     "Code Detail OutputConstructor GlobalConstructor End",
	Choice:   "Branches Default GlobalConstructor",
	Parallel: "Branches Retry Catch OutputConstructor GlobalConstructor Next End",
	Map:      "ItemsPath Processor MaxConcuccency MaxConcurrency Retry Catch OutputConstructor GlobalConstructor Next End",
}

// distributed are the fields of distributed Map.
var distributed = []string{"ProcessorConfig", "ItemReader", "ItemConstructor", "ItemBatcher", "ResultWriter", "MaxItems", "ToleratedFailedCount", "ToleratedFailedPercentage"}

func (p *reader) state(n *yaml.Node) *State {
	s := &State{Pos: at(n)}
	s.places = places(n)
	if n.Kind != yaml.MappingNode {
		p.problem(n, "want a state: an object with Name and Type")
		return s
	}
	for k, v := range pairs(n) {
		switch k.Value {
		case "Type":
			s.Type = StateType(v.Value)
		case "Name":
			s.Name = v.Value
		}
	}
	fields, ok := allowed[s.Type]
	if !ok {
		p.problem(n, "unknown state type %q; it is Task, Pass, Wait, Succeed, Fail, Choice, Parallel or Map", s.Type)
		return s
	}
	p.fields(n, "a state of type "+string(s.Type), func(key string, v *yaml.Node) bool {
		switch key {
		case "Type":
		case "Name":
			s.Name = p.text(v)
		case "Description":
			s.Description = p.text(v)
		case "InputConstructor":
			s.Input = p.constructor(v)
		default:
			if s.Type == Map && slices.Contains(distributed, key) {
				p.problem(v, "%s belongs to distributed Map, which is not emulated: too much of it is not documented; use an inline Map", key)
				return true
			}
			if !strings.Contains(" "+fields+" ", " "+key+" ") {
				return false
			}
			p.stateField(s, key, v)
		}
		return true
	})
	for field, v := range map[string]Value{"Seconds": s.Seconds, "Timeout": s.Timeout} {
		if v.Literal != nil && v.Expr != nil {
			p.problems = append(p.problems, Problem{s.place(field + ".$"), s.Name + " has both " + field + " and " + field + ".$"})
		}
	}
	return s
}

func (p *reader) stateField(s *State, key string, v *yaml.Node) {
	switch key {
	case "OutputConstructor":
		s.Output = p.constructor(v)
	case "GlobalConstructor":
		s.Global = p.constructor(v)
	case "Next":
		s.Next = p.text(v)
	case "End":
		s.End = p.boolean(v)
	case "Retry":
		p.sequence(v, func(n *yaml.Node) { s.Retry = append(s.Retry, p.retry(n)) })
	case "Catch":
		p.sequence(v, func(n *yaml.Node) { s.Catch = append(s.Catch, p.catch(n)) })
	case "Action":
		s.Action = p.text(v)
	case "TaskMode":
		s.Mode = p.text(v)
	case "Parameters":
		s.Parameters = p.constructor(v)
	case "Timeout":
		s.Timeout.Literal = float64(p.seconds(v))
	case "Timeout.$":
		s.Timeout.Expr = p.expression(v, ParseExpression)
	case "Seconds":
		s.Seconds.Literal = float64(p.integer(v, 1, 300))
	case "Seconds.$":
		s.Seconds.Expr = p.expression(v, ParseExpression)
	case "Code":
		s.Code = p.text(v)
	case "Detail":
		s.Detail = p.text(v)
	case "Default":
		s.Default = p.text(v)
	case "ItemsPath":
		s.Items = p.expression(v, ParseExpression)
	case "Processor":
		s.Processor = p.scope(v, "a Processor")
	case "MaxConcuccency", "MaxConcurrency":
		s.Workers = p.integer(v, 1, 40)
	case "Branches":
		p.sequence(v, func(n *yaml.Node) {
			if s.Type == Parallel {
				s.Branches = append(s.Branches, p.scope(n, "a branch"))
			} else {
				s.Choices = append(s.Choices, p.choice(n))
			}
		})
	}
}

func (p *reader) choice(n *yaml.Node) ChoiceBranch {
	c := ChoiceBranch{Pos: at(n), places: places(n)}
	p.fields(n, "a branch of a Choice", func(key string, v *yaml.Node) bool {
		switch key {
		case "Condition":
			c.Condition = p.expression(v, ParseCondition)
		case "Next":
			c.Next = p.text(v)
		default:
			return false
		}
		return true
	})
	return c
}

// retry reads a rule of Retry.
//
// Assumption: BackoffRate is at least 1; no range is documented.
func (p *reader) retry(n *yaml.Node) Retry {
	r := Retry{Pos: at(n)}
	given := map[string]bool{}
	p.fields(n, "a Retry rule", func(key string, v *yaml.Node) bool {
		given[key] = true
		switch key {
		case "Errors":
			r.Errors = p.texts(v)
		case "Description":
			p.text(v)
		case "MaxAttempts":
			r.MaxAttempts = p.integer(v, 0, math.MaxInt32)
		case "IntervalSeconds":
			r.Interval = p.integer(v, 0, 86400)
		case "BackoffRate":
			if v.Decode(&r.Backoff) != nil || r.Backoff < 1 {
				p.problem(v, "BackoffRate is a number of at least 1")
			}
		case "MaxBackoffSeconds":
			r.MaxBackoff = p.integer(v, 0, 86400)
		default:
			return false
		}
		return true
	})
	for _, f := range []string{"Errors", "Description", "MaxAttempts", "IntervalSeconds"} {
		if !given[f] {
			p.problem(n, "a Retry rule needs %s", f)
		}
	}
	return r
}

func (p *reader) catch(n *yaml.Node) Catch {
	c := Catch{Pos: at(n), places: places(n)}
	p.fields(n, "a Catch rule", func(key string, v *yaml.Node) bool {
		switch key {
		case "Errors":
			c.Errors = p.texts(v)
		case "Description":
			p.text(v)
		case "OutputConstructor":
			c.Output = p.constructor(v)
		case "Next":
			c.Next = p.text(v)
		default:
			return false
		}
		return true
	})
	if c.Errors == nil {
		p.problem(n, "a Catch rule needs Errors")
	}
	return c
}

// seconds reads the Timeout of a task, a number or the text of one.
func (p *reader) seconds(n *yaml.Node) int {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		s, err := timeoutSeconds(n.Value)
		if err != nil {
			p.problem(n, "%v", err)
		}
		return s
	}
	return p.integer(n, 0, maxTimeout)
}
