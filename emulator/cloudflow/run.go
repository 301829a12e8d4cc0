package cloudflow

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// maxData is how large a state's input or output may be as JSON (documented limit).
const maxData = 64 << 10

// flowError is an error inside a flow: what Retry and Catch see.
type flowError struct {
	code, detail string
	output       map[string]any // of a Fail state
	named        bool           // the code went through Assumptions.ErrorName
}

func failf(code, format string, args ...any) *flowError {
	return &flowError{code: code, detail: fmt.Sprintf(format, args...)}
}

func (e *flowError) matches(names []string) bool {
	return slices.Contains(names, e.code) || slices.Contains(names, "FnF.ALL")
}

// frame is one state while it runs.
type frame struct {
	st      *State
	input   map[string]any
	output  any
	err     *flowError
	retries int
	token   string
}

// roots gives the values that expressions of the frame see. Output is offered only where the language offers it.
func (x *execution) roots(f *frame, withOutput bool) roots {
	cur := map[string]any{"Name": f.st.Name, "Input": f.input, "RetryCount": float64(f.retries)}
	r := roots{input: f.input, global: x.globals(), assume: x.service.assume}
	if withOutput {
		cur["Output"] = f.output
		r.output = f.output
	}
	if f.err != nil {
		cur["Error"] = map[string]any{"Code": f.err.code, "Detail": f.err.detail}
	}
	if f.token != "" {
		cur["TaskToken"] = f.token
	}
	r.context = map[string]any{
		"Execution": map[string]any{"Name": x.name, "Input": x.start, "RoleArn": x.roleARN},
		"Current":   cur,
	}
	return r
}

func (x *execution) globals() map[string]any {
	x.mu.Lock()
	defer x.mu.Unlock()
	return maps.Clone(x.global)
}

// scope runs the states of a scope from its first one to an end.
func (x *execution) scope(ctx context.Context, t *trail, s *Scope, input map[string]any) (map[string]any, *flowError) {
	st := s.state(s.StartAt)
	for {
		out, next, err := x.state(ctx, t, s, st, input)
		if err != nil || next == nil {
			return out, err
		}
		st, input = next, out
	}
}

// state runs one state with its retries and catches, and tells where to go; nil ends the scope.
//
// Assumption: the error of a Fail state inside a branch or an iteration can be caught by the Parallel or Map around it.
func (x *execution) state(ctx context.Context, t *trail, s *Scope, st *State, raw map[string]any) (map[string]any, *State, *flowError) {
	if ctx.Err() != nil || x.deleted.Load() {
		return nil, nil, failf(errAborted, "the execution ended")
	}
	if t.event("StepEntered", st.Name, nil) == 0 {
		return nil, nil, failf(errEventLimit, "more than %d events", maxEvents)
	}
	f := &frame{st: st, input: raw}
	out, next, err := x.attempts(ctx, t, s, f)
	if err != nil && ctx.Err() != nil {
		return nil, nil, err // nothing in the flow catches its own end
	}
	if err != nil {
		t.event("StepFailed", st.Name, map[string]any{"code": err.code, "detail": err.detail})
		for _, c := range st.Catch {
			if err.matches(c.Errors) {
				out, cerr := x.caught(f, c, err)
				if cerr != nil {
					return nil, nil, cerr
				}
				t.event("StepExited", st.Name, nil)
				return out, s.state(c.Next), nil
			}
		}
		return nil, nil, err
	}
	t.event("StepSucceeded", st.Name, map[string]any{"output": out})
	t.event("StepExited", st.Name, nil)
	return out, next, nil
}

func (x *execution) caught(f *frame, c Catch, err *flowError) (map[string]any, *flowError) {
	if c.Output == nil {
		return x.service.assume.CatchInput(err.code, err.detail), nil
	}
	f.err = err
	out, berr := c.Output.build(x.roots(f, false))
	if berr != nil {
		return nil, failf(errExpression, "Catch of %s: %v", f.st.Name, berr)
	}
	return out, sized(f.st.Name, "output", out)
}

