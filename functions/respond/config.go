package main

import (
	"errors"
	"net/netip"
)

// config is the function's environment.
type config struct {
	Endpoint      string         `env:"SOC_ENDPOINT"`             // base of all OpenAPIs, "" for the public hosts
	Store         string         `env:"SOC_STORE,required"`       // address of the store
	ExternalID    string         `env:"SOC_EXTERNAL_ID,required"` // that the responder roles ask for
	OwnNetworks   []netip.Prefix `env:"SOC_OWN_NETWORKS"`         // the organisation's addresses: never blocked
	OwnAccessKeys []string       `env:"SOC_OWN_ACCESS_KEYS"`      // keys that the organisation depends on: never disabled
}

// Validate checks what a tag cannot.
func (c *config) Validate() error {
	if len(c.ExternalID) < 2 {
		return errors.New("SOC_EXTERNAL_ID has two characters at least")
	}
	return nil
}
