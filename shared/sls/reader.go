package sls

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// The pauses of a [Reader] whose shard has no data, unless its configuration says otherwise.
const (
	FirstPause = 100 * time.Millisecond
	MaxPause   = time.Second
	// listAge is how long a reader believes that its shard still gets data; it only delays the report of a split.
	listAge = time.Minute
)

// ShardSource is where a [Reader] reads; *[Project] is one.
type ShardSource interface {
	Pull(ctx context.Context, logstore string, shard int, from Cursor, opts PullOptions) (*Page, error)
	Cursor(ctx context.Context, logstore string, shard int, from string) (Cursor, error)
	CursorTime(ctx context.Context, logstore string, shard int, at Cursor) (time.Time, error)
	ListShards(ctx context.Context, logstore string) ([]Shard, error)
}

// ReaderConfig says what a [Reader] reads.
type ReaderConfig struct {
	From       ShardSource
	Logstore   string
	Shard      int
	At         Cursor    // where to begin
	End        Cursor    // exclusive; 0 = as long as there is data
	ReadUpTo   time.Time // when the newest group before At arrived, if known: where a gap begins in time
	Query      string    // see [PullOptions]
	Index      bool      // see [PullOptions]
	NoAhead    bool      // do not pull the next page while the caller works on this one
	FirstPause time.Duration
	MaxPause   time.Duration
}

// Reader reads one shard page by page. While data waits, it pulls the next page as soon as it hands one out; on a shard
// without data it asks after growing pauses. It is not safe for concurrent use.
type Reader struct {
	ReaderConfig
	buf   [2]PageBuffer
	use   int    // of buf, for the next pull
	body  []byte // of the answer, needed by one pull at a time
	count int    // groups to ask for

	ahead  chan result // nil: nothing is being pulled
	cancel context.CancelFunc
	pause  time.Duration // before the next pull
	asked  time.Time     // when the last pull began
	state  shardState
	missed Cursor // first cursor of a gap that is not reported yet; 0 = none
	over   error
}

// result is how one pull went, and how many groups it asked for at last.
type result struct {
	page  *Page
	err   error
	count int
}

// NewReader returns a reader that has asked for nothing yet.
func NewReader(c ReaderConfig) *Reader {
	r := new(Reader)
	r.Reset(c)
	return r
}

// Reset ends what the reader does and begins anew, in the memory that it has.
func (r *Reader) Reset(c ReaderConfig) {
	r.Close()
	if c.FirstPause == 0 {
		c.FirstPause = FirstPause
	}
	if c.MaxPause == 0 {
		c.MaxPause = MaxPause
	}
	*r = Reader{ReaderConfig: c, buf: r.buf, body: r.body, count: MaxPullCount, state: shardState{id: c.Shard}}
}

// Position returns the cursor behind the page that was returned last.
func (r *Reader) Position() Cursor { return r.At }

// Next returns the next page. On a shard without new data it waits for the pause that is due, asks once, and returns an
// empty page, so that the caller stays in charge; the pauses double up to MaxPause and end with the first data. A page
// that moves on without data, as a filter makes them, is no sign of an idle shard. The page lives until the next call
// of Next or Close.
//
// The error is io.EOF at End; a [*ShardEnd] when the shard was split or merged and is read to its end. An error that
// carries a [*DecodeError] is about the one group at Position, which alone cannot be decoded: [Reader.Skip] goes on
// behind it. Other errors are of the pull; the next call tries again from the same place.
func (r *Reader) Next(ctx context.Context) (*Page, error) {
	if r.over == nil && r.End != 0 && r.At >= r.End {
		r.over = io.EOF
	}
	if r.over != nil {
		return nil, r.over
	}
	known := r.state.readOnly // before the pull: data written in between would be lost
	page, err := r.pull(ctx)
	if err != nil {
		return nil, err
	}
	idle := page.Count == 0 && page.Next == r.At
	r.findGap(ctx, page)
	r.At = page.Next
	if page.Count > 0 && !page.Time.IsZero() {
		r.ReadUpTo = page.Time
	}
	switch {
	case !page.EndReached:
		r.pause = 0
		if !r.NoAhead && (r.End == 0 || r.At < r.End) {
			r.start(ctx)
		}
	case !idle:
		r.pause = r.FirstPause
	case known:
		r.over = &ShardEnd{Shard: r.Shard, At: r.At, Next: r.state.next}
		return nil, r.over
	case r.End == 0 && r.state.learn(ctx, r.From, r.Logstore):
		r.pause = 0 // once more, and then it is over
	default:
		r.pause = min(max(2*r.pause, r.FirstPause), r.MaxPause)
	}
	return page, nil
}