// attempts runs a state until it succeeds or no Retry rule allows another try.
//
// Assumption: each Retry rule has a count of its own; retriesOf says what MaxAttempts counts.
func (x *execution) attempts(ctx context.Context, t *trail, s *Scope, f *frame) (map[string]any, *State, *flowError) {
	raw := f.input
	used := make([]int, len(f.st.Retry))
	for {
		f.input, f.output, f.err, f.token = raw, nil, nil, ""
		out, next, err := x.once(ctx, t, s, f)
		if err != nil && !err.named {
			err.code, err.named = x.service.assume.ErrorName(err.code), true
		}
		if err == nil || ctx.Err() != nil {
			return out, next, err
		}
		i := slices.IndexFunc(f.st.Retry, func(r Retry) bool { return err.matches(r.Errors) })
		if i < 0 || used[i] >= x.service.assume.RetriesOf(f.st.Retry[i].MaxAttempts) {
			return nil, nil, err
		}
		if !x.service.sleep(ctx, f.st.Retry[i].pause(used[i])) {
			return nil, nil, failf(errAborted, "the execution ended")
		}
		used[i]++
		f.retries++
	}
}

// pause is how long to wait before retry number n, from 0.
func (r Retry) pause(n int) time.Duration {
	seconds := float64(r.Interval)
	if r.Backoff > 1 {
		seconds *= math.Pow(r.Backoff, float64(n))
	}
	if r.MaxBackoff > 0 {
		seconds = min(seconds, float64(r.MaxBackoff))
	}
	return time.Duration(min(seconds, 86400) * float64(time.Second))
}

// once runs a state one time: constructors, work, constructors.
func (x *execution) once(ctx context.Context, t *trail, s *Scope, f *frame) (map[string]any, *State, *flowError) {
	st := f.st
	if st.Input != nil {
		in, err := st.Input.build(x.roots(f, false))
		if err != nil {
			return nil, nil, failf(errExpression, "InputConstructor of %s: %v", st.Name, err)
		}
		f.input = in
	}
	if err := sized(st.Name, "input", f.input); err != nil {
		return nil, nil, err
	}
	result, next, err := x.work(ctx, t, s, f)
	if err != nil {
		return nil, nil, err
	}
	f.output = result
	out, ferr := x.finish(f)
	if ferr != nil {
		return nil, nil, ferr
	}
	if st.Type == Fail {
		return nil, nil, &flowError{code: st.Code, detail: st.Detail, output: out, named: true}
	}
	return out, next, nil
}

// finish applies the output and global constructors and checks the limits.
func (x *execution) finish(f *frame) (map[string]any, *flowError) {
	st := f.st
	var out map[string]any
	if st.Output != nil {
		built, err := st.Output.build(x.roots(f, true))
		if err != nil {
			return nil, failf(errExpression, "OutputConstructor of %s: %v", st.Name, err)
		}
		out = built
	} else {
		m, ok := f.output.(map[string]any)
		if !ok {
			return nil, failf(errDataLimit, "the output of %s is %s, and it must be an object", st.Name, typeName(f.output))
		}
		out = m
	}
	if err := sized(st.Name, "output", out); err != nil {
		return nil, err
	}
	if st.Global != nil {
		built, err := st.Global.build(x.roots(f, true))
		if err != nil {
			return nil, failf(errExpression, "GlobalConstructor of %s: %v", st.Name, err)
		}
		if err := globalsFit(st.Name, built); err != nil {
			return nil, err
		}
		x.mu.Lock()
		maps.Copy(x.global, built)
		x.mu.Unlock()
	}
	return out, nil
}

// How long keys and values of $Global may be, in bytes (documented limits).
const (
	maxGlobalKey   = 128
	maxGlobalValue = 256 << 10
)

func globalsFit(state string, m map[string]any) *flowError {
	for k, v := range m {
		if len(k) > maxGlobalKey {
			return failf(errDataLimit, "GlobalConstructor of %s: a key has %d bytes; %d are allowed", state, len(k), maxGlobalKey)
		}
		b, err := encode(v)
		if err != nil || len(b) > maxGlobalValue {
			return failf(errDataLimit, "GlobalConstructor of %s: the value of %s has %d bytes; 256 KiB are allowed", state, k, len(b))
		}
	}
	return nil
}

func sized(state, what string, v map[string]any) *flowError {
	b, err := encode(v)
	if err != nil {
		return failf(errDataLimit, "the %s of %s is no JSON: %v", what, state, err)
	}
	if len(b) > maxData {
		return failf(errDataLimit, "the %s of %s has %d bytes; 64 KiB are allowed", what, state, len(b))
	}
	return nil
}

// work does what the type of the state says and names the state after it; nil ends the scope.
func (x *execution) work(ctx context.Context, t *trail, s *Scope, f *frame) (any, *State, *flowError) {
	next := s.state(f.st.Next)
	switch f.st.Type {
	case Pass:
		return f.input, next, nil
	case Succeed, Fail:
		return f.input, nil, nil
	case Wait:
		return f.input, next, x.wait(ctx, f)
	case Choice:
		target, err := x.choose(s, f)
		return f.input, target, err
	case Task:
		out, err := x.task(ctx, t, f)
		return out, next, err
	case Parallel:
		out, err := x.parallel(ctx, t, f)
		return out, next, err
	default:
		out, err := x.mapItems(ctx, t, f)
		return out, next, err
	}
}

