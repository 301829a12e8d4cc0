package sls

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// LogPutter is where a [Writer] writes; *[Project] is one.
type LogPutter interface {
	PutLogs(ctx context.Context, logstore string, raw []byte, hashKey string) error
}

// WriterConfig says where a [Writer] writes and when.
type WriterConfig struct {
	To            LogPutter
	Logstore      string
	Topic, Source string
	Tags          []soc.Tag
	MaxBytes      int           // of a group; 0 = 1 MiB
	MaxLogs       int           // of a group; 0 = 4096
	MaxAge        time.Duration // of a log before it is sent; 0 = 2 s
	InFlight      int           // requests under way at once; 0 = 4
	MaxPending    int           // bytes that wait, are under way or could not be written; 0 = 32 MiB
}

// Entry is one log for a [Writer].
type Entry struct {
	Time    time.Time
	HashKey string // a prefix of 32 hex digits that chooses the shard; "" leaves it to the service
	Fields  []Field
}

// Field is a key and a value of a log.
type Field struct{ Key, Value string }

// Writer gathers logs into groups and writes them: by hash key, when a group is large, long or old enough. Groups of one
// key are written in order. It is safe for concurrent use.
//
// It never grows over MaxPending: Write then waits. What the service refuses stays with the writer, counted against
// MaxPending, until Flush or Close hands it back; what may succeed later is tried until the writer is closed.
type Writer struct {
	WriterConfig
	stop  context.CancelCauseFunc // ends the requests
	slots chan struct{}
	kick  chan struct{} // tells the dispatcher that lanes are ready
	quit  chan struct{} // ends the dispatcher

	mu      sync.Mutex
	lanes   map[string]*writeLane
	ready   []*writeLane  // to be drained
	pending int           // bytes
	moving  int           // groups that are sealed and not settled
	changed chan struct{} // closed and replaced when pending or moving falls
	failed  []sealed
	closed  bool
}

// writeLane is the logs of one hash key: the open group, and those that wait behind the one under way.
type writeLane struct {
	key   string
	open  Builder
	size  int         // of the open group, as it counts
	group int         // number of the open group
	timer *time.Timer // of the open group
	queue []sealed
	busy  bool
}

// sealed is a group that takes no more logs, and the room that it takes.
type sealed struct {
	Unwritten
	size int
}

// Unwritten is a group that was not written. Whether the service has it nevertheless is unknown when the kind of Err is
// Timeout.
type Unwritten struct {
	HashKey string
	Group   []byte // serialized, as [Project.PutLogs] takes it
	Logs    int
	Err     error
}

// UnwrittenError hands over the groups that a [Writer] could not write. It wraps their errors.
type UnwrittenError struct{ Groups []Unwritten }

// Error says how much there is, and why the first of it was not written.
func (e *UnwrittenError) Error() string {
	logs := 0
	for _, g := range e.Groups {
		logs += g.Logs
	}
	return fmt.Sprintf("%d logs in %d groups were not written: %v", logs, len(e.Groups), e.Groups[0].Err)
}

// Unwrap returns the causes.
func (e *UnwrittenError) Unwrap() []error {
	var errs []error
	for _, g := range e.Groups {
		errs = append(errs, g.Err)
	}
	return errs
}

// errClosed ends the writes of a writer whose time to close is over.
var errClosed = errors.New("the writer was closed")

// NewWriter returns a writer whose requests end with ctx. Close it.
func NewWriter(ctx context.Context, c WriterConfig) *Writer {
	for _, d := range []struct {
		n       *int
		initial int
	}{{&c.MaxBytes, 1 << 20}, {&c.MaxLogs, 4096}, {&c.InFlight, 4}, {&c.MaxPending, 32 << 20}} {
		if *d.n <= 0 {
			*d.n = d.initial
		}
	}
	if c.MaxAge <= 0 {
		c.MaxAge = 2 * time.Second
	}
	w := &Writer{
		WriterConfig: c, slots: make(chan struct{}, c.InFlight), kick: make(chan struct{}, 1), quit: make(chan struct{}),
		lanes: map[string]*writeLane{}, changed: make(chan struct{}),
	}
	ctx, w.stop = context.WithCancelCause(ctx)
	go w.dispatch(ctx)
	return w
}

// Write takes a log. It waits while there is no room. Kinds: Invalid for a log over the limits; Timeout when ctx ends
// first; Conflict on a closed writer; the kind of what could not be written, when that fills all the room.
func (w *Writer) Write(ctx context.Context, e Entry) error {
	size := 16
	for _, f := range e.Fields {
		size += pairSize(f.Key, f.Value) + 6
	}
	if size > min(w.MaxPending, MaxGroupBytes-w.headSize()) {
		return w.fault(soc.Invalid, fmt.Errorf("a log of %d bytes is over the limits", size))
	}
	for {
		w.mu.Lock()
		if w.closed {
			w.mu.Unlock()
			return w.fault(soc.Conflict, errClosed)
		}
		if w.pending+size <= w.MaxPending {
			w.add(e, size)
			w.mu.Unlock()
			return nil
		}
		w.sealAll() // or it would wait for their age
		if w.moving == 0 && len(w.failed) > 0 {
			err := w.failed[0].Err
			w.mu.Unlock()
			return fmt.Errorf("no room: %w", err)
		}
		changed := w.changed
		w.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return w.fault(soc.Timeout, context.Cause(ctx))
		}
	}
}

// Flush sends what is there and waits until all of it is settled. What was refused is handed over in an
// [*UnwrittenError], once. When ctx ends first the error is of kind Timeout, and the writer keeps everything.
func (w *Writer) Flush(ctx context.Context) error {
	for {
		w.mu.Lock()
		w.sealAll()
		if w.moving == 0 {
			failed := w.takeFailed()
			w.mu.Unlock()
			if len(failed) > 0 {
				return &UnwrittenError{failed}
			}
			return nil
		}
		changed := w.changed
		w.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return w.fault(soc.Timeout, context.Cause(ctx))
		}
	}
}

// Close flushes and ends the writer. When ctx ends first, what is under way is given up. All that was not written is
// handed over in an [*UnwrittenError]; nothing is left behind. Closing again does nothing.
func (w *Writer) Close(ctx context.Context) error {
	w.mu.Lock()
	again := w.closed
	w.closed = true
	w.mu.Unlock()
	if again {
		return nil
	}
	err := w.Flush(ctx)
	w.stop(errClosed)
	if soc.KindOf(err) == soc.Timeout && !errors.As(err, new(*UnwrittenError)) {
		err = w.Flush(context.WithoutCancel(ctx)) // every request ends now
	}
	close(w.quit)
	return err
}

func (w *Writer) fault(kind soc.Kind, err error) error {
	return &soc.Error{Kind: kind, Op: "write logs", Resource: w.Logstore, Err: err}
}
