package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

type emulatorCommand struct {
	Listen   string `default:"127.0.0.1:8420" help:"Address on loopback; port 0 takes a free one."`
	World    string `default:"example" help:"example (five accounts with directory and logs), empty (the same before anything is set up), or the path of a world file."`
	Snapshot string `help:"File that GET /_emulator/snapshot gave: the cloud begins with that state and its settings. A reset begins with the world." placeholder:"FILE"`
	Faults   string `help:"File with faults that strike calls, YAML or JSON; see emulator/faults. GET /_emulator/faults counts them." placeholder:"FILE"`

	LogQuotas bool          `help:"Limit the Log Service as its documentation says; a world file can set each quota."`
	LogDelay  time.Duration `help:"Hide new projects and Logstores for this long, as the Log Service does; 60s is like it. Off by default." placeholder:"TIME"`
}

// closeTime is how long functions and flows have to end.
const closeTime = 10 * time.Second

// Run serves until ctx ends. It prints one line when the emulator is ready.
func (c *emulatorCommand) Run(ctx context.Context) error {
	w, err := emulator.LoadWorld(c.World)
	if err != nil {
		return err
	}
	w.LogService.DocumentedQuotas = w.LogService.DocumentedQuotas || c.LogQuotas
	w.LogService.PropagationDelay = max(w.LogService.PropagationDelay, c.LogDelay)
	var plan faults.Plan
	if c.Faults != "" {
		if plan, err = faults.Load(c.Faults); err != nil {
			return err
		}
	}
	o := emulator.Options{World: w, Listen: c.Listen, Faults: plan}
	if c.Snapshot != "" {
		if o.Snapshot, err = os.ReadFile(c.Snapshot); err != nil {
			return fmt.Errorf("read snapshot: %w", err)
		}
	}
	s, err := emulator.Start(o)
	if err != nil {
		return err
	}
	fmt.Printf("fenghuo emulator ready at %s, world %s, %d accounts; keys: GET %s/_emulator/info\n", s.Endpoint(), c.World, len(s.World().Accounts), s.Endpoint())
	<-ctx.Done()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	return s.Close(closing)
}
