package fc

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// goPrefix is the path below which a program of go1 asks for its work (fc.md §2.1).
const goPrefix = "/2020-11-11/runtime/invocation/"

// goDriver serves the runtime API of go1 to one instance, on a port of its own. The program takes as much work as it is
// given, so a poll is held open until there is some; it is never answered with an error, which the program would repeat
// at once.
type goDriver struct {
	in     *instance
	region string
	server *http.Server
	addr   string
	work   chan *goWork
	done   chan struct{} // closed by close
	asks   chan struct{} // closed when the program asks for work for the first time
	first  sync.Once

	mu   sync.Mutex
	open map[string]*goWork // taken and not yet answered, by request id
}

// goWork is one request on its way through the program.
type goWork struct {
	id     string
	header http.Header
	event  []byte
	ctx    context.Context // ends when nobody waits for the answer any more
	answer chan *reply     // has room for the one answer
}

func newGoDriver(in *instance, region string) (*goDriver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve the runtime API: %w", err)
	}
	d := &goDriver{in: in, region: region, addr: l.Addr().String(), work: make(chan *goWork), done: make(chan struct{}), asks: make(chan struct{}), open: map[string]*goWork{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+goPrefix+"next", d.next)
	mux.HandleFunc("POST "+goPrefix+"{id}/response", func(w http.ResponseWriter, r *http.Request) { d.report(w, r, false) })
	mux.HandleFunc("POST "+goPrefix+"{id}/error", func(w http.ResponseWriter, r *http.Request) { d.report(w, r, true) })
	d.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = d.server.Serve(l) }() // ends with ErrServerClosed when close is called
	return d, nil
}

func (d *goDriver) address() string { return d.addr }

// started waits until the program asks for work, so that the limits of hooks and requests begin when it is there. A
// program that ends before is no failure of the start: the request tells of it.
func (d *goDriver) started(ctx context.Context, limit time.Duration) error {
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-d.asks:
	case <-d.in.exited:
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		return fmt.Errorf("the program did not ask for work within %v", limit)
	}
	return nil
}

// close ends the API; doing it again changes nothing.
func (d *goDriver) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.done:
	default:
		close(d.done)
		_ = d.server.Close() // the connections belong to a process that has gone
	}
}

// goTypes are the values of x-fc-function-type.
var goTypes = map[string]string{controlInvoke: "0", controlHTTP: "0", controlInitialize: "1", controlPreStop: "2"}

// send gives one request to whoever polls and waits for the answer, for the end of the process or of ctx.
func (d *goDriver) send(ctx context.Context, c *call, keys auth.Keys) (*reply, error) {
	w := &goWork{id: c.requestID, header: http.Header{}, event: c.body, ctx: ctx, answer: make(chan *reply, 1)}
	if c.control == controlHTTP {
		w.event = httpEvent(c, d.in.fn.account, time.Now())
	}
	for name, value := range d.in.metadata(c, keys, d.region) {
		w.header.Set(name, value)
	}
	w.header.Set("x-fc-function-type", goTypes[c.control])
	// The program measures its deadline with the clock of the machine, whatever the clock of this service says.
	if end, ok := ctx.Deadline(); ok {
		w.header.Set("x-fc-function-deadline", strconv.FormatInt(end.UnixMilli(), 10))
	}
	select {
	case d.work <- w:
	case <-d.in.exited:
		return nil, errGone
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case r := <-w.answer:
		return goAnswer(c, r)
	case <-d.in.exited:
	case <-ctx.Done():
	}
	d.mu.Lock()
	delete(d.open, w.id)
	d.mu.Unlock()
	select {
	case r := <-w.answer: // it came just before the end
		return goAnswer(c, r)
	default:
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, errGone
}

var errGone = fmt.Errorf("the process has ended")

// goAnswer turns the result of a request of an HTTP trigger into an HTTP answer.
func goAnswer(c *call, r *reply) (*reply, error) {
	switch {
	case len(r.body) > maxSync:
		return nil, errTooLarge
	case c.control == controlHTTP && !r.failed:
		return httpReply(r.body), nil
	}
	return r, nil
}

// next is the long poll.
func (d *goDriver) next(w http.ResponseWriter, r *http.Request) {
	d.first.Do(func() { close(d.asks) })
	for {
		select {
		case <-d.done:
			<-r.Context().Done() // the process is gone, or goes
			return
		case <-r.Context().Done():
			return
		case work := <-d.work:
			if work.ctx.Err() != nil {
				continue // nobody waits for it
			}
			d.mu.Lock()
			d.open[work.id] = work
			d.mu.Unlock()
			maps.Copy(w.Header(), work.header)
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(work.event) // the process died: send notices
			return
		}
	}
}

// report takes a result or an error. It must be answered with exactly 200.
func (d *goDriver) report(w http.ResponseWriter, r *http.Request, failed bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxSync+1))
	if err != nil {
		return // the process died: send notices
	}
	id := r.PathValue("id")
	d.mu.Lock()
	work := d.open[id]
	delete(d.open, id)
	d.mu.Unlock()
	if work == nil {
		unknownRequest(w, id)
		return
	}
	work.answer <- &reply{status: http.StatusOK, header: http.Header{}, body: body, failed: failed}
}

// unknownRequest answers a result that nobody waits for, such as a second one.
//
// Assumption: status and body; the program only looks whether it is 200.
func unknownRequest(w http.ResponseWriter, id string) {
	http.Error(w, "no request "+strings.ToValidUTF8(id, "?")+" is open", http.StatusBadRequest)
}
