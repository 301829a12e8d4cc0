package main

// config is the function's environment.
type config struct {
	Endpoint string `env:"SOC_ENDPOINT"` // base of all OpenAPIs, "" for the public hosts
}
