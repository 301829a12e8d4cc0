package fc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// stopGrace is how long requests may go on after SIGTERM.
const stopGrace = 20 * time.Second

// Main runs the function on the runtime that it meets: FC's go1 where FC_RUNTIME_API is set, AWS Lambda's where
// AWS_LAMBDA_RUNTIME_API is, else FC's custom runtime, which sends HTTP requests. It runs until the platform stops the
// process. The configuration C is read from the environment by its env tags, and checked by its method Validate() error
// if it has one. build runs once per instance; what it returns is
// called for each event, concurrently if the function's instanceConcurrency allows it. See [Typed] for I and O.
func Main[C, I, O any](name string, build func(ctx context.Context, cfg C) (func(context.Context, I) (O, error), error)) {
	run(NewServer(name, func(ctx context.Context) (Handlers, error) {
		cfg, err := readConfig[C]()
		if err != nil {
			return Handlers{}, err
		}
		f, err := build(ctx, cfg)
		if err != nil {
			return Handlers{}, err
		}
		return Handlers{Event: Typed(f)}, nil
	}, os.Stdout))
}

// MainHTTP is [Main] for a function behind an HTTP trigger. When the handler is an [EventHandler] too, it also takes
// events.
func MainHTTP[C any](name string, build func(ctx context.Context, cfg C) (http.Handler, error)) {
	run(NewServer(name, func(ctx context.Context) (Handlers, error) {
		cfg, err := readConfig[C]()
		if err != nil {
			return Handlers{}, err
		}
		h, err := build(ctx, cfg)
		if err != nil {
			return Handlers{}, err
		}
		event, _ := h.(EventHandler)
		return Handlers{Event: event, HTTP: h}, nil
	}, os.Stdout))
}

func readConfig[C any]() (C, error) {
	cfg, err := env.ParseAs[C]()
	if err == nil {
		if v, ok := any(&cfg).(interface{ Validate() error }); ok {
			err = v.Validate()
		}
	}
	if err != nil {
		return cfg, &soc.Error{
			Kind: soc.Invalid, Op: "read configuration", Err: err,
			Next: "correct the function's environment variables",
		}
	}
	return cfg, nil
}

// port returns where the platform expects the server (fc.md §1.1, §1.4).
func port() string {
	return cmp.Or(os.Getenv("FC_CUSTOM_LISTEN_PORT"), os.Getenv("FC_SERVER_PORT"), "9000")
}

func run(s *Server) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	var err error
	switch api := os.Getenv("FC_RUNTIME_API"); {
	case api != "":
		err = serveGo(ctx, s, api)
	case os.Getenv("AWS_LAMBDA_RUNTIME_API") != "":
		err = serveLambda(ctx, s, Credentials{
			AccessKeyID:     os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"),
			AccessKeySecret: os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
			SecurityToken:   os.Getenv("ALIBABA_CLOUD_SECURITY_TOKEN"),
		})
	default:
		var l net.Listener
		if l, err = net.Listen("tcp", ":"+port()); err == nil {
			err = serve(ctx, s, l)
		}
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "serve %s: %v\n", s.name, err)
		os.Exit(1)
	}
}

// serve answers requests until the context ends, then lets running ones finish. There are no read or write time-outs:
// the platform keeps connections for longer than any of them (fc.md §1.1).
func serve(ctx context.Context, s *Server, l net.Listener) error {
	srv := &http.Server{Handler: s}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
	defer cancel()
	err := srv.Shutdown(grace)
	if errServe := <-done; !errors.Is(errServe, http.ErrServerClosed) {
		err = errors.Join(err, errServe)
	}
	return errors.Join(err, s.Close())
}
