// Command fenghuo is the operator's command: it tells the whole story on a local cloud, serves that cloud alone, and
// says its version.
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
	exitInterrupted = 130
)

type cli struct {
	Demo        demoCommand        `cmd:"" help:"Tell the whole story on a local cloud: five accounts, one attack, two security events, an approved response. Example: fenghuo demo --lang zh"`
	Emulator    emulatorCommand    `cmd:"" help:"Serve the local cloud until it is interrupted. Example: fenghuo emulator --listen 127.0.0.1:8420 --world example"`
	Rules       rulesCommand       `cmd:"" help:"Check, test, explain, measure and run detection rules. Example: fenghuo rules lint --rules rules"`
	Members     membersCommand     `cmd:"" help:"Which accounts are monitored: plan and apply a scope document, a member's window, the audit trail. Example: fenghuo members plan scope.yaml"`
	Doctor      doctorCommand      `cmd:"" help:"Walk the chain from the keys to the logs of members and name the first broken link, with evidence and fix. Needs keys of the administrator account. Changes nothing. Example: fenghuo doctor --lang zh"`
	Flow        flowCommand        `cmd:"" help:"Work on flow definitions."`
	Permissions permissionsCommand `cmd:"" help:"Run the story and list, per role, what is granted and never used, and what is used and not granted. Example: fenghuo permissions --json"`
	Version     versionCommand     `cmd:"" help:"Print the version. Example: fenghuo version"`
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("fenghuo"),
		kong.Description("Fenghuo: an open, self-deployable, multi-account security operations centre for Alibaba Cloud."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		panic(err) // the command tree above is wrong
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fenghuo:", err)
		fmt.Fprintln(os.Stderr, "next: fenghuo --help")
		return exitUsage
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

// exitCode ends the program without another word.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
