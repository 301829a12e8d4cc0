package sls

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Pauses of a [Writer] before it tries a group again that the client has given up for now.
const (
	writeWait    = time.Second
	writeLongest = 30 * time.Second
)

// headSize is the size of what every group begins with.
func (w *Writer) headSize() int { return len(w.Topic) + len(w.Source) + 12 + TagsSize(w.Tags) }

// add puts a log into the open group of its key; w.mu is held.
func (w *Writer) add(e Entry, size int) {
	l := w.lanes[e.HashKey]
	if l == nil {
		l = &writeLane{key: e.HashKey}
		w.lanes[e.HashKey] = l
	}
	if l.open.Len() > 0 && l.open.Size()+size > w.MaxBytes {
		w.seal(l)
	}
	if l.open.Len() == 0 {
		w.begin(l)
	}
	l.open.StartLog(uint32(e.Time.Unix()), uint32(e.Time.Nanosecond()))
	for _, f := range e.Fields {
		l.open.Field(f.Key, f.Value)
	}
	w.pending += size
	l.size += size
	if l.open.Len() >= w.MaxLogs || l.open.Size() >= w.MaxBytes {
		w.seal(l)
	}
}

// begin opens a group, which is sealed when it is old; w.mu is held.
func (w *Writer) begin(l *writeLane) {
	if w.Topic != "" {
		l.open.SetTopic(w.Topic)
	}
	if w.Source != "" {
		l.open.SetSource(w.Source)
	}
	for _, t := range w.Tags {
		l.open.AddTag(t.Key, t.Value)
	}
	l.group++
	group := l.group
	l.timer = time.AfterFunc(w.MaxAge, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if l.group == group && l.open.Len() > 0 {
			w.seal(l)
		}
	})
}

// seal gives the open group to be sent; w.mu is held.
func (w *Writer) seal(l *writeLane) {
	if l.open.Len() == 0 {
		return
	}
	l.timer.Stop()
	l.queue = append(l.queue, sealed{Unwritten{HashKey: l.key, Group: l.open.Bytes(), Logs: l.open.Len()}, l.size})
	l.open.Reset()
	l.size = 0
	w.moving++
	if !l.busy {
		l.busy = true
		w.ready = append(w.ready, l)
		select {
		case w.kick <- struct{}{}:
		default: // it was told already
		}
	}
}

// dispatch drains every lane that is ready, until the writer is closed. ctx is of the requests.
func (w *Writer) dispatch(ctx context.Context) {
	for {
		select {
		case <-w.kick:
		case <-w.quit:
			return
		}
		w.mu.Lock()
		for _, l := range w.ready {
			go w.drain(ctx, l)
		}
		w.ready = w.ready[:0]
		w.mu.Unlock()
	}
}

// sealAll seals every open group; w.mu is held.
func (w *Writer) sealAll() {
	for _, l := range w.lanes {
		w.seal(l)
	}
}

// takeFailed hands over what could not be written and frees its room; w.mu is held.
func (w *Writer) takeFailed() []Unwritten {
	var out []Unwritten
	for _, f := range w.failed {
		out = append(out, f.Unwritten)
		w.pending -= f.size
	}
	w.failed = nil
	w.wake()
	return out
}

// wake lets everybody who waits look again; w.mu is held.
func (w *Writer) wake() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// drain writes the groups of a lane one after the other, until there are none.
func (w *Writer) drain(ctx context.Context, l *writeLane) {
	for {
		w.mu.Lock()
		if len(l.queue) == 0 {
			l.busy = false
			if l.open.Len() == 0 {
				delete(w.lanes, l.key)
			}
			w.mu.Unlock()
			return
		}
		g := l.queue[0]
		l.queue = l.queue[1:]
		w.mu.Unlock()
		g.Err = w.write(ctx, g.Unwritten)
		w.mu.Lock()
		w.moving--
		if g.Err != nil {
			w.failed = append(w.failed, g)
		} else {
			w.pending -= g.size
		}
		w.wake()
		w.mu.Unlock()
	}
}

// write writes a group, again and again while that may help and the writer is not closed.
func (w *Writer) write(ctx context.Context, g Unwritten) error {
	for wait := writeWait; ; wait = min(2*wait, writeLongest) {
		err := w.once(ctx, g)
		if err == nil || !soc.Retryable(err) || ctx.Err() != nil || !sleep(ctx, wait) {
			return err
		}
	}
}

func (w *Writer) once(ctx context.Context, g Unwritten) error {
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return w.fault(soc.Timeout, context.Cause(ctx))
	}
	defer func() { <-w.slots }()
	if ctx.Err() != nil {
		return w.fault(soc.Timeout, context.Cause(ctx))
	}
	return w.To.PutLogs(ctx, w.Logstore, g.Group, g.HashKey)
}
