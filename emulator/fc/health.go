package fc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// HealthCheck says how an instance shows that it is ready (fc.md §5.3). Times are in seconds.
type HealthCheck struct {
	HTTPGetURL          string `json:"httpGetUrl"`
	InitialDelaySeconds int    `json:"initialDelaySeconds"` // 0–120
	PeriodSeconds       int    `json:"periodSeconds"`       // 1–120, default 3
	TimeoutSeconds      int    `json:"timeoutSeconds"`      // 1–3, default 1
	FailureThreshold    int    `json:"failureThreshold"`    // 1–120, default 3
	SuccessThreshold    int    `json:"successThreshold"`    // 1–120, default 1
}

func (h *HealthCheck) check() *Error {
	if h == nil || *h == (HealthCheck{}) {
		return nil
	}
	if !strings.HasPrefix(h.HTTPGetURL, "/") || len(h.HTTPGetURL) > 2048 {
		return invalid("healthCheckConfig.httpGetUrl must be a path of at most 2,048 characters")
	}
	for field, otherwise := range map[*int]int{&h.PeriodSeconds: 3, &h.TimeoutSeconds: 1, &h.FailureThreshold: 3, &h.SuccessThreshold: 1} {
		if *field == 0 { // a later revision shares what is set with instances that read it
			*field = otherwise
		}
	}
	for _, n := range []struct {
		name       string
		n, lo, top int
	}{
		{"initialDelaySeconds", h.InitialDelaySeconds, 0, 120},
		{"periodSeconds", h.PeriodSeconds, 1, 120},
		{"timeoutSeconds", h.TimeoutSeconds, 1, 3},
		{"failureThreshold", h.FailureThreshold, 1, 120},
		{"successThreshold", h.SuccessThreshold, 1, 120},
	} {
		if n.n < n.lo || n.n > n.top {
			return invalid("healthCheckConfig.%s must be between %d and %d", n.name, n.lo, n.top)
		}
	}
	return nil
}

func (f *Function) healthCheck() *HealthCheck {
	if c := f.CustomRuntimeConfig; c != nil && c.HealthCheckConfig != nil && c.HealthCheckConfig.HTTPGetURL != "" {
		return c.HealthCheckConfig
	}
	return nil
}

// waitHealthy asks the health path until it succeeded often enough in a row, or failed too often in a row.
//
// Assumption: the first question comes initialDelaySeconds after the port accepts; a status from 200 to 399 is a success.
func (in *instance) waitHealthy(ctx context.Context, h *HealthCheck, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	wait, good, bad := time.Duration(h.InitialDelaySeconds)*time.Second, 0, 0
	for {
		if wait > 0 {
			select {
			case <-in.exited:
				return errors.New("the process exited before its health check succeeded")
			case <-ctx.Done():
				return fmt.Errorf("the health check did not succeed in time: %w", ctx.Err())
			case <-time.After(wait):
			}
		}
		if err := in.probe(ctx, h); err != nil {
			if good, bad = 0, bad+1; bad >= h.FailureThreshold {
				return fmt.Errorf("the health check failed %d times: %w", bad, err)
			}
		} else if good, bad = good+1, 0; good >= h.SuccessThreshold {
			return nil
		}
		wait = time.Duration(h.PeriodSeconds) * time.Second
	}
}

func (in *instance) probe(ctx context.Context, h *HealthCheck) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(h.TimeoutSeconds)*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+in.address()+h.HTTPGetURL, nil)
	if err != nil {
		return err
	}
	req.Close = true
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode >= 400 {
		return fmt.Errorf("%s answered status %d", h.HTTPGetURL, resp.StatusCode)
	}
	return nil
}
