package cloudflow

import (
	"fmt"
	"maps"
	"slices"
)

// Everything in this file is a choice where the documentation is silent. Each is listed in emulator/assume.

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
func mergeConflict(key string) (any, error) {
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
func catchInput(e *flowError) map[string]any {
	return map[string]any{"Code": e.code, "Detail": e.detail}
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
