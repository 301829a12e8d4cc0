package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/emulator/deploy"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/flow"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// The accounts of the example world.
const (
	accountA = "1100000000000001" // management
	accountB = "1100000000000002" // delegated administrator
	accountC = "1100000000000003"
	accountD = "1100000000000004"
	accountE = "1100000000000005"
)

var members = []string{accountC, accountD, accountE}

// world returns a world of the emulator by name, without logs.
func world(t *testing.T, name string) emulator.World {
	t.Helper()
	w, err := emulator.LoadWorld(name)
	if err != nil {
		t.Fatal(err)
	}
	w.Logs.Records = 0
	return w
}

// cloud is a running emulator with what tests do in it as a person would.
type cloud struct {
	*emulator.Server
	db string // address of the administrator's store
}

func start(t *testing.T, w emulator.World) cloud {
	t.Helper()
	needFunctions(t)
	s, err := emulator.Start(emulator.Options{World: w})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 15*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("close the emulator: %v", err)
		}
	})
	return cloud{s, "sqlite:" + filepath.Join(t.TempDir(), "state.db")}
}

// deploy deploys the resources of s.yaml that are named, or all, into the accounts that they are meant for.
func (c cloud) deploy(t *testing.T, only ...string) {
	t.Helper()
	c.deployInto(t, accountA, accountB, only...)
}

// deployWith deploys with other values of some variables.
func (c cloud) deployWith(t *testing.T, env map[string]string, only ...string) {
	t.Helper()
	c.deployAll(t, accountA, accountB, env, only...)
}

// deployInto deploys with the keys of other accounts, as a person does who mixes the credentials up.
func (c cloud) deployInto(t *testing.T, management, administrator string, only ...string) {
	t.Helper()
	c.deployAll(t, management, administrator, nil, only...)
}

func (c cloud) deployAll(t *testing.T, management, administrator string, other map[string]string, only ...string) {
	t.Helper()
	env := map[string]string{
		"SOC_MANAGEMENT_ACCOUNT": management, "SOC_ADMINISTRATOR_ACCOUNT": administrator, "SOC_EXTERNAL_ID": "an-external-id-of-tests",
		"SOC_STORE": c.db, "SOC_ENDPOINT": c.Endpoint(), "SOC_SLS_ENDPOINT": c.Endpoint(),
	}
	maps.Copy(env, other)
	access := func(uid string) deploy.Access {
		k := c.Operator(uid)
		return deploy.Access{AccountID: uid, AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret}
	}
	_, err := deploy.Run(t.Context(), deploy.Options{
		Dir: root, Endpoint: c.Endpoint(), Only: only,
		Env:     env,
		Access:  map[string]deploy.Access{"management": access(management), "administrator": access(administrator)},
		CodeDir: func(function, _ string) string { return filepath.Join(binaries, function) },
		Poll:    50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// as returns a client of the OpenAPIs with the keys of an account's operator.
func (c cloud) as(uid string) *openapi.Client {
	k := c.Operator(uid)
	return openapi.New(openapi.Config{
		Endpoint: c.Endpoint(), Region: c.World().Region, Account: uid,
		Credentials: openapi.Static(openapi.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret}),
	})
}

// project returns a project of the Log Service with the keys of its account's operator.
func (c cloud) project(uid, name string) *sls.Project {
	k := c.Operator(uid)
	return sls.New(sls.Config{
		Endpoint: c.Endpoint(), Region: c.World().Region, Account: uid,
		Credentials: func(context.Context) (sls.Credentials, error) {
			return sls.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret}, nil
		},
	}).Project(name)
}

// ended is how a flow ended.
type ended struct {
	Status string
	Output map[string]any
	why    string // the output and what failed

	failures []string // of steps and tasks
}

// run starts a flow as the account's operator and waits for its end.
func (c cloud) run(t *testing.T, uid, name string, input any) ended {
	t.Helper()
	return c.runFor(t, patience, uid, name, input)
}

// runFor is run with a limit of its own.
func (c cloud) runFor(t *testing.T, limit time.Duration, uid, name string, input any) ended {
	t.Helper()
	text, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	api := flow.New(c.as(uid))
	x, err := api.StartExecution(t.Context(), name, fmt.Sprintf("%s-%d", name, time.Now().UnixNano()), string(text))
	if err != nil {
		t.Fatal(err)
	}
	execution := x.Name
	eventually(t, limit, "the end of flow "+name, func() bool {
		if x, err = api.DescribeExecution(t.Context(), name, execution, 5*time.Second); err != nil {
			t.Fatal(err)
		}
		return x.Ended()
	})
	out := ended{Status: x.Status, why: x.Status + " " + x.Output}
	if x.Output != "" {
		if err := json.Unmarshal([]byte(x.Output), &out.Output); err != nil {
			t.Fatalf("output of %s: %v", name, err)
		}
	}
	events, err := api.GetExecutionHistory(t.Context(), name, execution)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Type == "StepFailed" || e.Type == "TaskFailed" {
			out.failures = append(out.failures, e.DetailJSON)
			out.why += "\n" + e.Step + " " + e.DetailJSON
		}
	}
	return out
}

// text is a field of the flow's output.
func (e ended) text(field string) string {
	s, _ := e.Output[field].(string)
	return s
}

// must fails the test when the flow did not succeed.
func (e ended) must(t *testing.T) ended {
	t.Helper()
	if e.Status != flow.Succeeded {
		t.Fatalf("the flow ended as %s", e.why)
	}
	return e
}

// open opens the administrator's store.
func (c cloud) open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), c.db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// eventually waits until a condition holds.
func eventually(t *testing.T, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !cond(); {
		if time.Now().After(end) {
			t.Fatalf("%s did not come within %v", what, limit)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}
