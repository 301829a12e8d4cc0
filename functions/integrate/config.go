package main

// config is the function's environment.
type config struct {
	Store string `env:"SOC_STORE,required"` // address of the store
}
