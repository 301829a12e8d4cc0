package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/flow"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/function"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// membersCommand works on the scope through the deployed functions and flows, with the caller's own keys.
type membersCommand struct {
	Plan        membersPlan        `cmd:"" help:"Show what a scope document would change, and its hash. Changes nothing. Example: fenghuo members plan scope.yaml"`
	Apply       membersApply       `cmd:"" help:"Make the scope what a document says. Example: fenghuo members apply scope.yaml --hash <of the plan>"`
	Report      membersReport      `cmd:"" help:"Tell of every account of a run whether it is done, and if not, why and what to do. Example: fenghuo members report onboard-20260301"`
	Window      membersWindow      `cmd:"" help:"Write what is read from one member, by which role and since when, for its owner. Example: fenghuo members window 1100000000000003 --html"`
	Audit       membersAudit       `cmd:"" help:"Search the audit trail by who, account, action, time and text, and verify its chain; exit with 1 when it is broken. Example: fenghuo members audit --by alice --since 36h"`
	Passes      membersPasses      `cmd:"" help:"List the passes that open members' windows: for whom, until when, revoked or not. Example: fenghuo members passes --account 1100000000000003"`
	Revoke      membersRevoke      `cmd:"" help:"Revoke one pass. Example: fenghuo members revoke 1100000000000003 KJ4SZQ5LRXHB7YTP"`
	Invitations membersInvitations `cmd:"" help:"List the invitations of the directory, with what to do. Needs keys of the management account. Example: fenghuo members invitations"`
}

// cloudFlags say where the cloud is and who calls. The keys come from the environment only, so that no list of processes
// shows them.
type cloudFlags struct {
	Endpoint string `env:"SOC_ENDPOINT" help:"Base address that replaces the public hosts; for a local cloud."`
	Region   string `env:"SOC_REGION" default:"cn-hangzhou" help:"Region of the deployment."`
}

// caller is an identity that was asked for.
type caller struct {
	cloudFlags
	api *openapi.Client
	who sts.Identity
}

// client returns a client with the caller's keys; it does not connect.
func (f cloudFlags) client() (*openapi.Client, error) {
	keys := openapi.Credentials{
		AccessKeyID: os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"), AccessKeySecret: os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
		SecurityToken: os.Getenv("ALIBABA_CLOUD_SECURITY_TOKEN"),
	}
	if keys.AccessKeyID == "" || keys.AccessKeySecret == "" {
		return nil, &soc.Error{
			Kind: soc.Invalid, Op: "sign in", Err: errors.New("there are no keys in the environment"),
			Next: "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, and ALIBABA_CLOUD_SECURITY_TOKEN for temporary keys",
		}
	}
	return openapi.New(openapi.Config{Endpoint: f.Endpoint, Region: f.Region, Credentials: openapi.Static(keys)}), nil
}

func (f cloudFlags) connect(ctx context.Context) (*caller, error) {
	api, err := f.client()
	if err != nil {
		return nil, err
	}
	who, err := sts.New(api).CallerIdentity(ctx)
	if err != nil {
		return nil, err
	}
	return &caller{f, api.As(who.AccountID, api.Credentials), who}, nil
}

// onboard invokes the function onboard of the caller's account. An answer that is refused or failed is an error; out holds it all the same.
func (c *caller) onboard(ctx context.Context, request, out any) error {
	payload, err := json.Marshal(request)
	if err != nil {
		return err
	}
	f := function.New(function.Config{Endpoint: c.Endpoint, Region: c.Region, Account: c.who.AccountID, Credentials: c.api.Credentials})
	answer, err := f.Invoke(ctx, "onboard", payload)
	if soc.KindOf(err) == soc.NotFound && soc.NextOf(err) == "" {
		return &soc.Error{Kind: soc.NotFound, Op: "ask onboard", Err: err, Next: "deploy s.yaml, or give keys of the administrator account in whose region it is deployed"}
	}
	if err != nil {
		return err
	}
	var head struct{ Status, Reason string }
	if err := json.Unmarshal(answer, &head); err != nil {
		return &soc.Error{Kind: soc.Internal, Op: "read the answer of onboard", Err: err, Next: "deploy functions of the same version as this command"}
	}
	err = json.Unmarshal(answer, out)
	if head.Status == org.StatusRefused || head.Status == org.StatusFailed { // its other fields may be of another shape
		return &soc.Error{Kind: soc.Conflict, Op: "onboard", Err: errors.New(head.Reason)}
	}
	return err
}

