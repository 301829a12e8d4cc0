package main

// config is the function's environment.
type config struct {
	SLSEndpoint string `env:"SOC_SLS_ENDPOINT"`     // host or URL of SLS, "" for the region's public one
	Store       string `env:"SOC_STORE,required"`   // address of the store, for what is parked
	Project     string `env:"SOC_PROJECT,required"` // central project
	Stream      string `env:"SOC_STREAM_LOGSTORE" envDefault:"stream"`
	Alerts      string `env:"SOC_ALERTS_LOGSTORE" envDefault:"alerts"`
}
