package main

import "errors"

// config is the function's environment.
type config struct {
	SLSEndpoint   string `env:"SOC_SLS_ENDPOINT"`          // host or URL of SLS, "" for the region's public one
	Store         string `env:"SOC_STORE,required"`        // address of the store, for what is parked
	Project       string `env:"SOC_PROJECT,required"`      // central project
	Administrator string `env:"SOC_ADMINISTRATOR_ACCOUNT"` // uid; "" for the account that the function runs in
	Stream        string `env:"SOC_STREAM_LOGSTORE" envDefault:"stream"`
	Archive       string `env:"SOC_ARCHIVE_LOGSTORE" envDefault:"archive"`
	Storage       string `env:"SOC_LOG_STORAGE" envDefault:"off"` // on: normalised logs are kept
}

// Validate checks what a tag cannot.
func (c *config) Validate() error {
	if c.Storage != "on" && c.Storage != "off" {
		return errors.New("SOC_LOG_STORAGE is on or off")
	}
	return nil
}
