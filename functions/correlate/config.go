package main

import "net/netip"

// config is the function's environment.
type config struct {
	Endpoint    string         `env:"SOC_ENDPOINT"`         // base of all OpenAPIs, "" for the public hosts
	SLSEndpoint string         `env:"SOC_SLS_ENDPOINT"`     // host or URL of SLS, "" for the region's public one
	Store       string         `env:"SOC_STORE,required"`   // address of the store
	Project     string         `env:"SOC_PROJECT,required"` // central project
	OwnNetworks []netip.Prefix `env:"SOC_OWN_NETWORKS"`     // the organisation's addresses: they link nothing
	Alerts      string         `env:"SOC_ALERTS_LOGSTORE" envDefault:"alerts"`
}
