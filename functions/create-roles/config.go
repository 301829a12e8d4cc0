package main

import (
	"errors"

	"github.com/fenghuo-soc/fenghuo/shared/org"
)

// config is the function's environment.
type config struct {
	Endpoint      string `env:"SOC_ENDPOINT"`                       // base of all OpenAPIs, "" for the public hosts
	Administrator string `env:"SOC_ADMINISTRATOR_ACCOUNT,required"` // uid of the delegated administrator
	ExternalID    string `env:"SOC_EXTERNAL_ID,required"`           // that the members' roles ask for
}

// Validate checks what a tag cannot.
func (c *config) Validate() error {
	if !org.ValidUID(c.Administrator) {
		return errors.New("SOC_ADMINISTRATOR_ACCOUNT is not a 16-digit account id")
	}
	return nil
}
