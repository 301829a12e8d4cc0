package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/fenghuo-soc/fenghuo"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/function"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// redeploy is the fix for a function or a flow that is not as s.yaml has it.
func redeploy(name string) text {
	return text{"Deploy " + name + " of s.yaml again.", "请重新部署 s.yaml 中的 " + name + "。"}
}

func functionsDeployed(ctx context.Context, e *examination) {
	e.seen.functions = map[string]function.Description{}
	for _, f := range e.manifest.functions {
		d, err := e.functions.Describe(ctx, f.name)
		if soc.KindOf(err) == soc.NotFound {
			e.fail(f.name, text{"The function " + f.name + " does not exist.", "函数 " + f.name + " 不存在。"}, redeploy(f.name))
		} else if err != nil {
			e.unseen(f.name, err, text{})
		} else {
			e.seen.functions[f.name] = d
		}
	}
	if n := len(e.seen.functions); n == len(e.manifest.functions) {
		e.pass(text{fmt.Sprintf("%d functions.", n), fmt.Sprintf("%d 个函数。", n)})
	}
}

// noFunctions notes that there is no function to look at, when that is so.
func (e *examination) noFunctions() bool {
	if len(e.seen.functions) == 0 {
		e.skip(text{"No function was found.", "未找到任何函数。"})
	}
	return len(e.seen.functions) == 0
}

// shared are the variables that all functions must have in common. Their values are compared and never shown.
var shared = []string{"SOC_STORE", "SOC_EXTERNAL_ID", "SOC_PROJECT", "SOC_MANAGEMENT_ACCOUNT", "SOC_ADMINISTRATOR_ACCOUNT", "SOC_SITE"}

// configuration finds functions that stand apart from most: one that sees another store or shows another external id.
func configuration(_ context.Context, e *examination) {
	if e.noFunctions() {
		return
	}
	before := len(e.out)
	for _, key := range shared {
		by := map[string][]string{}
		for _, f := range e.manifest.functions {
			if d, ok := e.seen.functions[f.name]; ok {
				by[d.Environment[key]] = append(by[d.Environment[key]], f.name)
			}
		}
		most := ""
		for v, names := range by {
			if len(names) > len(by[most]) || len(names) == len(by[most]) && v > most {
				most = v
			}
		}
		for _, v := range slices.Sorted(maps.Keys(by)) {
			if v == most {
				continue
			}
			names := strings.Join(by[v], ", ")
			e.fail(names, text{key + " of " + names + " differs from that of the other functions.", names + " 的 " + key + " 与其他函数不同。"}, redeploy(names))
		}
	}
	if m := e.seen.management; m != "" && len(e.out) == before {
		for _, d := range e.seen.functions {
			if have := d.Environment["SOC_MANAGEMENT_ACCOUNT"]; have != m {
				e.fail(d.Name, text{"SOC_MANAGEMENT_ACCOUNT names " + have + "; the directory belongs to " + m + ".", "SOC_MANAGEMENT_ACCOUNT 为 " + have + "，而资源目录属于 " + m + "。"}, redeploy("all functions"))
				break
			}
		}
	}
	if len(e.out) == before {
		e.pass(text{"Same store, project, accounts and external id.", "状态存储、日志项目、账号和外部 ID 一致。"})
	}
}

func administratorRoles(ctx context.Context, e *examination) {
	if e.seen.management == "" || e.seen.account == "" {
		e.skip(text{"The accounts are not known.", "尚不清楚有哪些账号。"})
		return
	}
	roles, err := org.AdministratorRoles(fenghuo.Template, e.seen.account, e.seen.management, e.o.API.Region())
	if err != nil {
		e.unseen("", err, text{})
		return
	}
	states, err := org.Compare(ctx, roleReader{e.ram}, roles)
	good := err == nil
	for _, r := range states {
		if r.State == org.RoleMissing || r.State == org.RoleDrifted {
			good = false
			e.fail(r.Name, differs(r), deployRoles)
		}
	}
	if err != nil {
		e.unseen("", err, text{"Let the caller read RAM.", "请授予调用者读取 RAM 的权限。"})
	}
	if good {
		e.pass(text{fmt.Sprintf("%d roles.", len(states)), fmt.Sprintf("%d 个角色。", len(states))})
	}
}

// differs says in words how a role differs.
func differs(r soc.RoleState) text {
	if r.State == org.RoleMissing {
		return text{"The role " + r.Name + " does not exist.", "角色 " + r.Name + " 不存在。"}
	}
	words := map[string]text{
		"trust": {"its trust policy was changed", "信任策略被更改"}, "external_id": {"its trust policy asks for another external id", "信任策略中的外部 ID 不同"},
		"policy_missing": {"its policy does not exist", "权限策略不存在"}, "policy_changed": {"its policy was changed", "权限策略被更改"},
		"policy_detached": {"its policy is not attached", "权限策略未绑定"}, "policy_foreign": {"a policy was added", "被添加了其他权限策略"},
		"unwanted": {"it should not be there", "不应存在"},
	}
	var en, zh []string
	for _, d := range r.Differs {
		word, name, _ := strings.Cut(d, ":")
		t := words[word]
		if name != "" {
			t.en, t.zh = t.en+" ("+name+")", t.zh+"（"+name+"）"
		}
		en, zh = append(en, t.en), append(zh, t.zh)
	}
	return text{"Role " + r.Name + ": " + strings.Join(en, ", ") + ".", "角色 " + r.Name + "：" + strings.Join(zh, "，") + "。"}
}

