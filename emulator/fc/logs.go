package fc

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	ringLines = 500
	maxLine   = 32 << 10 // bytes; longer lines are cut into several
	tailBytes = 4 << 10  // of x-fc-log-result (fc.md §4.2)
)

// functionLog keeps the last lines of a function and what still has to be delivered.
type functionLog struct {
	mu      sync.Mutex
	lines   []string
	pending []logRow
}

type logRow struct {
	at                           time.Time
	message, requestID, instance string
	qualifier, version           string
	project, logstore            string
}

func (l *functionLog) add(r logRow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines = append(l.lines, r.message); len(l.lines) > 2*ringLines {
		l.lines = slices.Clone(l.lines[ringLines:])
	}
	if r.project != "" {
		l.pending = append(l.pending, r)
	}
}

// Logs returns the last lines that the instances of a function printed, oldest first, with notes of the platform.
func (s *Service) Logs(accountID, name string) []string {
	s.mu.Lock()
	f := s.lookup(accountID, name)
	s.mu.Unlock()
	if f == nil {
		return nil
	}
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	return slices.Clone(f.log.lines[max(0, len(f.log.lines)-ringLines):])
}

// note writes a line of the platform itself; it is not delivered to the log service.
func (f *function) note(text string) { f.log.add(logRow{message: "[fc] " + text}) }

// flushLogs delivers what is pending as one log group per Logstore.
//
// Assumption: the platform writes function logs with its own identity, so the function's role needs no log permission.
func (s *Service) flushLogs(f *function) {
	f.log.mu.Lock()
	rows := f.log.pending
	f.log.pending = nil
	f.log.mu.Unlock()
	if s.o.Sink == nil {
		return
	}
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && n < 1000 && rows[n].project == rows[0].project && rows[n].logstore == rows[0].logstore {
			n++
		}
		var g logGroup
		g.begin("FCLogs:"+f.name, f.name)
		for _, r := range rows[:n] {
			g.log(r.at, "functionName", f.name, "qualifier", r.qualifier, "versionId", r.version, "message", r.message,
				"instanceID", r.instance, "requestId", r.requestID)
		}
		if err := s.o.Sink.Append(f.account, rows[0].project, rows[0].logstore, g.buf, s.o.Clock()); err != nil {
			f.note("logs not delivered: " + err.Error())
		}
		rows = rows[n:]
	}
}

// instanceLog is what one instance prints, cut into lines and assigned to requests by the markers (fc.md §1.6).
type instanceLog struct {
	in  *instance
	log *functionLog
	now func() time.Time

	mu      sync.Mutex
	streams []*lineStream
	open    []string         // request ids between their markers
	tails   map[string]*tail // requests whose log the caller asked for
	last    []string         // the last lines, for start failures
	marks   bool             // the program prints markers of invocations
}

// tail collects the log of one request.
type tail struct {
	text  []byte
	begun bool // the start marker was read; lines before it belong to hooks
	ended chan struct{}
}

// lineStream is stdout or stderr of one process.
type lineStream struct {
	l    *instanceLog
	part []byte
}

func (l *instanceLog) stream() *lineStream {
	st := &lineStream{l: l}
	l.mu.Lock()
	l.streams = append(l.streams, st)
	l.mu.Unlock()
	return st
}

// Write takes output of the process; it never fails.
func (st *lineStream) Write(p []byte) (int, error) {
	st.l.mu.Lock()
	defer st.l.mu.Unlock()
	rest := p
	for {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		st.part = append(st.part, rest[:i]...)
		rest = rest[i+1:]
		st.emit()
	}
	for st.part = append(st.part, rest...); len(st.part) > maxLine; {
		over := slices.Clone(st.part[maxLine:])
		st.part = st.part[:maxLine]
		st.emit()
		st.part = over
	}
	return len(p), nil
}

// emit needs l.mu.
func (st *lineStream) emit() {
	st.l.line(strings.ToValidUTF8(strings.TrimSuffix(string(st.part), "\r"), "\uFFFD"))
	st.part = st.part[:0]
}

