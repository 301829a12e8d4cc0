package fc

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

const codeNotStarted = "FunctionNotStarted"

// instance is one process of a function.
type instance struct {
	id        string
	fn        *function
	rev       *revision
	qualifier string // that it was started for
	created   time.Time
	port      int       // of a custom runtime
	dir       string    // HOME and TMPDIR of the process
	keys      auth.Keys // of the start, for hooks without a request

	ready   chan struct{} // closed when the start has ended, well or not
	failure *outcome      // why the start failed; read after ready
	exited  chan struct{} // closed when the process is gone and its output is read
	cmd     *exec.Cmd     // set before ready; nil when nothing was started
	driver  driver        // set before ready
	lines   *instanceLog
	// stopping makes the shutdown happen once.
	stopping sync.Once

	// These need Service.mu.
	busy     int
	dead     bool // takes no more requests
	lastUsed time.Time
	frozen   bool
	// abandoned tells that a request may still run that no caller waits for.
	abandoned bool
}

type spawnRequest struct {
	cmd     *exec.Cmd
	started chan error
}

// start brings the process up, runs the Initializer and closes ready. It is called once per instance.
func (s *Service) start(in *instance, keys auth.Keys, requestID string) {
	defer close(in.ready)
	in.keys = keys
	var err error
	for try := range 3 {
		if err = s.launch(in, keys, try == 0); err == nil || !passing(err) {
			break
		}
	}
	if err != nil {
		in.failure = &outcome{refused: errorf(startFailureStatus(), codeNotStarted, "function instance could not be started: %v", err)}
		return
	}
	exited := in.exited
	s.background(func() {
		<-exited
		<-in.ready
		s.retire(in)
	})
	if h := in.rev.spec.initializer(); h != nil {
		in.failure = s.initialize(in, h, keys, requestID)
	}
}

// passing tells whether a start is worth another try: another program has the port, or it is held and the program does
// not share it; or the program file is still held by a process that is just being forked.
func passing(err error) bool {
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "address already in use") || strings.Contains(text, "text file busy")
}

// startFailureStatus is the status of FunctionNotStarted on the API.
//
// Assumption: 502, as for other failures of the function on HTTP triggers; the real status is unknown (fc.md §4.2).
func startFailureStatus() int { return http.StatusBadGateway }

// launch starts the process and waits for it. hold keeps its port for it meanwhile, so that it is no other program's server
// that answers there.
func (s *Service) launch(in *instance, keys auth.Keys, hold bool) error {
	release, err := s.connect(in, hold)
	if err != nil {
		return err
	}
	defer release()
	cmd, err := s.command(in, keys)
	if err != nil {
		in.driver.close()
		return err
	}
	exited := make(chan struct{})
	req := spawnRequest{cmd: cmd, started: make(chan error, 1)}
	s.spawn <- req
	if err := <-req.started; err != nil {
		in.driver.close()
		return err
	}
	in.cmd, in.exited = cmd, exited
	go func() {
		_ = cmd.Wait() // how it ended shows in the invocation
		killGroup(cmd.Process.Pid)
		in.lines.flush()
		close(exited)
	}()
	wait := in.waitServer
	if d, ok := in.driver.(*goDriver); ok {
		wait = d.started
	}
	if err := wait(s.ctx, s.o.Limits.StartTimeout); err != nil {
		killGroup(cmd.Process.Pid)
		<-exited
		in.driver.close()
		return fmt.Errorf("%w%s", err, in.lines.lastWords())
	}
	return nil
}

// connect makes the driver, and chooses the port of a custom runtime; release lets go of it.
func (s *Service) connect(in *instance, hold bool) (release func(), err error) {
	release = func() {}
	if in.rev.spec.Runtime == runtimeGo {
		d, err := newGoDriver(in, s.o.Region)
		if err == nil {
			in.driver = d
		}
		return release, err
	}
	if hold {
		in.port, release, err = holdPort()
	} else {
		in.port, err = freePort()
	}
	in.driver = newCustomDriver(in, s.o.Region)
	return release, err
}

// waitServer waits until a custom runtime is ready for requests.
func (in *instance) waitServer(ctx context.Context, limit time.Duration) error {
	if err := in.waitAccept(ctx, limit); err != nil {
		return err
	}
	if loopbackOnly(in.port) {
		return fmt.Errorf("the server listens on the loopback interface only: it must listen on 0.0.0.0:%d", in.port)
	}
	if h := in.rev.spec.healthCheck(); h != nil {
		return in.waitHealthy(ctx, h, limit)
	}
	return nil
}

// kill ends the process group at once; false when there was nothing to kill.
func (in *instance) kill() bool {
	<-in.ready
	if in.cmd == nil {
		return false
	}
	select {
	case <-in.exited:
		return false
	default:
	}
	killGroup(in.cmd.Process.Pid)
	<-in.exited
	return true
}

// shutdown stops an instance in good order: pre-stop hook, SIGTERM, SIGKILL. When ctx ends it goes straight to the kill.
// A second call waits for the first.
func (s *Service) shutdown(ctx context.Context, in *instance) {
	in.stopping.Do(func() { s.shutdownOnce(ctx, in) })
}

func (s *Service) shutdownOnce(ctx context.Context, in *instance) {
	<-in.ready
	if in.cmd != nil {
		s.mu.Lock()
		in.thaw()
		s.mu.Unlock()
		if h := in.rev.spec.preStop(); h != nil && in.failure == nil {
			s.preStop(ctx, in, h)
		}
		select {
		case <-in.exited:
		default:
			terminateGroup(in.cmd.Process.Pid)
		}
		grace := time.NewTimer(s.o.Limits.StopGrace)
		defer grace.Stop()
		select {
		case <-in.exited:
		case <-grace.C:
		case <-ctx.Done():
		}
		in.kill()
	}
	s.retire(in)
}

// retire takes an instance whose process is gone off the books; doing it again changes nothing.
func (s *Service) retire(in *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retireLocked(in)
}

// retireLocked needs s.mu.
func (s *Service) retireLocked(in *instance) {
	in.dead = true
	delete(s.instances, in)
	for i, other := range in.rev.instances {
		if other == in {
			in.rev.instances = append(in.rev.instances[:i:i], in.rev.instances[i+1:]...)
			s.accountOf(in.fn.account).instances--
			s.dropRevision(in.fn, in.rev)
			break
		}
	}
	if in.driver != nil {
		in.driver.close()
	}
	_ = os.RemoveAll(in.dir)
}

// dropRevision frees a retired revision whose last instance is gone. It needs s.mu.
func (s *Service) dropRevision(f *function, r *revision) {
	if !r.retired || len(r.instances) > 0 {
		return
	}
	for i, other := range f.old {
		if other == r {
			f.old = append(f.old[:i:i], f.old[i+1:]...)
			s.dropCode(r.code)
			return
		}
	}
}
