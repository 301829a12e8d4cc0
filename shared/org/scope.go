package org

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// SliceSize is how many accounts one step of a flow works on while a run has at most [MaxSlices] slices: a step then
// stays well inside a function's time limit.
const SliceSize = 40

// MaxSlices bounds the slices of a run, because a flow works on all of them at once: they share the instances of the
// account with the functions that collect and detect. The slices of a large run grow. With [sliceWorkers] at most 32
// accounts are worked on at a time.
const MaxSlices = 8

// sliceWorkers is how many accounts of a slice are worked on at once. RAM allows few writes a second in one account
// but accounts do not share that limit; AssumeRole allows 100 a second for the management account (accounts.md §4.4).
const sliceWorkers = 4

// AtOnce is how many accounts are worked on at a time at most: those of a run, and the few whose roles a regular run reads
// back beside it.
const AtOnce = (MaxSlices + 1) * sliceWorkers

// How often an account is tried in one step, and how long it waits between: the wait doubles, with jitter. While one
// account waits, others are worked on.
const (
	accountTries = 6
	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
)

// sliceSize is the size of the run's slices.
func sliceSize(r soc.ScopeRun) int { return max(SliceSize, (len(r.Accounts)+MaxSlices-1)/MaxSlices) }

// Slices returns how many slices a run has, at most [MaxSlices].
func Slices(r soc.ScopeRun) int { return (len(r.Accounts) + sliceSize(r) - 1) / sliceSize(r) }

// Slice returns the accounts of slice n, from 0. Its error is of kind Invalid.
func Slice(r soc.ScopeRun, n int) ([]string, error) {
	if n < 0 || n >= Slices(r) {
		return nil, &soc.Error{Kind: soc.Invalid, Op: "take slice of run", Resource: r.ID, Err: fmt.Errorf("run has %d slices, not %d", Slices(r), n+1)}
	}
	size := sliceSize(r)
	return r.Accounts[n*size : min((n+1)*size, len(r.Accounts))], nil
}

// RoleMaker changes the roles of one member, through create-roles in the management account.
type RoleMaker interface {
	MakeRoles(ctx context.Context, req RolesRequest) (RolesResult, error)
}

// AccountStore keeps the states of accounts.
type AccountStore interface {
	Account(ctx context.Context, uid string) (soc.Account, error)
	SaveAccount(ctx context.Context, a soc.Account) error
}

// Mover takes accounts into scope and out of it. It is safe for concurrent use when its parts are.
type Mover struct {
	Roles RoleMaker
	Store AccountStore
	Now   func() time.Time
	// Pause waits before an account is tried again, and returns early with an error when ctx ends.
	Pause func(ctx context.Context, d time.Duration) error
	// Finish stores the state in which a change ends and what tells of the change, together: runs die between two writes, and two
	// runs can work on one account. Nil stores the state alone. Its error makes the account's step fail, to be done again.
	Finish func(ctx context.Context, c Change) error
}

// Change is a change of one account in a run.
type Change struct {
	RunID         string
	By            string // who asked for the run, as its input says; may be ""
	Before, After soc.Account
	Roles         []soc.RoleState // of After; also what was removed
}

// mover moves one account to its goal.
type mover = func(context.Context, soc.ScopeRun, soc.Account) error

// Counts is what came of the accounts of a slice.
type Counts struct {
	Done   int `json:"done"`
	Failed int `json:"failed"`
	Again  int `json:"again"` // throttled or unreachable: running the slice again can still succeed
}

// Join takes the accounts of a slice into scope, a few at a time, and stores the state of each. Accounts that this
// run has finished are passed over, so that a slice can be run again. A failed account does not stop the others. The
// error is not nil, and retryable, only when accounts are left that a further try may help.
func (m *Mover) Join(ctx context.Context, r soc.ScopeRun, accounts []string) (Counts, error) {
	return m.each(ctx, r, accounts, soc.AccountJoined, m.join)
}

// Leave takes the accounts of a slice out of scope, in the same way as [Mover.Join].
func (m *Mover) Leave(ctx context.Context, r soc.ScopeRun, accounts []string) (Counts, error) {
	return m.each(ctx, r, accounts, soc.AccountLeft, m.leave)
}

func (m *Mover) each(ctx context.Context, r soc.ScopeRun, accounts []string, goal soc.AccountState, one mover) (Counts, error) {
	errs := make([]error, len(accounts))
	slots := make(chan struct{}, sliceWorkers)
	var g sync.WaitGroup
	for i, uid := range accounts {
		g.Go(func() {
			errs[i] = m.tries(ctx, slots, func() error { return m.move(ctx, r, uid, goal, one) })
		})
	}
	g.Wait()
	var c Counts
	var again []error
	for _, err := range errs {
		switch {
		case err == nil:
			c.Done++
		case soc.Retryable(err):
			c.Again++
			again = append(again, err)
		default:
			c.Failed++
		}
	}
	return c, errors.Join(again...)
}

