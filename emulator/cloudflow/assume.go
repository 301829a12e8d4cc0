package cloudflow

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
)

// Assumptions are the choices where the documentation is silent, for whoever knows better or wants to see how a flow
// fares under another choice. A field that is nil takes the choice of the function of the same name in this file, each
// of which is listed in emulator/assume. Functions are called from many goroutines and must not change what they get.
type Assumptions struct {
	MissingPath           func(at, step string) (any, error)              // a path that leads nowhere
	CompareDifferentTypes func(op string, x, y any) (any, error)          // as text with a number
	MapOrder              func(m map[string]any) []string                 // of mapKeys and mapValues
	MergeConflict         func(key string, x, y any) (any, error)         // two values of one key in jsonMerge
	ErrorName             func(code string) string                        // what Catch sees of an error of the service itself; see errTimeout
	FunctionErrorName     func(errorType string) string                   // a function whose own code failed
	FunctionOutput        func(body []byte) map[string]any                // the wrapper of an invocation's result
	AsyncOutput           func() map[string]any                           // an accepted asynchronous invocation
	FailedOutput          func(output map[string]any) map[string]any      // Output of an execution that a Fail state ended
	CatchInput            func(code, detail string) map[string]any        // after a Catch without OutputConstructor
	ItemInput             func(element any) (map[string]any, error)       // an element of Map that is no object
	MapWorkers            func(given int) int                             // iterations at once
	RetriesOf             func(maxAttempts int) int                       // how many tries MaxAttempts allows after the first one
	HTTPError             func(status int) (code string)                  // error of an HTTP answer; "" = none
	ChildOutput           func(flow, name, requestID, out string) any     // a child flow that was waited for
	PickVersion           func(weights map[string]int) (version string)   // of an alias with two versions
	ScheduleEnabled       func(given string) bool                         // of CreateSchedule; given is "" when absent
	TokenError            func(status string) (code, cause string)        // what CallbackFnFTaskToken reports of an execution that did not succeed
	Function              func(name string) func(args []any) (any, error) // a built-in whose name or arguments no page gives; nil = there is none
	APIVersion            func(versions []string) string                  // of an OpenAPI action; versions oldest first
	APIRegion             func(own string) string                         // of an OpenAPI action without RegionId
	APIErrorName          func(product, code string) string               // what Catch sees of a refused OpenAPI action
	APIParameters         func(map[string]any) (map[string]string, error) // of an OpenAPI action, as the API's own parameters
}

func (a Assumptions) withDefaults() *Assumptions {
	set(&a.MissingPath, missingPath)
	set(&a.CompareDifferentTypes, compareDifferentTypes)
	set(&a.MapOrder, mapOrder)
	set(&a.MergeConflict, mergeConflict)
	set(&a.ErrorName, func(code string) string { return code })
	set(&a.FunctionErrorName, functionErrorName)
	set(&a.FunctionOutput, functionOutput)
	set(&a.AsyncOutput, asyncOutput)
	set(&a.FailedOutput, failedOutput)
	set(&a.CatchInput, catchInput)
	set(&a.ItemInput, itemInput)
	set(&a.MapWorkers, mapWorkers)
	set(&a.RetriesOf, retriesOf)
	set(&a.HTTPError, httpError)
	set(&a.ChildOutput, childOutput)
	set(&a.PickVersion, pickVersion)
	set(&a.ScheduleEnabled, scheduleEnabled)
	set(&a.TokenError, tokenError)
	set(&a.Function, undocumented)
	set(&a.APIVersion, apiVersion)
	set(&a.APIRegion, apiRegion)
	set(&a.APIErrorName, apiErrorName)
	set(&a.APIParameters, apiParameters)
	return &a
}

// set fills a choice that was not made. T is a function type.
func set[T any](field *T, choice T) {
	if reflect.ValueOf(*field).IsNil() {
		*field = choice
	}
}

// documented are the choices of this file.
var documented = Assumptions{}.withDefaults()

// missingPath decides what a path that leads nowhere gives. Assumption: an error that fails the state, loudly.
func missingPath(at, step string) (any, error) { return nil, fmt.Errorf("%s has no %s", at, step) }

