package demo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/emulator/deploy"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/flow"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// startCloud starts the emulator and opens the console's door.
func (s *story) startCloud(context.Context) error {
	w, err := emulator.LoadWorld(s.World)
	if err != nil {
		return err
	}
	w.Logs.Records = 0 // the story writes its own
	if s.dir, err = os.MkdirTemp("", "fenghuo-demo-"); err != nil {
		return fmt.Errorf("make work directory: %w", err)
	}
	if s.server, err = emulator.Start(emulator.Options{World: w, Listen: s.Listen, Dir: filepath.Join(s.dir, "cloud"), Faults: s.Faults}); err != nil {
		return err
	}
	s.token = randomHex(16)
	if s.console, err = openConsole(s.server, s.token); err != nil {
		return err
	}
	s.title("The local cloud runs", "本地云已启动")
	s.done("", "console: "+s.console.url, "控制台："+s.console.url)
	if s.Ready != nil {
		s.Ready(s.console.url)
	}
	return nil
}

func (s *story) close(ctx context.Context) error {
	var errs []error
	if s.console != nil {
		errs = append(errs, s.console.close())
	}
	if s.server != nil {
		errs = append(errs, s.server.Close(ctx))
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) //nolint:errcheck // never fails
	return hex.EncodeToString(b)
}

// as returns an OpenAPI client of an account's operator.
func (s *story) as(uid string) *openapi.Client {
	k := s.server.Operator(uid)
	return openapi.New(openapi.Config{
		Endpoint: s.server.Endpoint(), Region: s.server.World().Region, Account: uid,
		Credentials: openapi.Static(openapi.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret}),
	})
}

func (s *story) management() string    { return s.server.World().Management().UID }
func (s *story) administrator() string { return s.server.World().Administrator().UID }

// members are the accounts of kind member.
func (s *story) members() []string {
	var out []string
	for _, a := range s.server.World().Accounts {
		if a.Kind == "member" {
			out = append(out, a.UID)
		}
	}
	return out
}

// makeDirectory does what a person does in the resource directory: A enables it and invites, the others accept.
func (s *story) makeDirectory(ctx context.Context) error {
	a := directory.New(s.as(s.management()))
	if _, err := a.Enable(ctx); err != nil {
		return err
	}
	s.title("Five accounts become one directory", "五个账号加入同一个资源目录")
	s.done(s.letter(s.management()), "enabled the resource directory (management account)", "开通资源目录（管理账号）")
	for _, m := range append([]string{s.administrator()}, s.members()...) {
		if err := s.join(ctx, a, m); err != nil {
			return fmt.Errorf("invite %s: %w", m, err)
		}
		s.done(s.letter(m), "accepted the invitation: member account "+m, "接受邀请，成为成员账号 "+m)
	}
	return nil
}

func (s *story) join(ctx context.Context, a *directory.Client, member string) error {
	if _, err := a.GetAccount(ctx, member); err == nil {
		return nil // the world had it as a member
	}
	h, err := a.Invite(ctx, member, "join")
	if err != nil {
		return err
	}
	_, err = directory.New(s.as(member)).AcceptHandshake(ctx, h.ID)
	return err
}