// fcAnswer is what became of a ping.
type fcAnswer struct {
	pong fc.Pong
	err  error
}

// ping asks every deployed function whether it starts.
func (e *examination) ping(ctx context.Context) map[string]fcAnswer {
	if e.seen.pongs != nil {
		return e.seen.pongs
	}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(4)
	e.seen.pongs = map[string]fcAnswer{}
	for name := range e.seen.functions {
		g.Go(func() error {
			var a fcAnswer
			out, err := e.functions.Invoke(ctx, name, []byte(fc.PingPayload))
			if err == nil {
				err = json.Unmarshal(out, &a.pong)
			}
			a.err = err
			mu.Lock()
			defer mu.Unlock()
			e.seen.pongs[name] = a
			return nil
		})
	}
	_ = g.Wait() // what failed stands in the answers
	return e.seen.pongs
}

// storeOpens: a function that cannot open the store does not start, and says that it was the store.
func storeOpens(ctx context.Context, e *examination) {
	opened := 0
	for _, f := range e.manifest.functions {
		a, ok := e.ping(ctx)[f.name]
		switch {
		case ok && a.err == nil && a.pong.OK:
			opened++
		case ok && a.pong.Op == store.OpOpen:
			e.fail(f.name, same(a.pong.Reason), same(a.pong.Next))
			return // the others would repeat it
		}
	}
	if opened == 0 {
		e.skip(text{"No function started that could tell.", "没有函数能够启动，无法判断。"})
		return
	}
	e.pass(text{fmt.Sprintf("%d functions opened it.", opened), fmt.Sprintf("%d 个函数已打开。", opened)})
}

func functionsStart(ctx context.Context, e *examination) {
	if e.noFunctions() {
		return
	}
	good := 0
	for _, f := range e.manifest.functions {
		a, ok := e.ping(ctx)[f.name]
		switch {
		case !ok:
		case a.err != nil:
			fix := text{"Look at the function's log in the Logstore functions.", "请查看日志库 functions 中的函数日志。"}
			if next := soc.NextOf(a.err); next != "" {
				fix = same(next)
			}
			e.fail(f.name, same(a.err.Error()), fix)
		case !a.pong.OK && a.pong.Op != store.OpOpen:
			e.fail(f.name, same(a.pong.Reason), same(a.pong.Next))
		case a.pong.OK:
			good++
		}
	}
	if !e.failed("start") {
		e.pass(text{fmt.Sprintf("%d functions answered.", good), fmt.Sprintf("%d 个函数已应答。", good)})
	}
}

func triggers(ctx context.Context, e *examination) {
	if e.noFunctions() {
		return
	}
	before, n := len(e.out), 0
	for _, f := range e.manifest.functions {
		if _, ok := e.seen.functions[f.name]; !ok || len(f.triggers) == 0 {
			continue
		}
		have, err := e.functions.Triggers(ctx, f.name)
		if err != nil {
			e.unseen(f.name, err, text{})
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(f.triggers)) {
			kind := f.triggers[name]
			i := slices.IndexFunc(have, func(t function.Trigger) bool { return t.Name == name && t.Type == kind })
			what := f.name + "/" + name
			switch {
			case i < 0:
				e.fail(what, text{"The function " + f.name + " has no trigger " + name + " (" + kind + ").", "函数 " + f.name + " 没有触发器 " + name + "（" + kind + "）。"}, redeploy(f.name))
			case !have[i].Enabled:
				e.fail(what, text{"The trigger " + name + " of " + f.name + " is switched off.", "函数 " + f.name + " 的触发器 " + name + " 已停用。"},
					text{"Switch it on in the console of Function Compute, or deploy " + f.name + " again.", "请在函数计算控制台启用，或重新部署 " + f.name + "。"})
			default:
				n++
			}
		}
	}
	if len(e.out) == before {
		e.pass(text{fmt.Sprintf("%d triggers.", n), fmt.Sprintf("%d 个触发器。", n)})
	}
}

func flows(ctx context.Context, e *examination) {
	before := len(e.out)
	for _, name := range e.manifest.flows {
		f, err := e.flows.DescribeFlow(ctx, name)
		role := "acs:ram::" + e.seen.account + ":role/fenghuo-flow"
		switch {
		case soc.KindOf(err) == soc.NotFound:
			e.fail(name, text{"The flow " + name + " does not exist.", "流程 " + name + " 不存在。"}, redeploy("flow-"+name))
		case err != nil:
			e.unseen(name, err, text{})
		case !strings.EqualFold(f.RoleARN, role):
			e.fail(name, text{"The flow " + name + " runs as " + f.RoleARN + ", not as " + role + ".", "流程 " + name + " 的执行角色是 " + f.RoleARN + "，应为 " + role + "。"}, redeploy("flow-"+name))
		}
	}
	if len(e.out) == before {
		e.pass(text{fmt.Sprintf("%d flows.", len(e.manifest.flows)), fmt.Sprintf("%d 个流程。", len(e.manifest.flows))})
	}
}
