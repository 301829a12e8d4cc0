package main

// config is the function's environment.
type config struct {
	Endpoint    string `env:"SOC_ENDPOINT"`             // base of all OpenAPIs, "" for the public hosts
	SLSEndpoint string `env:"SOC_SLS_ENDPOINT"`         // host or URL of SLS, "" for the region's public one
	Store       string `env:"SOC_STORE,required"`       // address of the store
	ExternalID  string `env:"SOC_EXTERNAL_ID,required"` // that the collector roles ask for
}
