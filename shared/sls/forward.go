package sls

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// GroupPutter is where a [Forwarder] writes; *[Project] is one.
type GroupPutter interface {
	PutLogs(ctx context.Context, logstore string, raw []byte, hashKey string) error
	PutBatch(ctx context.Context, logstore string, b *Batch, hashKey string) error
}

// Identity returns the tags that say where a group came from: at is its cursor, and first the number of its first log,
// which is not 0 for the later parts of a group that had to be split. Readers number such a part with [Group.CountFrom].
type Identity func(at Cursor, first int) []soc.Tag

// ForwardConfig says where a [Forwarder] writes and within which limits.
type ForwardConfig struct {
	To         GroupPutter
	Logstore   string
	HashKey    string // see [Project.PutLogs]
	InFlight   int    // requests under way at once, over all shards; 0 = 16
	MaxRequest int    // raw bytes of one request of several groups; 0 = 2 MiB
	MaxGroup   int    // raw bytes of one group with its tags; 0 = [MaxGroupBytes]
}

// Forwarder passes groups on to another Logstore, undecoded, with tags added. Groups go several to a request, and as
// written: a group is split only when it is over the limits, at log boundaries, every part with the group's own topic,
// source and tags. When the service does not know requests of several groups, each group gets its own. One forwarder
// serves many shards at once.
type Forwarder struct {
	ForwardConfig
	slots  chan struct{}
	single atomic.Bool // requests of several groups are refused here
}

// NewForwarder returns a forwarder.
func NewForwarder(c ForwardConfig) *Forwarder {
	if c.InFlight <= 0 {
		c.InFlight = 16
	}
	if c.MaxRequest <= 0 {
		c.MaxRequest = 2 << 20
	}
	if c.MaxGroup <= 0 {
		c.MaxGroup = MaxGroupBytes
	}
	return &Forwarder{ForwardConfig: c, slots: make(chan struct{}, c.InFlight)}
}

// Refused is logs that the target can never take, by their identity in the source.
type Refused struct {
	Cursor Cursor // of the group
	First  int    // number of the first log
	Logs   int    // how many; 0 = the whole group
	Err    error
}

// Lane is the state of one source shard: memory that is used again, and the order of its writes. The zero value is
// ready. It serves one call of Forward at a time.
type Lane struct {
	batch [2]Batch
	part  []byte // the group that is being written
	cuts  cutter
	spans [2][]source // which groups are in the batches
}

// source is a group, or a part of one, in a batch.
type source struct {
	raw   []byte // of the whole group
	at    Cursor
	first int
	logs  int // of the part; 0 = the whole group
}

// Forward writes every group of the page and returns when all are stored, with those that were refused for good: the
// caller keeps their identity and may go on. Within a lane a request is sent when the one before it is answered, so groups
// arrive in order; the next request is made ready meanwhile. Groups without logs are left out, as nothing of them could
// be found again. On an error nothing may count as stored: the whole page is forwarded again, and its groups have the
// same identity. Kinds as [Project.PutLogs], without Invalid.
func (f *Forwarder) Forward(ctx context.Context, lane *Lane, page *Page, identity Identity) ([]Refused, error) {
	w := &writing{f: f, lane: lane, identity: identity}
	for i, g := range page.Groups() {
		if g.NumLogs() == 0 {
			continue
		}
		if err := w.add(ctx, g.Raw(), page.CursorOf(i)); err != nil {
			_ = w.settle() // the first error counts; what is under way must end
			return nil, err
		}
	}
	if err := w.flush(ctx); err != nil {
		return nil, err
	}
	if err := w.settle(); err != nil {
		return nil, err
	}
	return w.refused, nil
}

// writing is one call of Forward.
type writing struct {
	f        *Forwarder
	lane     *Lane
	identity Identity
	use      int           // batch that is being filled
	sent     chan *writing // nil: no request is under way
	refused  []Refused
	err      error
}

// add puts a group into the batch, in parts when it is too large.
func (w *writing) add(ctx context.Context, raw []byte, at Cursor) error {
	if tags := w.identity(at, 0); len(raw)+TagsSize(tags) <= w.f.MaxGroup {
		w.lane.part = AppendTags(w.lane.part[:0], raw, tags)
		return w.put(ctx, source{raw: raw, at: at})
	}
	return w.split(ctx, raw, at)
}

// put puts the part in the lane's memory into the batch, which is sent when it is full.
func (w *writing) put(ctx context.Context, s source) error {
	b := &w.lane.batch[w.use]
	if b.Len() > 0 && b.RawSize()+len(w.lane.part) > w.f.MaxRequest {
		if err := w.flush(ctx); err != nil {
			return err
		}
		b = &w.lane.batch[w.use]
	}
	if b.Len() == 0 {
		b.Reset()
		w.lane.spans[w.use] = w.lane.spans[w.use][:0]
	}
	w.lane.spans[w.use] = append(w.lane.spans[w.use], s)
	return b.Add(w.lane.part)
}

// flush waits for the request under way and sends the batch.
func (w *writing) flush(ctx context.Context) error {
	if err := w.settle(); err != nil {
		return err
	}
	b, spans := &w.lane.batch[w.use], w.lane.spans[w.use]
	if b.Len() == 0 {
		return nil
	}
	w.use = 1 - w.use
	w.lane.batch[w.use].Reset()
	done, sub := make(chan *writing, 1), &writing{f: w.f, identity: w.identity}
	w.sent = done
	go func() {
		sub.err = sub.send(ctx, b, spans)
		done <- sub
	}()
	return nil
}

// settle waits for the request under way.
func (w *writing) settle() error {
	if w.sent == nil {
		return nil
	}
	sub := <-w.sent
	w.sent, w.refused = nil, append(w.refused, sub.refused...)
	return sub.err
}

// split puts a group into the batch in parts within the limit. A log that alone is over it is refused.
func (w *writing) split(ctx context.Context, raw []byte, at Cursor) error {
	c := &w.lane.cuts
	if err := c.open(raw); err != nil {
		return err
	}
	for first := 0; first < c.len(); {
		tags := w.identity(at, first)
		n := c.fit(first, w.f.MaxGroup-TagsSize(tags))
		if n == 0 {
			err := fmt.Errorf("alone and with its tags it is over %d bytes", w.f.MaxGroup)
			w.refused = append(w.refused, Refused{at, first, 1, &soc.Error{Kind: soc.Invalid, Op: "forward log", Err: err}})
			first++
			continue
		}
		w.lane.part = c.build(w.lane.part[:0], first, n, tags)
		if err := w.put(ctx, source{raw: raw, at: at, first: first, logs: n}); err != nil {
			return err
		}
		first += n
	}
	return nil
}
