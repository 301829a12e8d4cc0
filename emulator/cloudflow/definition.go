package cloudflow

import "fmt"

// Pos is a place in a definition, from 1.
type Pos struct{ Line, Column int }

// Problem is one thing that is wrong with a definition.
type Problem struct {
	Pos
	Message string
}

// Error puts place and message in one line.
func (p Problem) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, p.Message)
}

// StateType is the type of a state.
type StateType string

// The eight state types.
const (
	Task     StateType = "Task"
	Pass     StateType = "Pass"
	Wait     StateType = "Wait"
	Succeed  StateType = "Succeed"
	Fail     StateType = "Fail"
	Choice   StateType = "Choice"
	Parallel StateType = "Parallel"
	Map      StateType = "Map"
)

// The task modes.
const (
	RequestComplete       = "RequestComplete"
	WaitForSystemCallback = "WaitForSystemCallback"
	WaitForCustomCallback = "WaitForCustomCallback"
)

// Definition is a parsed flow. It is immutable: executions share it.
type Definition struct {
	Name        string
	Description string
	Timeout     int // seconds; 0 = the limit of the mode
	Scope

	namePos Pos
}

// Scope is a set of states of which one is entered first: the flow, a branch of a Parallel, the processor of a Map.
type Scope struct {
	Pos
	StartAt string
	States  []*State

	startPos Pos
}

// State is one state. Fields of other types than its own are zero.
type State struct {
	Pos
	Name, Description string
	Type              StateType
	Next              string
	End               bool

	Input, Output, Global *Constructor

	Action     string // Task
	Mode       string
	Parameters *Constructor
	Timeout    Value // seconds, literal or expression

	Seconds Value // Wait

	Code, Detail string // Fail

	Choices []ChoiceBranch // Choice
	Default string

	Branches []*Scope // Parallel

	Items     *Expression // Map
	Processor *Scope
	Workers   int // MaxConcuccency; 0 = not given

	Retry []Retry
	Catch []Catch

	places map[string]Pos // of the values of its fields
}

// place is where the value of a field stands, or the state when it has no such field.
func (s *State) place(field string) Pos { return placeIn(s.places, field, s.Pos) }

// ChoiceBranch goes to Next when Condition holds.
type ChoiceBranch struct {
	Pos
	Condition *Expression
	Next      string

	places map[string]Pos // of the values of its fields
}

// Retry is one rule of what is tried again.
type Retry struct {
	Pos
	Errors      []string
	MaxAttempts int // tries after the first one
	Interval    int // seconds
	Backoff     float64
	MaxBackoff  int // seconds; 0 = no cap
}

// Catch is one rule of where an error leads.
type Catch struct {
	Pos
	Errors []string
	Output *Constructor
	Next   string

	places map[string]Pos // of the values of its fields
}

// Value is a literal or an expression.
type Value struct {
	Literal any
	Expr    *Expression
}

func (s *Scope) state(name string) *State {
	for _, st := range s.States {
		if st.Name == name {
			return st
		}
	}
	return nil
}
