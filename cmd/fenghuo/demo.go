package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/fenghuo-soc/fenghuo/cmd/fenghuo/demo"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type demoCommand struct {
	Lang    string `help:"Language of the story: en or zh. Default from LANG." enum:"en,zh," default:""`
	Seed    uint64 `default:"1" help:"The same seed makes the same logs."`
	Records int    `default:"20000" help:"Ordinary log records around the attacks."`
	Yes     bool   `help:"Approve every response without asking. Without a terminal nobody can be asked: the demo says so and approves too."`
	Check   bool   `help:"Exit with 1 when the score is short. Approves as --yes does."`
	JSON    bool   `name:"json" help:"Print the score as JSON on standard output; the story goes to standard error."`
	Keep    bool   `help:"Keep the console open after the score, until Ctrl-C."`
	NoColor bool   `help:"No colours. NO_COLOR has the same effect."`
	Listen  string `default:"127.0.0.1:0" help:"Address of the local cloud on loopback; port 0 takes a free one."`
}

// Run builds the functions, tells the story and prints the score.
func (c *demoCommand) Run(ctx context.Context) (err error) {
	out := os.Stdout
	if c.JSON {
		out = os.Stderr
	}
	s := newScreen(out, language(c.Lang, os.Getenv("LC_ALL"), os.Getenv("LANG")), c.NoColor)
	root, dir, err := build(ctx, s)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	console := ""
	score, err := demo.Run(ctx, demo.Options{
		Root: root, Binaries: dir, Seed: c.Seed, Records: c.Records, Listen: c.Listen, Stay: c.Keep,
		Tell: s.line, Approve: c.approver(s, os.Stdin), Ready: func(address string) { console = address }, Scored: func(score demo.Score) { c.print(s, score, console) },
	})
	if err != nil {
		return err
	}
	if c.Check && !score.Pass {
		return exitCode(exitFailed)
	}
	return nil
}

// language follows the flag, then the environment as programs of this kind do.
func language(flag string, env ...string) string {
	if flag != "" {
		return flag
	}
	for _, e := range env {
		if e != "" {
			if strings.HasPrefix(strings.ToLower(e), "zh") {
				return "zh"
			}
			break
		}
	}
	return "en"
}

// build builds the functions of the repository around the working directory into a new folder, which the caller removes.
func build(ctx context.Context, s *screen) (root, dir string, err error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", "", fmt.Errorf("find the working directory: %w", err)
	}
	if root, err = demo.FindRoot(wd); err != nil {
		return "", "", err
	}
	if dir, err = os.MkdirTemp("", "fenghuo-build-"); err != nil {
		return "", "", fmt.Errorf("make build directory: %w", err)
	}
	began := time.Now()
	compiled := 0
	say := func(pkg string) {
		s.progress(fmt.Sprintf("%s %4.0fs  %s", s.say("building the functions", "正在构建函数"), time.Since(began).Seconds(), pkg))
	}
	say("")
	names, err := demo.Build(ctx, root, dir, func(pkg string) { compiled++; say(pkg) })
	if err != nil {
		s.progress("")
		return "", "", errors.Join(err, os.RemoveAll(dir))
	}
	s.progressEnd(fmt.Sprintf(s.say("%d functions built in %.1f s (%d packages compiled)", "%d 个函数构建完成，用时 %.1f 秒（编译 %d 个包）"),
		len(names), time.Since(began).Seconds(), compiled))
	return root, dir, nil
}

// approver asks at the terminal. When told to, it approves; without a terminal it approves too, since what is acted on is the demo's
// own world, and says so each time.
func (c *demoCommand) approver(s *screen, stdin *os.File) func(context.Context, soc.Run) (bool, error) {
	told := c.Yes || c.Check
	if told || !term.IsTerminal(int(stdin.Fd())) {
		return func(context.Context, soc.Run) (bool, error) {
			if !told {
				fmt.Fprintln(s.out, "         "+s.say("no terminal, so nobody can be asked: approved automatically, for this is the demo's own world (--yes says so beforehand)",
					"没有终端，无人可询问：因为这是演示自己的环境，已自动批准（可用 --yes 事先声明）"))
			}
			return true, nil
		}
	}
	lines := make(chan string)
	go func() { // ends with the program: a read of a terminal cannot be interrupted
		in := bufio.NewScanner(stdin)
		for in.Scan() {
			lines <- in.Text()
		}
		close(lines)
	}()
	return func(ctx context.Context, _ soc.Run) (bool, error) {
		fmt.Fprint(s.out, "         "+s.say("approve? [Y/n] ", "是否批准？[Y/n] "))
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case l := <-lines:
			l = strings.ToLower(strings.TrimSpace(l))
			return l == "" || l == "y" || l == "yes" || l == "是", nil
		}
	}
}