// flush emits lines without an end. The process is gone, so nothing is written meanwhile.
func (l *instanceLog) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, st := range l.streams {
		if len(st.part) > 0 {
			st.emit()
		}
	}
	l.streams = nil
	for id, t := range l.tails {
		close(t.ended)
		delete(l.tails, id)
	}
}

// line needs l.mu.
func (l *instanceLog) line(text string) {
	id, begins, ends := l.request(text)
	row := logRow{at: l.now(), message: text, requestID: id, instance: l.in.id, qualifier: l.in.qualifier, version: l.in.rev.version}
	if c := l.in.rev.spec.LogConfig; c != nil {
		row.project, row.logstore = c.Project, c.Logstore
	}
	l.log.add(row)
	if l.last = append(l.last, text); len(l.last) > 5 {
		l.last = l.last[1:]
	}
	t := l.tails[id]
	if t != nil && begins {
		t.begun = true
	}
	if t == nil || !t.begun {
		return
	}
	if t.text = append(append(t.text, text...), '\n'); len(t.text) > tailBytes {
		t.text = t.text[len(t.text)-tailBytes:]
	}
	if ends {
		close(t.ended)
		delete(l.tails, id)
	}
}

// marker is a line by which a program says where the log of a request or a hook begins and ends (fc.md §1.6).
var marker = regexp.MustCompile(`^FC (Invoke|Initialize|PreStop|PreFreeze) (Start|End) RequestId: ([^\s,]+)`)

// request tells which request a line belongs to, and whether it begins or ends an invocation.
func (l *instanceLog) request(text string) (id string, begins, ends bool) {
	if m := marker.FindStringSubmatch(text); m != nil {
		id = m[3]
		l.marks = l.marks || m[1] == "Invoke"
		if m[2] == "Start" {
			l.open = append(l.open, id)
			return id, m[1] == "Invoke", false
		}
		l.open = slices.DeleteFunc(l.open, func(o string) bool { return o == id })
		return id, false, m[1] == "Invoke"
	}
	if len(l.open) == 1 {
		return l.open[0], false, false
	}
	for _, o := range l.open {
		if strings.Contains(text, o) {
			return o, false, false
		}
	}
	return "", false, false
}

// follow collects the log of a request from now on.
func (l *instanceLog) follow(id string) *tail {
	t := &tail{ended: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tails == nil {
		l.tails = map[string]*tail{}
	}
	l.tails[id] = t
	return t
}

// How long the end marker of a request is waited for after its answer, for a program that prints markers and for one that
// has printed none so far.
const (
	markerLate = 5 * time.Second
	noMarker   = time.Second
)

// drop ends follow without a result.
func (l *instanceLog) drop(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tails, id)
}

// collect ends follow and adds the summary line. The output runs through a pipe beside the answer, so it waits a moment
// for the end marker.
func (l *instanceLog) collect(id string, t *tail, summary string) string {
	l.mu.Lock()
	limit := noMarker
	if l.marks {
		limit = markerLate
	}
	l.mu.Unlock()
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-t.ended:
	case <-late.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tails, id)
	text := append(t.text, summary...)
	return base64.StdEncoding.EncodeToString(text[max(0, len(text)-tailBytes):])
}

// summary is the last line of a log tail.
//
// Assumption: its wording, and that time is billed by the millisecond.
func (o *outcome) summary(memory int) string {
	ms := float64(o.duration.Microseconds()) / 1000
	return fmt.Sprintf("Duration: %.2f ms, Billed Duration: %.0f ms, Memory Size: %d MB, Max Memory Used: %.2f MB\n", ms, math.Ceil(ms), memory, o.memory)
}

// lastWords is what the process printed last, for error messages.
func (l *instanceLog) lastWords() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.last) == 0 {
		return ""
	}
	return "; its last output: " + strings.Join(l.last, " | ")
}
