package collect

import (
	"context"
	"errors"
	"fmt"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Puller pulls logs; *sls.Project is one.
type Puller interface {
	Pull(ctx context.Context, logstore string, shard int, from sls.Cursor, opts sls.PullOptions) (*sls.Page, error)
}

// pages pulls one page after the other.
type pages struct {
	in       Puller
	logstore string
	shard    int
	at, end  sls.Cursor // end is exclusive, 0 for none
	count    int        // groups to ask for; 0 = as many as allowed
	buf      sls.PageBuffer
}

// next pulls the page at p.at; the caller moves p.at on. A page that cannot be decoded is cut in halves until the one
// group that is to blame stands alone: then the page is nil and bad tells why the group at p.at cannot be read. The page
// lives until the next call.
func (p *pages) next(ctx context.Context) (page *sls.Page, bad, err error) {
	if p.count == 0 {
		p.count = sls.MaxPullCount
	}
	for {
		page, err := p.in.Pull(ctx, p.logstore, p.shard, p.at, sls.PullOptions{Count: p.count, End: p.end, Buf: &p.buf})
		var malformed *sls.DecodeError
		switch {
		case err == nil:
			p.count = min(2*p.count, sls.MaxPullCount)
			return page, nil, nil
		case !errors.As(err, &malformed):
			return nil, nil, err
		case p.count == 1:
			return nil, err, nil
		}
		p.count /= 2
	}
}

// Span is a range of cursors [Begin, End) of one shard as an SLS trigger names it, in base64.
type Span struct {
	Logstore   string
	Shard      int
	Begin, End string
}

// Each reads a span and calls group for every LogGroup in it, in order, with its cursor in the shard that is read. The
// view lives until group returns. A group that cannot be decoded is given to poison, and reading goes on. Reading stops
// at the first error of either function, at the end of the span, or where there is no more data.
func Each(ctx context.Context, in Puller, s Span, group func(sls.Cursor, sls.Group) error, poison func(sls.Cursor, error) error) error {
	begin, err := sls.ParseCursor(s.Begin)
	if err != nil {
		return fmt.Errorf("begin of the range: %w", err)
	}
	end, err := sls.ParseCursor(s.End)
	if err != nil {
		return fmt.Errorf("end of the range: %w", err)
	}
	if end < begin {
		return &soc.Error{Kind: soc.Invalid, Op: "read range", Resource: s.Logstore, Err: errors.New("it ends before it begins")}
	}
	p := &pages{in: in, logstore: s.Logstore, shard: s.Shard, at: begin, end: end}
	for p.at < end {
		page, bad, err := p.next(ctx)
		switch {
		case err != nil:
			return err
		case bad != nil:
			if err := poison(p.at, bad); err != nil {
				return err
			}
			p.at++
			continue
		case page.Next == p.at:
			return nil
		}
		for i, g := range page.Groups() {
			if at := page.CursorOf(i); at < end { // a service that knows no end cursor returns more
				if err := group(at, g); err != nil {
					return err
				}
			}
		}
		p.at = page.Next
	}
	return nil
}

// OriginOf returns the origin that [Run] stamped on a group of the stream. Its error is of kind Invalid.
func OriginOf(g sls.Group) (soc.Origin, error) {
	return soc.ParseOrigin(func(yield func(key, value string) bool) {
		for k, v := range g.Tags() {
			if !yield(string(k), string(v)) {
				return
			}
		}
	})
}