// Skip goes on behind the group at the position, which cannot be decoded, and returns its cursor.
func (r *Reader) Skip() Cursor {
	at := r.At
	r.At++
	return at
}

// Close ends a pull in flight. The last page dies with it.
func (r *Reader) Close() {
	if r.ahead != nil {
		r.cancel()
		r.take(<-r.ahead)
	}
}

// pull returns the page that is under way, or one that it asks for, and looks at what its failure means.
func (r *Reader) pull(ctx context.Context) (*Page, error) {
	for {
		res, err := r.wait(ctx)
		if err != nil {
			return nil, err
		}
		var e *soc.Error
		var malformed *DecodeError
		switch err = res.err; {
		case err == nil:
			return res.page, nil
		case errors.As(err, &malformed):
			return nil, err
		case soc.KindOf(err) == soc.NotFound && r.state.gone(ctx, r.From, r.Logstore):
			r.over = &ShardEnd{Shard: r.Shard, At: r.At, Next: r.state.next, Expired: true}
			return nil, r.over
		case errors.As(err, &e) && refusesCursor(e.Code) && r.restart(ctx):
			continue
		}
		return nil, err
	}
}

// refusesCursor tells whether a pull was refused for its cursor.
//
// Assumption: a cursor that has expired may be refused with one of these codes; otherwise the service moves it to the
// oldest group, which shows in the cursors of the page.
func refusesCursor(code string) bool { return code == "ParameterInvalid" || code == "InvalidCursor" }

// restart goes on at the oldest group when the position has expired.
func (r *Reader) restart(ctx context.Context) bool {
	begin, err := r.From.Cursor(ctx, r.Logstore, r.Shard, "begin")
	if err != nil || begin <= r.At {
		return false
	}
	if r.missed == 0 {
		r.missed = r.At
	}
	r.At = begin
	return true
}

// findGap marks a page that does not begin where it should. A filter leaves groups out, so it hides gaps.
func (r *Reader) findGap(ctx context.Context, page *Page) {
	from, to := r.At, page.First()
	if r.missed != 0 {
		from = r.missed
	}
	if to <= from || r.Query != "" {
		return
	}
	r.missed = 0
	page.Gap = &Gap{From: from, To: to, Since: r.ReadUpTo}
	if at, err := r.From.CursorTime(ctx, r.Logstore, r.Shard, to); err == nil { // else it stays unknown
		page.Gap.Until = at
	}
}

// wait returns the result of the pull that is under way, or of one that it starts when its pause is over.
func (r *Reader) wait(ctx context.Context) (result, error) {
	for {
		fresh := r.ahead == nil
		if fresh {
			if d := r.pause - time.Since(r.asked); r.pause > 0 && d > 0 && !sleep(ctx, d) {
				return result{}, r.ended(ctx)
			}
			r.start(ctx)
		}
		select {
		case res := <-r.ahead:
			r.take(res)
			if res.err == nil || fresh || ctx.Err() != nil || soc.KindOf(res.err) != soc.Timeout {
				return res, nil
			} // else it was the context of the call before that ended
		case <-ctx.Done():
			r.Close()
			return result{}, r.ended(ctx)
		}
	}
}

func (r *Reader) ended(ctx context.Context) error {
	return &soc.Error{Kind: soc.Timeout, Op: "pull logs", Resource: r.Logstore, Err: context.Cause(ctx)}
}

// start pulls the page at the position into the buffer that the caller does not look at.
func (r *Reader) start(ctx context.Context) {
	ctx, r.cancel = context.WithCancel(ctx)
	buf := &r.buf[r.use]
	buf.body, r.body = r.body, nil
	ch := make(chan result, 1)
	r.ahead, r.asked = ch, time.Now()
	c, count := r.ReaderConfig, r.count
	go func() { ch <- fetch(ctx, c, count, buf) }()
}

// take ends the pull under way.
func (r *Reader) take(res result) {
	r.cancel()
	r.body, r.buf[r.use].body = r.buf[r.use].body, nil
	r.use, r.ahead, r.count = 1-r.use, nil, res.count
}

// fetch pulls a page. One that cannot be decoded is cut in halves until the group that is to blame stands alone.
func fetch(ctx context.Context, c ReaderConfig, count int, buf *PageBuffer) result {
	for {
		page, err := c.From.Pull(ctx, c.Logstore, c.Shard, c.At, PullOptions{Count: count, End: c.End, Query: c.Query, Index: c.Index, Buf: buf})
		var malformed *DecodeError
		switch {
		case err == nil:
			return result{page, nil, min(2*count, MaxPullCount)}
		case !errors.As(err, &malformed) || count == 1:
			return result{nil, err, count}
		}
		count /= 2
	}
}
