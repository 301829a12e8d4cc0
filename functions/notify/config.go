package main

import (
	"errors"
	"time"
)

// config is the function's environment.
type config struct {
	Store string        `env:"SOC_STORE,required"`                 // address of the store
	Wait  time.Duration `env:"SOC_APPROVAL_WAIT" envDefault:"24h"` // how long a question stays open: the time-out of the flows' step Approve
}

// Validate checks what a tag cannot.
func (c *config) Validate() error {
	if c.Wait <= 0 {
		return errors.New("SOC_APPROVAL_WAIT is longer than nothing")
	}
	return nil
}
