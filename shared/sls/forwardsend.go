package sls

import (
	"context"
	"errors"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// send writes a batch in one request, or group by group when the service does not take it as a whole.
func (w *writing) send(ctx context.Context, b *Batch, spans []source) error {
	defer b.Reset()
	var batchErr error
	if len(spans) > 1 && !w.f.single.Load() {
		batchErr = w.request(ctx, func() error { return w.f.To.PutBatch(ctx, w.f.Logstore, b, w.f.HashKey) })
		if k := soc.KindOf(batchErr); k != soc.Invalid && k != soc.Unsupported {
			return batchErr
		}
	}
	var part []byte // of its own: the lane's is filled for the next request meanwhile
	for _, s := range spans {
		var err error
		if part, err = w.remake(part, s); err != nil {
			return err
		}
		if err := w.alone(ctx, part, s); err != nil {
			return err
		}
	}
	if batchErr != nil && len(w.refused) == 0 {
		w.f.single.Store(true) // it took every group: it was the mode that it refused
	}
	return nil
}

// remake builds a part again from its source.
func (w *writing) remake(dst []byte, s source) ([]byte, error) {
	if s.logs == 0 {
		return AppendTags(dst[:0], s.raw, w.identity(s.at, 0)), nil
	}
	var c cutter
	if err := c.open(s.raw); err != nil {
		return nil, err
	}
	return c.build(dst[:0], s.first, s.logs, w.identity(s.at, s.first)), nil
}

// alone writes one group. One that is too large for the service is split further; what it refuses is kept with its
// identity.
func (w *writing) alone(ctx context.Context, part []byte, s source) error {
	err := w.request(ctx, func() error { return w.f.To.PutLogs(ctx, w.f.Logstore, part, w.f.HashKey) })
	if soc.KindOf(err) != soc.Invalid {
		return err
	}
	if codeOf(err) == "PostBodyTooLarge" {
		if halved, err := w.halve(ctx, s); halved || err != nil {
			return err
		}
	}
	w.refused = append(w.refused, Refused{Cursor: s.at, First: s.first, Logs: s.logs, Err: err})
	return nil
}

// halve writes a source in two parts, unless it is one log.
//
// Assumption: the limit is lower than the documented 10 MB in places (sls.md §3.4), so that a part may pass.
func (w *writing) halve(ctx context.Context, s source) (bool, error) {
	var c cutter
	if err := c.open(s.raw); err != nil {
		return false, err
	}
	if s.logs == 0 {
		s.logs = c.len()
	}
	if s.logs < 2 {
		return false, nil
	}
	left, right := s, s
	left.logs = s.logs / 2
	right.first, right.logs = s.first+left.logs, s.logs-left.logs
	for _, part := range []source{left, right} {
		if err := w.alone(ctx, c.build(nil, part.first, part.logs, w.identity(part.at, part.first)), part); err != nil {
			return false, err
		}
	}
	return true, nil
}

// request runs one request within the bound of the forwarder.
func (w *writing) request(ctx context.Context, do func() error) error {
	select {
	case w.f.slots <- struct{}{}:
	case <-ctx.Done():
		return &soc.Error{Kind: soc.Timeout, Op: "put logs", Resource: w.f.Logstore, Err: context.Cause(ctx)}
	}
	defer func() { <-w.f.slots }()
	return do()
}

func codeOf(err error) string {
	var e *soc.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