type membersPlan struct {
	cloudFlags
	File string `arg:"" help:"Scope document, YAML or JSON; - is standard input."`
	JSON bool   `name:"json" help:"Print the plan as JSON."`
}

// Run plans; the exit code is 3 when the document would change something.
func (m *membersPlan) Run(ctx context.Context) error {
	_, _, plan, err := m.planned(ctx, m.File)
	if err != nil {
		return err
	}
	if m.JSON {
		err = writeJSON(os.Stdout, plan)
	} else {
		writePlan(os.Stdout, plan)
	}
	if err != nil {
		return err
	}
	if len(plan.Join)+len(plan.Leave)+len(plan.Change) > 0 {
		return exitCode(exitPending)
	}
	return nil
}

// planned reads a scope document and asks what it would change.
func (f cloudFlags) planned(ctx context.Context, file string) (*caller, org.Scope, org.ScopePlan, error) {
	doc, err := readScope(file)
	if err != nil {
		return nil, org.Scope{}, org.ScopePlan{}, err
	}
	c, err := f.connect(ctx)
	if err != nil {
		return nil, org.Scope{}, org.ScopePlan{}, err
	}
	plan, err := c.plan(ctx, doc)
	return c, doc, plan, err
}

func readScope(file string) (org.Scope, error) {
	var body []byte
	var err error
	if file == "-" {
		body, err = io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	} else {
		body, err = os.ReadFile(file)
	}
	if err != nil {
		return org.Scope{}, &soc.Error{Kind: soc.NotFound, Op: "read scope document", Resource: file, Err: err, Next: "name a file that can be read"}
	}
	return org.ParseScope(body)
}

func (c *caller) plan(ctx context.Context, doc org.Scope) (org.ScopePlan, error) {
	var out struct{ Plan org.ScopePlan }
	err := c.onboard(ctx, map[string]any{"operation": "plan-scope", "input": map[string]any{"scope": doc}}, &out)
	return out.Plan, err
}

func writePlan(w io.Writer, p org.ScopePlan) {
	for _, part := range []struct {
		sign, what string
		list       []org.Planned
	}{{"+", "joins", p.Join}, {"-", "leaves", p.Leave}, {"~", "changes", p.Change}, {"!", "left out", p.Left}} {
		for _, a := range part.list {
			line := fmt.Sprintf("%s %s %s %s", part.sign, part.what, a.Account, a.Name)
			switch {
			case a.Response:
				line += " (response on)"
			case part.sign == "~":
				line += " (response off)"
			}
			if a.Reason != "" {
				line += ": " + a.Reason
			}
			fmt.Fprintln(w, printable(line))
		}
	}
	fmt.Fprintf(w, "%d join, %d leave, %d change, %d stay as they are, %d left out; %d monitored afterwards\nhash %s\n",
		len(p.Join), len(p.Leave), len(p.Change), p.Keep, len(p.Left), p.Monitors, p.Hash)
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

type membersApply struct {
	cloudFlags
	File string        `arg:"" help:"Scope document, YAML or JSON; - is standard input."`
	Hash string        `help:"Hash of the plan that was looked at. Needed when accounts leave."`
	Wait time.Duration `default:"15m" help:"How long to wait for the end of the flow."`
}

// Run plans, starts the flow apply-scope and waits for its report.
func (m *membersApply) Run(ctx context.Context) error {
	c, doc, plan, err := m.planned(ctx, m.File)
	if err != nil {
		return err
	}
	if err := plan.CheckHash(m.Hash); err != nil {
		writePlan(os.Stderr, plan)
		return err
	}
	input, err := applyInput(doc, plan.Hash, c.who.ARN)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, m.Wait)
	defer cancel()
	flows := flow.New(c.api)
	x, err := flows.StartExecution(ctx, "apply-scope", fmt.Sprintf("members-%d", time.Now().UnixNano()), string(input))
	if err != nil {
		return err
	}
	for name := x.Name; !x.Ended(); {
		if x, err = flows.DescribeExecution(ctx, "apply-scope", name, 10*time.Second); err != nil {
			return err
		}
	}
	return reportApply(x)
}

