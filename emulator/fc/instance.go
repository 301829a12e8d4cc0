package fc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

const codeNotStarted = "FunctionNotStarted"

// instance is one process of a function.
type instance struct {
	id   string
	fn   *function
	rev  *revision
	port int
	dir  string // HOME and TMPDIR of the process

	ready   chan struct{} // closed when the start has ended, well or not
	failure *outcome      // why the start failed; read after ready
	exited  chan struct{} // closed when the process is gone and its output is read
	cmd     *exec.Cmd     // set before ready; nil when nothing was started
	client  *http.Transport
	lines   *instanceLog
	// stopping makes the shutdown happen once.
	stopping sync.Once

	// These need Service.mu.
	busy     int
	dead     bool // takes no more requests
	lastUsed time.Time
}

type spawnRequest struct {
	cmd     *exec.Cmd
	started chan error
}

// start brings the process up, runs the Initializer and closes ready. It is called once per instance.
func (s *Service) start(in *instance, keys auth.Keys, requestID string) {
	defer close(in.ready)
	var err error
	for range 3 {
		if err = s.launch(in, keys); err == nil || !passing(err) {
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

// passing tells whether a start is worth another try: the port was free when it was chosen but another program took it,
// or the program file is still held by a process that is just being forked.
func passing(err error) bool {
	return strings.Contains(err.Error(), "address already in use") || strings.Contains(err.Error(), "text file busy")
}

// startFailureStatus is the status of FunctionNotStarted on the API.
//
// Assumption: 502, as for other failures of the function on HTTP triggers; the real status is unknown (fc.md §4.2).
func startFailureStatus() int { return http.StatusBadGateway }

func (s *Service) launch(in *instance, keys auth.Keys) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	in.port = port
	cmd, err := s.command(in, keys)
	if err != nil {
		return err
	}
	exited := make(chan struct{})
	req := spawnRequest{cmd: cmd, started: make(chan error, 1)}
	s.spawn <- req
	if err := <-req.started; err != nil {
		return err
	}
	in.cmd, in.exited = cmd, exited
	go func() {
		_ = cmd.Wait() // how it ended shows in the invocation
		killGroup(cmd.Process.Pid)
		in.lines.flush()
		close(exited)
	}()
	if err := in.waitAccept(s.ctx, s.o.Limits.StartTimeout); err != nil {
		killGroup(cmd.Process.Pid)
		<-exited
		return fmt.Errorf("%w%s", err, in.lines.lastWords())
	}
	in.client = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: in.rev.spec.InstanceConcurrency}
	return nil
}

// freePort asks the system for a free port on the loopback interface.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// command prepares the start command: customRuntimeConfig, else /code/bootstrap, with /code mapped to the package.
func (s *Service) command(in *instance, keys auth.Keys) (*exec.Cmd, error) {
	argv := []string{"/code/bootstrap"}
	if c := in.rev.spec.CustomRuntimeConfig; c != nil && len(c.Command)+len(c.Args) > 0 {
		argv = append(append([]string(nil), c.Command...), c.Args...)
	}
	root := in.rev.code.dir
	for i, a := range argv {
		if a == "/code" || strings.HasPrefix(a, "/code/") {
			argv[i] = filepath.Join(root, filepath.FromSlash(strings.TrimPrefix(a, "/code")))
		}
	}
	if name := argv[0]; strings.ContainsRune(name, '/') && !filepath.IsAbs(name) {
		argv[0] = filepath.Join(root, name)
	}
	if in.dir == "" {
		dir, err := os.MkdirTemp(s.o.Dir, "instance-")
		if err != nil {
			return nil, err
		}
		in.dir = dir
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = root, s.environment(in, keys)
	cmd.Stdout, cmd.Stderr = in.lines.stream(), in.lines.stream()
	cmd.WaitDelay = time.Second // a child that outlives the process must not hold its output open
	isolate(cmd)
	return cmd, nil
}

// environment is what §1.4 of fc.md lists, over a minimum from the host. Later entries win.
func (s *Service) environment(in *instance, keys auth.Keys) []string {
	spec, port := &in.rev.spec, strconv.Itoa(in.port)
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + in.dir, "TMPDIR=" + in.dir, "TMP=" + in.dir, "TEMP=" + in.dir}
	for k, v := range s.o.Env {
		env = append(env, k+"="+v)
	}
	for k, v := range spec.EnvironmentVariables {
		env = append(env, k+"="+v)
	}
	for _, kv := range [][2]string{
		{"FC_FUNC_CODE_PATH", in.rev.code.dir + string(filepath.Separator)},
		{"ALIBABA_CLOUD_ACCESS_KEY_ID", keys.AccessKeyID},
		{"ALIBABA_CLOUD_ACCESS_KEY_SECRET", keys.AccessKeySecret},
		{"ALIBABA_CLOUD_SECURITY_TOKEN", keys.SecurityToken},
		{"FC_ACCOUNT_ID", in.fn.account},
		{"FC_REGION", s.o.Region},
		{"FC_FUNCTION_NAME", in.fn.name},
		{"FC_FUNCTION_HANDLER", spec.Handler},
		{"FC_FUNCTION_MEMORY_SIZE", strconv.Itoa(spec.MemorySize)},
		{"FC_INSTANCE_ID", in.id},
		{"FC_CUSTOM_LISTEN_PORT", port},
		{"FC_SERVER_PORT", port},
	} {
		env = append(env, kv[0]+"="+kv[1])
	}
	return env
}

// waitAccept waits until the program listens.
func (in *instance) waitAccept(ctx context.Context, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	wait := 2 * time.Millisecond
	for {
		conn, err := net.DialTimeout("tcp", in.address(), time.Second)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no server on port %d within %v", in.port, limit)
		}
		select {
		case <-in.exited:
			return errors.New("the process exited before it listened")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
			wait = min(2*wait, 50*time.Millisecond)
		}
	}
}

func (in *instance) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(in.port)) }

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
	if in.client != nil {
		in.client.CloseIdleConnections()
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