// tries runs f in a slot until it succeeds, fails for good, or was tried often enough. It waits outside of the slots.
func (m *Mover) tries(ctx context.Context, slots chan struct{}, f func() error) error {
	pause := firstPause
	for n := 1; ; n++ {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return &soc.Error{Kind: soc.Timeout, Op: "wait for a turn", Err: context.Cause(ctx)}
		}
		err := f()
		<-slots
		if err == nil || !soc.Retryable(err) || n == accountTries || m.Pause == nil {
			return err
		}
		if m.Pause(ctx, pause/2+rand.N(pause/2)) != nil {
			return err
		}
		pause = min(2*pause, longestPause)
	}
}

// Pause waits for d, or until ctx ends; the [Mover] of a function has it.
func Pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// move works on one account and stores what came of it. An account that cannot be moved is stored as failed, one that
// may succeed later keeps its state with the reason.
func (m *Mover) move(ctx context.Context, r soc.ScopeRun, uid string, goal soc.AccountState, one mover) error {
	a, err := m.Store.Account(ctx, uid)
	if err != nil {
		return err
	}
	if !a.UpdatedAt.Before(r.CreatedAt) { // this run was here
		switch a.State {
		case goal:
			return nil
		case soc.AccountFailed:
			return &soc.Error{Kind: soc.Conflict, Op: "move account", Account: uid, Err: errors.New(a.Reason), Next: a.Next}
		default: // on its way: go on with it
		}
	}
	err = one(ctx, r, a)
	if err == nil {
		return nil
	}
	// The last state that was stored is the one to add the reason to.
	if a, e := m.Store.Account(ctx, uid); e == nil {
		a.Reason, a.Next = err.Error(), soc.NextOf(err)
		if !soc.Retryable(err) {
			a.State, a.UpdatedAt = soc.AccountFailed, m.Now()
		}
		if e := m.Store.SaveAccount(ctx, a); e != nil {
			return e
		}
	}
	return err
}

func (m *Mover) join(ctx context.Context, r soc.ScopeRun, a soc.Account) error {
	before, op := a, OpEnsure
	if a.JoinedAt.IsZero() {
		op = OpClaim
	}
	// A joined account stays so while its roles are checked: collecting goes on. What is on its way is not written again: another
	// run may bring it to its goal in this moment.
	if a.State != soc.AccountJoined && a.State != soc.AccountJoining {
		a.State = soc.AccountJoining
		if err := m.save(ctx, &a); err != nil {
			return err
		}
	}
	made, err := m.roles(ctx, op, a)
	if err != nil {
		return err
	}
	seen, err := m.roles(ctx, OpVerify, a)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(seen.Roles, func(r soc.RoleState) bool { return r.State != RoleUnchanged }); i >= 0 {
		return &soc.Error{
			Kind: soc.Conflict, Op: "verify roles", Account: a.UID, Resource: seen.Roles[i].Name,
			Err: fmt.Errorf("role is %s after it was made", seen.Roles[i].State), Next: "see whether a control policy or another tool changes the role, then run the flow again",
		}
	}
	a.State, a.Reason, a.Next, a.Roles = soc.AccountJoined, "", "", made.Roles
	if a.JoinedAt.IsZero() {
		a.JoinedAt = m.Now()
	}
	return m.finish(ctx, r, before, a, made.Roles)
}

func (m *Mover) leave(ctx context.Context, r soc.ScopeRun, a soc.Account) error {
	if a.State == soc.AccountLeft { // by another run, since this one was planned
		return nil
	}
	before := a
	if a.State != soc.AccountLeaving {
		a.State, a.Response = soc.AccountLeaving, false
		if err := m.save(ctx, &a); err != nil {
			return err
		}
	}
	gone, err := m.roles(ctx, OpRemove, a)
	switch {
	case err == nil:
		a.Reason, a.Next = "", ""
	case gone.Status == StatusRefused && gone.Kind == soc.NotFound:
		// The account left the directory: nobody here can enter it any more, and it must not stay in scope for that.
		a.Reason = "the account left the directory before its roles could be removed"
		a.Next = "delete the roles fenghuo-collector and fenghuo-responder in the account by hand"
	default:
		return err
	}
	a.State, a.JoinedAt, a.Roles = soc.AccountLeft, time.Time{}, gone.Roles
	return m.finish(ctx, r, before, a, gone.Roles)
}

// finish stores the goal.
func (m *Mover) finish(ctx context.Context, r soc.ScopeRun, before, a soc.Account, roles []soc.RoleState) error {
	a.UpdatedAt = m.Now()
	if m.Finish == nil {
		return m.Store.SaveAccount(ctx, a)
	}
	return m.Finish(ctx, Change{r.ID, r.By, before, a, roles})
}

func (m *Mover) save(ctx context.Context, a *soc.Account) error {
	a.UpdatedAt = m.Now()
	return m.Store.SaveAccount(ctx, *a)
}

// roles asks for one change of roles. An answer that is not ok is an error of the kind that the answer names.
func (m *Mover) roles(ctx context.Context, op string, a soc.Account) (RolesResult, error) {
	res, err := m.Roles.MakeRoles(ctx, RolesRequest{Operation: op, Account: a.UID, Response: a.Response})
	if err != nil || res.Status == StatusOK {
		return res, err
	}
	kind := res.Kind
	if kind == "" {
		kind = soc.Conflict
	}
	return res, &soc.Error{Kind: kind, Op: op + " roles", Account: a.UID, Err: errors.New(res.Reason), Next: res.Next}
}