// maxFlowInput is how large the input of an execution may be (cloudflow.md §1).
const maxFlowInput = 64 << 10

// applyInput is the input of the flow apply-scope.
func applyInput(doc org.Scope, hash, by string) ([]byte, error) {
	input, err := json.Marshal(map[string]any{"scope": doc, "hash": hash, "by": by})
	if err == nil && len(input) > maxFlowInput {
		err = &soc.Error{
			Kind: soc.Invalid, Op: "apply scope", Err: fmt.Errorf("the document is %d bytes as the input of a flow, which takes %d", len(input), maxFlowInput),
			Next: "choose accounts by folder or tag, or all with exclusions, instead of naming so many",
		}
	}
	return input, err
}

// runReport is where the accounts of a run stand.
type runReport struct {
	Status, Reason string
	Joined, Left   []string
	Failed         []struct{ Account, Reason, Next string }
}

type membersReport struct {
	cloudFlags
	RunID string `arg:"" name:"run" help:"Name of the execution of the flow."`
}

// Run reports; the exit code is 4 when a part of the accounts is not done, and 1 when none is.
func (m *membersReport) Run(ctx context.Context) error {
	c, err := m.connect(ctx)
	if err != nil {
		return err
	}
	var r runReport
	if err := c.onboard(ctx, map[string]any{"operation": "report", "run_id": m.RunID, "all": true}, &r); err != nil && len(r.Failed) == 0 {
		return err
	}
	for _, f := range r.Failed {
		fmt.Println(printable("! " + f.Account + ": " + f.Reason + "; next: " + f.Next))
	}
	fmt.Printf("%d accounts are in, %d left, %d are not done\n", len(r.Joined), len(r.Left), len(r.Failed))
	switch {
	case len(r.Failed) == 0:
		return nil
	case len(r.Joined)+len(r.Left) > 0:
		return exitCode(exitPartly)
	}
	return exitCode(exitFailed)
}

func reportApply(x flow.Execution) error {
	var r runReport
	if x.Output != "" {
		if err := json.Unmarshal([]byte(x.Output), &r); err != nil {
			return err
		}
	}
	fmt.Printf("%d accounts are in, %d left, run %s\n", len(r.Joined), len(r.Left), x.Name)
	for _, f := range r.Failed {
		fmt.Println(printable("! " + f.Account + ": " + f.Reason + "; next: " + f.Next))
	}
	if x.Status != flow.Succeeded || r.Status != org.StatusOK {
		return &soc.Error{
			Kind: soc.Conflict, Op: "apply scope", Err: fmt.Errorf("the flow ended as %s, %s: %s", x.Status, r.Status, r.Reason),
			Next: "do what stands at each account, then apply again: accounts that are done are left as they are",
		}
	}
	return nil
}

type membersInvitations struct{ cloudFlags }

// Run lists.
func (m *membersInvitations) Run(ctx context.Context) error {
	c, err := m.connect(ctx)
	if err != nil {
		return err
	}
	list, err := directory.New(c.api).ListInvitations(ctx)
	if err != nil {
		return err
	}
	for _, h := range list {
		fmt.Println(printable(h.ID + " " + h.Target + " " + h.Status + ": " + org.InvitationAdvice(h.Status)))
	}
	fmt.Printf("%d invitations\n", len(list))
	return nil
}