func (c *demoCommand) print(s *screen, score demo.Score, console string) {
	if c.JSON {
		b, err := json.MarshalIndent(score, "", "  ")
		if err != nil {
			panic(err) // plain numbers and texts
		}
		fmt.Println(string(b))
	} else {
		s.card(score)
		s.next(c.Keep)
	}
	if c.Keep {
		fmt.Fprintln(s.out, "\n"+s.say("the console: ", "控制台：")+console)
		fmt.Fprintln(s.out, s.say("everything keeps running; Ctrl-C ends it", "一切保持运行，按 Ctrl-C 结束"))
	}
}

// card prints the score as a table.
func (s *screen) card(x demo.Score) {
	verdict := s.paint("1;32", s.say("PASS", "通过"))
	if !x.Pass {
		verdict = s.paint("1;31", s.say("SHORT", "未达标"))
	}
	rows := [][2]string{
		{s.say("security events", "安全事件"), fmt.Sprintf(s.say("%d of %d found, %d false", "%d/%d 命中，%d 误报"), x.Found, x.Expected, x.False)},
		{s.say("records", "日志记录"), fmt.Sprintf(s.say("%d written, %d collected, %d parked", "写入 %d，采集 %d，搁置 %d"), x.Written, x.Collected, x.Parked)},
		{s.say("alerts", "告警"), fmt.Sprintf(s.say("%d, none twice; log write to alert: P50 %.1f s, P95 %.1f s", "%d 条，无重复；从写日志到告警：P50 %.1f 秒，P95 %.1f 秒"), x.Alerts, x.DelayP50, x.DelayP95)},
		{s.say("response tasks", "响应任务"), fmt.Sprintf(s.say("%d of %d done, %d failed at first on purpose, %d undone", "%d/%d 完成，%d 个首次失败（有意为之），%d 个已撤销"), x.Done, x.Tasks, x.Failed, x.Undone)},
		{s.say("time", "用时"), fmt.Sprintf(s.say("%.1f s", "%.1f 秒"), x.Seconds)},
	}
	if x.Rejected > 0 {
		rows[3][1] += fmt.Sprintf(s.say(", %d rejected by you", "，%d 个被您拒绝"), x.Rejected)
	}
	if x.Twice > 0 {
		rows[2][1] = fmt.Sprintf(s.say("%d, %d twice", "%d 条，重复 %d 条"), x.Alerts, x.Twice)
	}
	fmt.Fprintf(s.out, "\n%s %s\n", s.paint("1", s.say("score card", "成绩单")), verdict)
	for _, r := range rows {
		fmt.Fprintf(s.out, "  %s%s%s\n", r[0], strings.Repeat(" ", max(1, 18-width(r[0]))), r[1])
	}
	for _, what := range x.Short {
		fmt.Fprintln(s.out, "  "+s.paint("31", "✘ "+what))
	}
}

// next suggests three commands. Who stays in the console is not told to.
func (s *screen) next(stays bool) {
	first := [2]string{"go run ./cmd/fenghuo demo --keep", s.say("the same, and stay to look around in the console", "再来一次，并保留控制台供浏览")}
	if stays {
		first = [2]string{"go run ./cmd/fenghuo rules test --rules rules", s.say("the cases of every rule", "运行每条规则的用例")}
	}
	fmt.Fprintln(s.out, "\n"+s.say("next", "接下来"))
	for _, n := range [][2]string{
		first,
		{"go run ./cmd/fenghuo emulator", s.say("the local cloud alone, for any client", "单独启动本地云，可用任意客户端访问")},
		{"go test ./...", s.say("the tests", "运行测试")},
	} {
		fmt.Fprintf(s.out, "  %-48s%s\n", n[0], n[1])
	}
}

// width is how many columns a text takes: two for each Chinese character.
func width(s string) (n int) {
	for _, r := range s {
		n++
		if r >= 0x2e80 {
			n++
		}
	}
	return n
}