// wait does what a Wait state says.
//
// Assumption: Seconds that are computed and out of range fail the state.
func (x *execution) wait(ctx context.Context, f *frame) *flowError {
	v, err := x.value(f, f.st.Seconds)
	if err != nil {
		return failf(errExpression, "Seconds of %s: %v", f.st.Name, err)
	}
	most := 300
	if x.express {
		most = 20
	}
	n, ok := asInt(v)
	if !ok || n < 1 || n > most {
		return failf(errExpression, "Seconds of %s is %v; 1 to %d are allowed", f.st.Name, v, most)
	}
	if !x.service.sleep(ctx, time.Duration(n)*time.Second) {
		return failf(errAborted, "the execution ended")
	}
	return nil
}

func (x *execution) value(f *frame, v Value) (any, error) {
	if v.Expr != nil {
		return v.Expr.eval(x.roots(f, false))
	}
	return v.Literal, nil
}

func (x *execution) choose(s *Scope, f *frame) (*State, *flowError) {
	for _, b := range f.st.Choices {
		v, err := b.Condition.eval(x.roots(f, false))
		if err != nil {
			return nil, failf(errExpression, "Condition of %s: %v", f.st.Name, err)
		}
		yes, ok := v.(bool)
		if !ok {
			return nil, failf(errExpression, "Condition of %s is %s, and it must be true or false", f.st.Name, typeName(v))
		}
		if yes {
			return s.state(b.Next), nil
		}
	}
	return s.state(f.st.Default), nil
}

func (x *execution) parallel(ctx context.Context, t *trail, f *frame) (any, *flowError) {
	outs, err := x.fanOut(ctx, len(f.st.Branches), len(f.st.Branches), func(ctx context.Context, i int) (map[string]any, *flowError) {
		b := t.fork()
		b.event("BranchEntered", f.st.Name, map[string]any{"branch": i})
		out, err := x.scope(ctx, b, f.st.Branches[i], f.input)
		b.event("BranchExited", f.st.Name, map[string]any{"branch": i})
		return out, err
	})
	if err != nil {
		return nil, err
	}
	result := map[string]any{}
	for i, o := range outs {
		result[fmt.Sprintf("Branch%d", i)] = o
	}
	return result, nil
}

func (x *execution) mapItems(ctx context.Context, t *trail, f *frame) (any, *flowError) {
	v, err := f.st.Items.eval(x.roots(f, false))
	if err != nil {
		return nil, failf(errExpression, "ItemsPath of %s: %v", f.st.Name, err)
	}
	items, ok := v.([]any)
	if !ok {
		return nil, failf(errExpression, "ItemsPath of %s is %s, and it must be an array", f.st.Name, typeName(v))
	}
	outs, ferr := x.fanOut(ctx, len(items), x.service.assume.MapWorkers(f.st.Workers), func(ctx context.Context, i int) (map[string]any, *flowError) {
		in, err := x.service.assume.ItemInput(items[i])
		if err != nil {
			return nil, failf(errDataLimit, "item %d of %s: %v", i, f.st.Name, err)
		}
		b := t.fork()
		b.event("IterationEntered", f.st.Name, map[string]any{"iteration": i})
		out, ferr := x.scope(ctx, b, f.st.Processor, in)
		b.event("IterationExited", f.st.Name, map[string]any{"iteration": i})
		return out, ferr
	})
	if ferr != nil {
		return nil, ferr
	}
	list := make([]any, len(outs))
	for i, o := range outs {
		list[i] = o
	}
	return map[string]any{"Items": list}, nil
}

// fanOut runs n pieces, at most workers at once. The first failure aborts the others and is the result.
func (x *execution) fanOut(ctx context.Context, n, workers int, run func(context.Context, int) (map[string]any, *flowError)) ([]map[string]any, *flowError) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outs := make([]map[string]any, n)
	var first *flowError
	var mu sync.Mutex
	var wg sync.WaitGroup
	if x.service.sequential {
		workers = 1
	}
	slots := make(chan struct{}, max(workers, 1))
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			out, err := run(ctx, i)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && first == nil {
				first = err
				cancel()
			}
			outs[i] = out
		})
	}
	wg.Wait()
	return outs, first
}