// compareDifferentTypes decides a comparison of, say, text with a number. Assumption: an error.
func compareDifferentTypes(op string, x, y any) (any, error) {
	return nil, fmt.Errorf("cannot compare %s %s %s", typeName(x), op, typeName(y))
}

// mapOrder decides in which order mapKeys and mapValues list. Assumption: by key.
func mapOrder(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// mergeConflict decides who wins when jsonMerge meets two values of one key. Assumption: nobody; it is an error, so
// that no flow comes to rely on one order.
func mergeConflict(key string, _, _ any) (any, error) {
	return nil, fmt.Errorf("both objects have %q with different values; which one wins is not documented", key)
}

// Error names of the new language that no page gives. Assumption: these texts. Only FnF.ALL catches them for certain.
const (
	errTimeout    = "FnF.TaskTimeout"     // a Task's Timeout passed (the old language's name)
	errExpression = "FnF.ExpressionError" // an expression could not be evaluated
	errDataLimit  = "FnF.DataLimit"       // a state's input or output is no object, or larger than 64 KiB
	errEventLimit = "FnF.EventLimit"      // more than 5,000 events
	errAborted    = "FnF.Aborted"         // another branch failed, or the execution was stopped
)

// functionErrorName is the error that Catch sees when the function's own code failed: FC answers 200 with an error
// type then. Assumption: FC. and that type.
func functionErrorName(errorType string) string { return "FC." + errorType }

// functionOutput is the wrapper that a synchronous invocation leaves. Only Body is documented. Assumption: a result
// that is not JSON stands there as text.
func functionOutput(body []byte) map[string]any {
	v, err := decode(body)
	if err != nil {
		v = string(body)
	}
	return map[string]any{"Body": v}
}

// asyncOutput is what an accepted asynchronous invocation leaves. Assumption: an empty object.
func asyncOutput() map[string]any { return map[string]any{} }

// failedOutput is what DescribeExecution shows as Output of an execution that a Fail state ended. Assumption: what the
// state's OutputConstructor built, since the service offers one there.
func failedOutput(output map[string]any) map[string]any { return output }

// catchInput is the next state's input when a Catch has no OutputConstructor. Assumption: code and detail.
func catchInput(code, detail string) map[string]any {
	return map[string]any{"Code": code, "Detail": detail}
}

// itemInput is the input of an iteration whose element is no object. Assumption: it fails the state.
func itemInput(v any) (map[string]any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("an element is %s, and a state's input must be an object", typeName(v))
	}
	return m, nil
}

// mapWorkers is how many iterations run at once when the definition gives no number. Assumption: the inline cap, 40.
func mapWorkers(given int) int {
	if given <= 0 || given > 40 {
		return 40
	}
	return given
}

// retriesOf reads MaxAttempts. Assumption: it counts the tries after the first one.
func retriesOf(maxAttempts int) int { return maxAttempts }

// httpError tells whether an HTTP answer fails the task. Assumption: no status does; the flow looks at Code.
func httpError(int) string { return "" }

// childOutput is what is left of a child flow that was waited for. Assumption: what RequestComplete leaves.
func childOutput(flow, name, requestID, _ string) any {
	return map[string]any{"FlowName": flow, "ExecutionName": name, "RequestID": requestID}
}

// pickVersion chooses a version of an alias by weight, at random. Assumption: weights are relative to their sum.
func pickVersion(weights map[string]int) string {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	names := slices.Sorted(maps.Keys(weights))
	n := 0
	if sum > 0 {
		n = rand.IntN(sum) //nolint:gosec // a share of executions, not a secret
	}
	for _, name := range names {
		if n -= weights[name]; n < 0 {
			return name
		}
	}
	return names[0]
}

// scheduleEnabled reads Enable of CreateSchedule. Assumption: a schedule fires unless it is told not to.
func scheduleEnabled(given string) bool { return given != "false" }

// tokenError is what CallbackFnFTaskToken reports of an execution that did not succeed. Assumption: these words.
func tokenError(status string) (code, cause string) {
	return "FNF.ExecutionFailed", "the execution ended as " + status
}