// deploy plays Serverless Devs: stacks, functions, triggers and flows from s.yaml.
func (s *story) deploy(ctx context.Context) error {
	sum := sha256.Sum256([]byte(s.token))
	k := func(uid string) deploy.Access {
		o := s.server.Operator(uid)
		return deploy.Access{AccountID: uid, AccessKeyID: o.AccessKeyID, AccessKeySecret: o.AccessKeySecret}
	}
	began := time.Now()
	s.title("Deployed from s.yaml, as Serverless Devs does", "按 s.yaml 部署，与 Serverless Devs 相同")
	report, err := deploy.Run(ctx, deploy.Options{
		File: filepath.Join(s.Root, "s.yaml"), Dir: s.Root, Endpoint: s.server.Endpoint(), Poll: 50 * time.Millisecond,
		Env: map[string]string{
			"SOC_REGION": s.server.World().Region, "SOC_MANAGEMENT_ACCOUNT": s.management(), "SOC_ADMINISTRATOR_ACCOUNT": s.administrator(),
			"SOC_EXTERNAL_ID": randomHex(16), "SOC_STORE": "sqlite:" + filepath.Join(s.dir, "state.db"),
			"SOC_ENDPOINT": s.server.Endpoint(), "SOC_SLS_ENDPOINT": s.server.Endpoint(), "SOC_CONSOLE_TOKEN_SHA256": hex.EncodeToString(sum[:]),
			"SOC_LOG_STORAGE": map[bool]string{true: "on", false: "off"}[s.LogStorage],
		},
		Access:  map[string]deploy.Access{"management": k(s.management()), "administrator": k(s.administrator())},
		CodeDir: func(function, _ string) string { return filepath.Join(s.Binaries, function) },
	})
	if err != nil {
		return err
	}
	n := map[string]int{}
	for _, r := range report.Deployed {
		n[r.Component]++
	}
	s.done("", fmt.Sprintf("%d functions, %d flows, %d stacks of roles and Logstores in %s", n["fc3"], n["flow"], n["ros"], seconds(time.Since(began))),
		fmt.Sprintf("%d 个函数、%d 个流程、%d 个角色与 Logstore 资源栈，用时 %s", n["fc3"], n["flow"], n["ros"], seconds(time.Since(began))))
	return s.console.await(ctx)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// runFlow starts a flow as a person would from the console of CloudFlow, and waits for its end. A flow that did not
// succeed is an error with its output.
func (s *story) runFlow(ctx context.Context, uid, name string, input any) (map[string]any, error) {
	text, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	c := flow.New(s.as(uid))
	x, err := c.StartExecution(ctx, name, fmt.Sprintf("%s-%d", name, time.Now().UnixNano()), string(text))
	if err != nil {
		return nil, err
	}
	execution := x.Name
	err = until(ctx, 3*time.Minute, 50*time.Millisecond, "flow "+name, func(ctx context.Context) (bool, error) {
		x, err = c.DescribeExecution(ctx, name, execution, 5*time.Second)
		return err == nil && x.Ended(), err
	})
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	if x.Output != "" {
		if err := json.Unmarshal([]byte(x.Output), &out); err != nil {
			return nil, fmt.Errorf("output of flow %s: %w", name, err)
		}
	}
	if x.Status != flow.Succeeded {
		return out, &soc.Error{Kind: soc.Conflict, Op: "run flow " + name, Account: uid, Err: fmt.Errorf("it ended as %s: %s", x.Status, s.why(ctx, c, x))}
	}
	return out, nil
}

// why tells why an execution failed: its output, and the last failure of its history.
func (s *story) why(ctx context.Context, c *flow.Client, x flow.Execution) string {
	why := x.Output
	events, err := c.GetExecutionHistory(ctx, x.Flow, x.Name)
	if err != nil {
		return why
	}
	for _, e := range events {
		if e.Type == "StepFailed" {
			why += " " + e.Step + " " + e.DetailJSON
		}
	}
	return why
}

// onboard names B the delegated administrator and takes the members into scope.
func (s *story) onboard(ctx context.Context) error {
	s.title("B becomes delegated administrator and takes C, D, E in", "B 成为委派管理员账号，并纳管 C、D、E")
	if _, err := s.runFlow(ctx, s.management(), "setup-delegation", map[string]any{"administrator": s.administrator()}); err != nil {
		return err
	}
	s.done(s.letter(s.management()), "flow setup-delegation: B administers Security Center and threat analysis", "流程 setup-delegation：B 成为云安全中心与威胁分析的委派管理员账号")
	if _, err := s.runFlow(ctx, s.administrator(), "onboard-accounts", map[string]any{"accounts": s.members(), "response": true}); err != nil {
		return err
	}
	s.done(s.letter(s.administrator()), "flow onboard-accounts: two service-linked roles, fenghuo-collector and fenghuo-responder in "+s.letters(s.members()),
		"流程 onboard-accounts：在 "+s.letters(s.members())+" 创建两个服务关联角色与 fenghuo-collector、fenghuo-responder")
	return nil
}

// integrate applies the recommended policy to every member.
func (s *story) integrate(ctx context.Context) error {
	out, err := s.runFlow(ctx, s.administrator(), "apply-integration", map[string]any{
		"policies": []string{"recommended", "alibaba_cloud_oss_access"}, "mode": "increment", "accounts": []string{"*"}, "auto_add": true, "hash": "",
	})
	if err != nil {
		return err
	}
	s.done(s.letter(s.administrator()), fmt.Sprintf("flow apply-integration: recommended policy and OSS access logs, Increment Access; %v data sources, %v shards", out["sources"], out["shards"]),
		fmt.Sprintf("流程 apply-integration：推荐接入策略与 OSS 访问日志，增量接入；%v 个数据源，%v 个 Shard", out["sources"], out["shards"]))
	return nil
}
