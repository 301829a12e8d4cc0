package main

import (
	"encoding/hex"
	"errors"
)

// config is the function's environment.
type config struct {
	Endpoint    string `env:"SOC_ENDPOINT"`                            // base of all OpenAPIs, "" for the public hosts
	SLSEndpoint string `env:"SOC_SLS_ENDPOINT"`                        // host or URL of SLS, "" for the region's public one
	Store       string `env:"SOC_STORE,required"`                      // address of the store
	Project     string `env:"SOC_PROJECT,required"`                    // central project
	Management  string `env:"SOC_MANAGEMENT_ACCOUNT,required"`         // uid of the management account
	Stream      string `env:"SOC_STREAM_LOGSTORE" envDefault:"stream"` // Logstores that the search page searches
	Alerts      string `env:"SOC_ALERTS_LOGSTORE" envDefault:"alerts"`
	Archive     string `env:"SOC_ARCHIVE_LOGSTORE" envDefault:"archive"` // only when log storage is on
	TokenSHA256 string `env:"SOC_CONSOLE_TOKEN_SHA256"`                  // hex; without it the console stays shut
	LogStorage  string `env:"SOC_LOG_STORAGE" envDefault:"off"`          // on: the Logstore archive keeps normalised logs
	StreamDays  int    `env:"SOC_STREAM_DAYS" envDefault:"0"`            // days for which the stream keeps logs, 0 when not known
}

// Validate checks what a tag cannot.
func (c *config) Validate() error {
	if b, err := hex.DecodeString(c.TokenSHA256); err != nil || c.TokenSHA256 != "" && len(b) != 32 {
		return errors.New("SOC_CONSOLE_TOKEN_SHA256 is not 64 hexadecimal digits") // without the value: it may be the token itself
	}
	if c.LogStorage != "on" && c.LogStorage != "off" {
		return errors.New("SOC_LOG_STORAGE is on or off")
	}
	if c.StreamDays < 0 {
		return errors.New("SOC_STREAM_DAYS is 0 or more")
	}
	return nil
}
