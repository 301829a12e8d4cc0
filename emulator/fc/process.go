package fc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// freePort asks the system for a free port on the loopback interface.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// command prepares the start command: the handler of go1; else customRuntimeConfig, else /code/bootstrap; with /code
// mapped to the package.
func (s *Service) command(in *instance, keys auth.Keys) (*exec.Cmd, error) {
	argv := []string{"/code/bootstrap"}
	if in.rev.spec.Runtime == runtimeGo {
		argv = []string{"/code/" + in.rev.spec.Handler}
	} else if c := in.rev.spec.CustomRuntimeConfig; c != nil && len(c.Command)+len(c.Args) > 0 {
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
	spec := &in.rev.spec
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
	} {
		env = append(env, kv[0]+"="+kv[1])
	}
	if d, ok := in.driver.(*goDriver); ok {
		return append(env, "FC_RUNTIME_API="+d.address(), "FC_VER_ID="+in.rev.version)
	}
	port := strconv.Itoa(in.port)
	return append(env, "FC_CUSTOM_LISTEN_PORT="+port, "FC_SERVER_PORT="+port)
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
