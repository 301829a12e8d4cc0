package response

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Blocker blocks addresses in one product of one account.
type Blocker interface {
	// Block blocks ip by a rule of the given name and returns a handle for Unblock. When the rule is there already it
	// returns its handle: blocking twice is blocking once.
	Block(ctx context.Context, ip netip.Addr, name string) (handle string, err error)
	// Unblock removes what the handle names. That it is gone already is no error.
	Unblock(ctx context.Context, handle string) error
}

// Keys reads and sets the status of access keys in one account. NotFound means that the user has no such key, or that
// there is no such user.
type Keys interface {
	KeyStatus(ctx context.Context, user, key string) (status string, err error) // Active or Inactive
	SetKeyStatus(ctx context.Context, user, key, status string) error
}

// Ports opens the products of one account as its responder role.
type Ports interface {
	Blocker(ctx context.Context, account, action string) (Blocker, error) // WAFBlockIP or CloudFirewallBlock
	Keys(ctx context.Context, account string) (Keys, error)
}

// Executor carries out tasks. It is safe for concurrent use when its fields are.
type Executor struct {
	Ports Ports
	Own   Own
	// Save keeps a task whenever something about it was decided, so that a crash in between is continued, not repeated.
	Save func(ctx context.Context, t soc.Task) error
	Wait func(ctx context.Context, d time.Duration) error // pause between attempts; nil waits in real time
	Now  func() time.Time                                 // nil is time.Now
}

// MaxAttempts is how often one call of [Executor.Execute] or [Executor.Undo] tries; only errors that may pass are tried
// again, after one second, then two.
const MaxAttempts = 3

// What an inverse holds.
const (
	inverseHandle = "handle" // of a Blocker
	inverseUser   = "user_name"
	inverseStatus = "status" // of the key before
)

// KeyOff is the status of an access key that was disabled.
const KeyOff = "Inactive"

// Key is the owner of an access key and its status.
type Key struct{ User, Status string }

// FoundKey is the key as a task found it before it changed anything; zero for other tasks, and before it was looked for.
func FoundKey(t soc.Task) Key { return Key{t.Inverse[inverseUser], t.Inverse[inverseStatus]} }

// RuleOf names the rules of a product that a task made, by the product's ids; "" for other tasks, and before they were made.
func RuleOf(t soc.Task) string { return t.Inverse[inverseHandle] }

// Execute does the task. A failure is written into the task, not returned: State and Reason tell. The error is for a
// task that could not be saved. A task that succeeded before is left alone.
func (x Executor) Execute(ctx context.Context, t soc.Task) (soc.Task, error) {
	if t.State == soc.TaskSucceeded {
		return t, nil
	}
	return x.run(ctx, t, soc.TaskSucceeded, soc.TaskFailed, x.act)
}

// Undo does the inverse of a task that succeeded; others are returned as they are. When it fails the task stays
// succeeded, because its effect is still there, and Reason tells why.
func (x Executor) Undo(ctx context.Context, t soc.Task) (soc.Task, error) {
	if t.State != soc.TaskSucceeded {
		return t, nil
	}
	return x.run(ctx, t, soc.TaskUndone, soc.TaskSucceeded, x.invert)
}

