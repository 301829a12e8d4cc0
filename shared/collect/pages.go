package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Puller pulls logs; *sls.Project is one.
type Puller interface {
	Pull(ctx context.Context, logstore string, shard int, from sls.Cursor, opts sls.PullOptions) (*sls.Page, error)
}

// Span is a range of cursors [Begin, End) of one shard as an SLS trigger names it, in base64.
type Span struct {
	Logstore   string
	Shard      int
	Begin, End string
}

// Each reads a span and calls group for every LogGroup in it, in order, with its cursor in the shard that is read. The
// view lives until group returns. A group that cannot be decoded is given to poison, and so is a range that expired unread,
// with its first cursor; reading goes on. Reading stops at the first error of either function, at the end of the span, or where there
// is no more data. The next page is pulled while group works.
func Each(ctx context.Context, in Puller, s Span, group func(sls.Cursor, sls.Group) error, poison func(sls.Cursor, error) error) error {
	begin, end, err := s.cursors()
	if err != nil {
		return err
	}
	r := sls.NewReader(sls.ReaderConfig{From: onlyPulls{in}, Logstore: s.Logstore, Shard: s.Shard, At: begin, End: end, Index: true, FirstPause: 1})
	defer r.Close()
	for {
		at := r.Position()
		page, err := r.Next(ctx)
		var malformed *sls.DecodeError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &malformed):
			if err := poison(r.Skip(), err); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		case page.Next == at:
			return nil
		}
		if page.Gap != nil {
			if err := poison(page.Gap.From, expired(page.Gap)); err != nil {
				return err
			}
		}
		for i, g := range page.Groups() {
			if at := page.CursorOf(i); at < end { // a service that knows no end cursor returns more
				if err := group(at, g); err != nil {
					return err
				}
			}
		}
	}
}

func (s Span) cursors() (begin, end sls.Cursor, err error) {
	if begin, err = sls.ParseCursor(s.Begin); err != nil {
		return 0, 0, fmt.Errorf("begin of the range: %w", err)
	}
	if end, err = sls.ParseCursor(s.End); err != nil {
		return 0, 0, fmt.Errorf("end of the range: %w", err)
	}
	if end < begin {
		return 0, 0, &soc.Error{Kind: soc.Invalid, Op: "read range", Resource: s.Logstore, Err: errors.New("it ends before it begins")}
	}
	return begin, end, nil
}

func expired(g *sls.Gap) error {
	return &soc.Error{
		Kind: soc.NotFound, Op: "read range", Err: errors.New(g.String()),
		Next: "lengthen the retention of the Logstore, or read it more often",
	}
}

// onlyPulls reads a range whose ends are known: nothing else has to be asked.
type onlyPulls struct{ Puller }

var errOnlyPulls = &soc.Error{Kind: soc.Unsupported, Op: "read range", Err: errors.New("only pulls are made here")}

func (onlyPulls) Cursor(context.Context, string, int, string) (sls.Cursor, error) {
	return 0, errOnlyPulls
}

func (onlyPulls) CursorTime(context.Context, string, int, sls.Cursor) (time.Time, error) {
	return time.Time{}, errOnlyPulls
}

func (onlyPulls) ListShards(context.Context, string) ([]sls.Shard, error) { return nil, errOnlyPulls }

// OriginOf returns the origin that [Run] stamped on a group of the stream, and the group with its logs numbered as in the member's
// LogGroup, also when that had to be split. Its error is of kind Invalid.
func OriginOf(g sls.Group) (soc.Origin, sls.Group, error) {
	o, err := soc.ParseOrigin(func(yield func(key, value string) bool) {
		for k, v := range g.Tags() {
			if !yield(string(k), string(v)) {
				return
			}
		}
	})
	return o, g.CountFrom(o.First), err
}
