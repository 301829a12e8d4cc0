// Command fenghuo is the operator's command: it tells the whole story on a local cloud, serves that cloud alone, works
// on rules, flow definitions and the scope of accounts, proves permissions, and finds what is broken. Begin at cli.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // timers and snapshots name time zones, also where the system has none

	"github.com/alecthomas/kong"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// The exit codes that every command keeps to.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitPending     = 3 // a plan that would change something
	exitPartly      = 4 // a part is done; what is not was listed
	exitInterrupted = 130
)

type cli struct {
	Demo        demoCommand        `cmd:"" help:"Tell the whole story on a local cloud: five accounts, two attacks, two security events, approved responses. Example: fenghuo demo --lang zh"`
	Emulator    emulatorCommand    `cmd:"" help:"Serve the local cloud until it is interrupted. Example: fenghuo emulator --listen 127.0.0.1:8420 --world example"`
	Rules       rulesCommand       `cmd:"" help:"Check, test, explain, measure and run detection rules. Example: fenghuo rules lint --rules rules"`
	Members     membersCommand     `cmd:"" help:"Which accounts are monitored: plan and apply a scope document, a member's window, the audit trail. Example: fenghuo members plan scope.yaml"`
	Doctor      doctorCommand      `cmd:"" help:"Walk the chain from the keys to the logs of members and name the first broken link, with evidence and fix. Needs keys of the administrator account. Changes nothing. Example: fenghuo doctor --lang zh"`
	Flow        flowCommand        `cmd:"" help:"Work on flow definitions. Example: fenghuo flow check workflows/*.yaml"`
	Permissions permissionsCommand `cmd:"" help:"Run the story and list, per role, what is granted and never used, and what is used and not granted. Example: fenghuo permissions --json"`
	Version     versionCommand     `cmd:"" help:"Print the version. Example: fenghuo version"`
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("fenghuo"),
		kong.Description("Fenghuo: an open, self-deployable, multi-account security operations centre for Alibaba Cloud."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		panic(err) // the command tree above is wrong
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if len(args) > 0 && args[0] == "help" {
		args = append(args[1:len(args):len(args)], "--help")
	}
	command, err := parser.Parse(args)
	if err != nil {
		return misused(parser, args, err)
	}
	command.BindTo(ctx, (*context.Context)(nil))
	err = command.Run()
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case ctx.Err() != nil:
		return exitInterrupted
	}
	fmt.Fprintln(os.Stderr, "fenghuo:", err)
	if next := soc.NextOf(err); next != "" {
		fmt.Fprintln(os.Stderr, "next:", next)
	}
	return exitFailed
}

// misused answers a command line that cannot be understood, with the help that fits: all of it when nothing was asked.
func misused(parser *kong.Kong, args []string, err error) int {
	var wrong *kong.ParseError
	if !errors.As(err, &wrong) {
		fmt.Fprintln(os.Stderr, "fenghuo:", err)
		return exitUsage
	}
	if parser.Stdout = os.Stderr; len(args) == 0 {
		_ = wrong.Context.PrintUsage(false) // nobody to tell
		return exitUsage
	}
	path := parser.Model.Name
	if node := wrong.Context.Selected(); node != nil {
		path = node.FullPath()
	}
	fmt.Fprintln(os.Stderr, "fenghuo:", err)
	fmt.Fprintln(os.Stderr, "next:", path, "--help")
	return exitUsage
}

// exitCode ends the program without another word.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