func (x Executor) run(ctx context.Context, t soc.Task, done, failed soc.TaskState, step func(context.Context, *soc.Task) error) (soc.Task, error) {
	wait, now := x.Wait, x.Now
	if wait == nil {
		wait = sleep
	}
	if now == nil {
		now = time.Now
	}
	t.Reason = ""
	var err error
	for attempt := range MaxAttempts {
		t.Attempts++
		if err = step(ctx, &t); err == nil || !soc.Retryable(err) || attempt == MaxAttempts-1 {
			break
		}
		if wait(ctx, time.Second<<attempt) != nil {
			break
		}
	}
	t.State = done
	if err != nil {
		t.State, t.Reason = failed, reason(err)
	}
	t.UpdatedAt = now()
	return t, x.Save(context.WithoutCancel(ctx), t)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// reason is one bounded line with the cloud's code and, if known, what to do.
func reason(err error) string {
	const most = 500
	text := string(soc.KindOf(err)) + ": " + err.Error()
	if next := soc.NextOf(err); next != "" {
		text += "; " + next
	}
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\n", " "), "?")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// act does the task once. It guards again: a task in the store may be older than the guard.
func (x Executor) act(ctx context.Context, t *soc.Task) error {
	switch t.Action {
	case WAFBlockIP, CloudFirewallBlock:
		ip, err := x.Own.checkIP(t.Target)
		if err != nil {
			return refused(*t, err)
		}
		b, err := x.Ports.Blocker(ctx, t.Account, t.Action)
		if err != nil {
			return err
		}
		handle, err := b.Block(ctx, ip, RuleName(t.ID))
		if err != nil {
			return err
		}
		t.Inverse = map[string]string{inverseHandle: handle}
		return nil
	case RAMDisableAccessKey:
		return x.disableKey(ctx, t)
	default:
		return &soc.Error{Kind: soc.Unsupported, Op: "execute task", Account: t.Account, Resource: t.Action, Err: errors.New("unknown action")}
	}
}

func (x Executor) disableKey(ctx context.Context, t *soc.Task) error {
	if err := x.Own.checkKey(t.Target); err != nil {
		return refused(*t, err)
	}
	keys, err := x.Ports.Keys(ctx, t.Account)
	if err != nil {
		return err
	}
	user, status, err := x.findOwner(ctx, keys, *t)
	if err != nil {
		return err
	}
	if t.Inverse == nil { // what an earlier attempt found counts: it may have changed the key
		t.Inverse = map[string]string{inverseUser: user, inverseStatus: status}
		if err := x.Save(ctx, *t); err != nil {
			return err
		}
	}
	if status == KeyOff {
		return nil
	}
	return keys.SetKeyStatus(ctx, user, t.Target, KeyOff)
}

// findOwner asks RAM which of the candidates has the key: a log may name several users.
func (x Executor) findOwner(ctx context.Context, keys Keys, t soc.Task) (user, status string, err error) {
	for _, u := range strings.Split(t.Params[ParamUsers], ",") {
		if err := x.Own.checkUser(u); err != nil {
			return "", "", refused(t, err)
		}
		status, err := keys.KeyStatus(ctx, u, t.Target)
		if soc.KindOf(err) == soc.NotFound {
			continue
		}
		return u, status, err
	}
	return "", "", &soc.Error{
		Kind: soc.NotFound, Op: "find the owner of an AccessKey", Account: t.Account, Resource: t.Target,
		Err: fmt.Errorf("none of the users %s has it", t.Params[ParamUsers]), Next: "look the key up in the RAM console; it may be deleted",
	}
}

func (x Executor) invert(ctx context.Context, t *soc.Task) error {
	switch t.Action {
	case WAFBlockIP, CloudFirewallBlock:
		b, err := x.Ports.Blocker(ctx, t.Account, t.Action)
		if err != nil {
			return err
		}
		return b.Unblock(ctx, t.Inverse[inverseHandle])
	case RAMDisableAccessKey:
		if t.Inverse[inverseStatus] != "Active" {
			return nil // it was inactive before us
		}
		keys, err := x.Ports.Keys(ctx, t.Account)
		if err != nil {
			return err
		}
		return keys.SetKeyStatus(ctx, t.Inverse[inverseUser], t.Target, "Active")
	default:
		return &soc.Error{Kind: soc.Unsupported, Op: "undo task", Account: t.Account, Resource: t.Action, Err: errors.New("unknown action")}
	}
}

// RuleName is the name under which a product keeps what a task made; it is unique to the task.
func RuleName(taskID string) string { return "fenghuo-" + strings.TrimPrefix(taskID, "task-") }

func refused(t soc.Task, err error) error {
	return &soc.Error{
		Kind: soc.Denied, Op: "execute task", Account: t.Account, Resource: quoteTarget(t.Target), Err: err,
		Next: "the guard of responses refuses this target; act by hand if it is right",
	}
}
