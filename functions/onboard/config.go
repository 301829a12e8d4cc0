package main

import (
	"errors"

	"github.com/fenghuo-soc/fenghuo/shared/org"
)

// config is the function's environment.
type config struct {
	Endpoint   string `env:"SOC_ENDPOINT"`                    // base of all OpenAPIs, "" for the public hosts
	Store      string `env:"SOC_STORE,required"`              // address of the store
	ExternalID string `env:"SOC_EXTERNAL_ID,required"`        // that the broker role asks for
	Management string `env:"SOC_MANAGEMENT_ACCOUNT,required"` // uid of the management account
	Project    string `env:"SOC_PROJECT,required"`            // central project
	Site       string `env:"SOC_SITE" envDefault:"cn"`        // cn or intl

	SLSEndpoint string `env:"SOC_SLS_ENDPOINT"`
}

// Validate checks what a tag cannot.
func (c *config) Validate() error {
	if !org.ValidUID(c.Management) {
		return errors.New("SOC_MANAGEMENT_ACCOUNT is not a 16-digit account id")
	}
	return nil
}
