// Package demo tells the whole story of Fenghuo on the local cloud: it sets five accounts up as a person would, plays
// two attacks between ordinary traffic, waits for the security events, approves the responses, and keeps the score.
//
// [Run] is the only entry. Everything it does to the accounts goes over HTTP with the operators' keys, through flows and
// the console, as it would in the cloud; it looks inside the emulator only to inject a fault and to check the results.
// The end-to-end tests run the same story with other options.
package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Options choose how the story is told. Root is required.
type Options struct {
	Root     string // the repository: s.yaml, template.yaml, workflows
	Binaries string // folder with <function>/bootstrap; see [Build]
	World    string // example or empty (see emulator.LoadWorld), or a file; default empty
	Seed     uint64
	Records  int // ordinary records; default 20,000
	Listen   string
	Faults   faults.Plan // what goes wrong in the cloud, on top of what the story breaks by itself
	// Patience is how long to wait for what must come by itself: events, approvals, the last records. Default 60 s.
	Patience time.Duration
	// Approve answers an approval after its preview was shown; nil approves.
	Approve func(ctx context.Context, run soc.Run) (bool, error)
	// Tell is called for each line of the story, in order, from one goroutine.
	Tell func(Line)
	// At is called when a stage has ended; an end-to-end test does its mischief there.
	At func(ctx context.Context, stage Stage, s *emulator.Server) error
	// Ready is called once with the console's address.
	Ready func(console string)
	// Scored is called once, with the score, while everything still runs.
	Scored func(Score)
	// Stay keeps everything running after the score until the context ends.
	Stay bool
	// LogStorage switches log storage on: normalised logs are kept in the Logstore archive.
	LogStorage bool
	// Tour adds, after the score, what happens rarely: see the stage of this name.
	Tour bool
}

// Stage is a part of the story.
type Stage string

// The stages, in order.
const (
	StageCloud     Stage = "cloud"     // the local cloud runs
	StageDirectory Stage = "directory" // A has its directory and members
	StageDeploy    Stage = "deploy"    // roles, Logstores, functions, flows
	StageOnboard   Stage = "onboard"   // B is administrator; C, D, E are in scope
	StageIntegrate Stage = "integrate" // policies are on, collecting runs
	StageTraffic   Stage = "traffic"   // ordinary logs are written
	StageAttack    Stage = "attack"    // the attackers come
	StageDetect    Stage = "detect"    // events are expected
	StageRespond   Stage = "respond"   // playbooks wait, are approved, act
	StageDoctor    Stage = "doctor"    // an account goes quiet and is repaired
	StageUndo      Stage = "undo"      // one response is taken back
	StageScore     Stage = "score"
	StageTour      Stage = "tour" // a search, a check, a removal, the end of the delegation; with Options.Tour
)

// story is the state of one telling.
type story struct {
	Options
	begin   time.Time
	dir     string
	token   string
	server  *emulator.Server
	console *console
	logs    *http.Client // shared by all writers of logs
	score   Score

	written map[string]int // records by account
}

// Run tells the story and returns the score. The score is meaningful up to where an error stopped it.
func Run(ctx context.Context, o Options) (score Score, err error) {
	if o.Records == 0 {
		o.Records = 20_000
	}
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	if o.World == "" {
		o.World = "empty"
	}
	if o.Tell == nil {
		o.Tell = func(Line) {}
	}
	s := &story{Options: o, begin: time.Now(), written: map[string]int{}, logs: sls.NewHTTPClient()}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		err = errors.Join(err, s.close(closing))
	}()
	for _, step := range []struct {
		stage Stage
		run   func(context.Context) error
	}{
		{StageCloud, s.startCloud},
		{StageDirectory, s.makeDirectory},
		{StageDeploy, s.deploy},
		{StageOnboard, s.onboard},
		{StageIntegrate, s.integrate},
		{StageTraffic, s.writeTraffic},
		{StageAttack, s.attack},
		{StageDetect, s.detect},
		{StageRespond, s.respond},
		{StageDoctor, s.doctor},
		{StageUndo, s.undo},
		{StageScore, s.keepScore},
		{StageTour, s.tour},
	} {
		if err := step.run(ctx); err != nil {
			return s.score, errors.Join(fmt.Errorf("%s: %w", step.stage, err), s.denials())
		}
		if s.At != nil {
			if err := s.At(ctx, step.stage, s.server); err != nil {
				return s.score, err
			}
		}
	}
	if o.Scored != nil {
		o.Scored(s.score)
	}
	if o.Stay {
		<-ctx.Done()
	}
	return s.score, nil
}

// denials says what the cloud refused, since that is what most failures come from: an action, a resource, a role.
func (s *story) denials() error {
	if s.server == nil {
		return nil
	}
	var all []error
	seen := map[string]bool{}
	for _, d := range s.server.IAM().Denied() {
		text := fmt.Sprintf("the cloud denied: %s on %s for %s", d.Action, d.Resource, d.Caller)
		if !seen[text] && len(all) < 5 {
			seen[text] = true
			all = append(all, errors.New(text))
		}
	}
	return errors.Join(all...)
}

// tell adds a line to the story.
func (s *story) tell(l Line) {
	l.At = time.Since(s.begin)
	s.Tell(l)
}

// until polls a condition until it holds. It ends with what says, when ctx ends or limit passes.
func until(ctx context.Context, limit, every time.Duration, what string, cond func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var last error
	for {
		ok, err := cond(ctx)
		if ok {
			return nil
		}
		if err != nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return &soc.Error{Kind: soc.Timeout, Op: "wait for " + what, Err: errors.Join(fmt.Errorf("it did not come within %v", limit), last)}
		case <-time.After(every):
		}
	}
}
