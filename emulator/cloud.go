package emulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/clock"
	"github.com/fenghuo-soc/fenghuo/emulator/cloudflow"
	"github.com/fenghuo-soc/fenghuo/emulator/directory"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
	"github.com/fenghuo-soc/fenghuo/emulator/fc"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
	"github.com/fenghuo-soc/fenghuo/emulator/iam"
	"github.com/fenghuo-soc/fenghuo/emulator/oss"
	"github.com/fenghuo-soc/fenghuo/emulator/products"
	"github.com/fenghuo-soc/fenghuo/emulator/record"
	"github.com/fenghuo-soc/fenghuo/emulator/ros"
	"github.com/fenghuo-soc/fenghuo/emulator/sls"
)

// cloud is everything that a world is made of, from its accounts to its clock. A server serves one at a time.
type cloud struct {
	world    World
	endpoint string
	host     string // host:port
	operator map[string]Keys
	root     map[string]Keys
	users    map[string]Keys // account/user
	dir      string

	clock    *clock.Clock
	gateway  *gateway.Gateway
	iam      *iam.Service
	rd       *directory.Service
	sls      *sls.Service
	fc       *fc.Service
	flow     *cloudflow.Service
	products *products.Service
	stacks   *ros.Service
	oss      *oss.Service
	calls    *record.Log
	faults   *faults.Injector
	front    *front

	generators generators
}

// newCloud makes the services of a world and lets fill put there what exists: (*cloud).seed what the world describes, or a
// snapshot.
func newCloud(o Options, host string, fill func(*cloud) error) (*cloud, error) {
	s := &cloud{
		world: o.World, host: host, endpoint: "http://" + host,
		operator: map[string]Keys{}, root: map[string]Keys{}, users: map[string]Keys{},
	}
	var err error
	if s.clock, err = o.World.Clock.make(); err != nil {
		return nil, err
	}
	if err = s.connect(o); err == nil {
		err = fill(s)
	}
	if err != nil {
		return nil, errors.Join(err, s.close(context.Background()))
	}
	s.generators.start(s)
	return s, nil
}

// workDir makes a directory for code and instances below dir, "" = that of the system.
func workDir(dir string) (string, error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", fmt.Errorf("make work directory: %w", err)
		}
	}
	made, err := os.MkdirTemp(dir, "fenghuo-emulator-")
	if err != nil {
		return "", fmt.Errorf("make work directory: %w", err)
	}
	return made, nil
}

// connect makes the services and connects them.
func (s *cloud) connect(o Options) error {
	var err error
	if s.dir, err = workDir(o.Dir); err != nil {
		return err
	}
	now := s.clock.Now
	s.iam = iam.New(s.identityOptions())
	s.calls = record.New(nil)
	s.faults, err = faults.New(faults.Plan{Seed: o.Faults.Seed}, faults.Hooks{
		Split: func(r *http.Request) error { return s.sls.SplitAt(r) },
		Kill:  func(account, function string) int { return s.fc.Kill(account, function) },
		Check: func(service, operation string) error { return s.front.names.check(service, operation) },
	})
	if err != nil {
		return err
	}
	credentials, authorizer := s.faults.Credentials(s.iam), s.calls.Authorizer(s.iam)
	s.gateway = gateway.New(gateway.Options{Credentials: credentials, Authorizer: authorizer, Clock: now, Wall: time.Now, Inside: s.faults.Inside})
	s.sls = sls.New(s.logOptions(credentials, authorizer))
	s.fc, err = fc.New(fc.Options{
		Auth: fc.FromGateway(s.gateway, authorizer), Roles: s.iam, Region: o.World.Region, Dir: s.dir,
		Logs: logSource{s.sls}, Sink: s.sls, LogEndpoint: s.endpoint, Env: o.Env, Faults: s.faults,
		Clock: now, Sleep: s.clock.Sleep, Objects: objects{s},
	})
	if err != nil {
		return fmt.Errorf("start Function Compute: %w", err)
	}
	s.flow = cloudflow.New(cloudflow.Options{
		Region: o.World.Region, Invoker: invoker{s.fc}, Roles: s.iam, Authorizer: authorizer,
		Clock: now, Sleep: s.clock.Sleep,
		Cron: func(text string) (cloudflow.Schedule, error) { return fc.ParseSchedule(text) }, HTTP: &http.Client{Timeout: time.Minute},
		API: flowAPI{s.gateway},
	})
	s.rd = directory.New(s.directoryOptions())
	s.products = products.New(products.Options{Clock: now})
	s.oss = oss.New(oss.Options{Credentials: credentials, Authorizer: authorizer, Region: o.World.Region, Clock: now, Wall: time.Now, Changed: func(c oss.Change) {
		s.fc.ObjectChanged(fc.ObjectEvent{
			Account: c.Account, Bucket: c.Bucket, Key: c.Key, Name: c.Event, ETag: c.ETag, Size: c.Size, Delta: c.Delta,
			RequestID: c.RequestID, Principal: c.Principal, SourceIP: c.SourceIP, At: c.At,
		})
	}})
	s.stacks = ros.New(ros.Options{Clock: now, Invoker: s.gateway, Logs: stackLogs{s.sls}, Roles: s.iam, Directory: s.rd, InstanceTime: o.StackInstanceTime})
	for _, r := range []interface{ Register(*gateway.Gateway) }{s.iam, s.rd, s.flow, s.products, s.stacks} {
		r.Register(s.gateway)
	}
	s.front = newFront(s)
	if err := s.faults.AddAll(o.Faults.Faults); err != nil { // now that the names of all calls are known
		return fmt.Errorf("fault plan: %w", err)
	}
	return nil
}

// close stops every function and flow, and removes the work directory.
func (s *cloud) close(ctx context.Context) error {
	s.generators.stop()
	var errs []error
	if s.stacks != nil {
		s.stacks.Close()
	}
	if s.flow != nil {
		s.flow.Close()
	}
	if s.fc != nil {
		errs = append(errs, s.fc.Close(ctx))
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

func (s *cloud) user(uid, name string) Keys { return s.users[uid+"/"+name] }
