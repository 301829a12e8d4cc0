package main

import (
	"errors"
	"time"
)

// config is the function's environment.
type config struct {
	Endpoint    string        `env:"SOC_ENDPOINT"`                            // base of all OpenAPIs, "" for the public hosts
	SLSEndpoint string        `env:"SOC_SLS_ENDPOINT"`                        // host or URL of SLS, "" for the region's public one
	Store       string        `env:"SOC_STORE,required"`                      // address of the store
	ExternalID  string        `env:"SOC_EXTERNAL_ID,required"`                // that the collector roles ask for
	Project     string        `env:"SOC_PROJECT,required"`                    // central project
	Stream      string        `env:"SOC_STREAM_LOGSTORE" envDefault:"stream"` // Logstore of the stream in it
	Start       string        `env:"SOC_START" envDefault:"begin"`            // where a shard that was never read begins: begin, end
	Shards      int           `env:"SOC_COLLECT_SHARDS" envDefault:"32"`      // shards that one run reads at once
	Workers     int           `env:"SOC_COLLECT_WORKERS" envDefault:"1"`      // runs at once; above one the function needs fc:InvokeFunction on itself
	RunTime     time.Duration `env:"SOC_COLLECT_TIME" envDefault:"55s"`       // how long a run works when the platform sets no earlier deadline
}

// Validate checks what a tag cannot.
func (c *config) Validate() error {
	switch {
	case c.Start != "begin" && c.Start != "end":
		return errors.New("SOC_START is begin or end")
	case c.Shards < 1 || c.Shards > 256:
		return errors.New("SOC_COLLECT_SHARDS is 1 to 256")
	case c.Workers < 1 || c.Workers > 50:
		return errors.New("SOC_COLLECT_WORKERS is 1 to 50")
	case c.RunTime <= 0:
		return errors.New("SOC_COLLECT_TIME is longer than nothing")
	}
	return nil
}
