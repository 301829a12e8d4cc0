package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/faults"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// own is the emulator's own interface, which is not signed: it listens on loopback and gives keys away anyway. An answer
// that is not nil is sent as JSON.
var own = map[string]func(s *Server, w http.ResponseWriter, r *http.Request) (any, error){
	"GET /_emulator/info":  func(s *Server, _ http.ResponseWriter, _ *http.Request) (any, error) { return s.Info(), nil },
	"GET /_emulator/calls": (*Server).ownCalls,
	"GET /_emulator/uses": func(s *Server, _ http.ResponseWriter, _ *http.Request) (any, error) {
		return map[string]any{"uses": s.Calls().Uses()}, nil
	},
	"GET /_emulator/faults":    func(s *Server, _ http.ResponseWriter, _ *http.Request) (any, error) { return s.ownHits(), nil },
	"POST /_emulator/faults":   (*Server).ownAddFaults,
	"GET /_emulator/clock":     func(s *Server, _ http.ResponseWriter, _ *http.Request) (any, error) { return s.ownClock(), nil },
	"POST /_emulator/clock":    (*Server).ownSetClock,
	"POST /_emulator/reset":    (*Server).ownReset,
	"GET /_emulator/snapshot":  (*Server).ownSnapshot,
	"POST /_emulator/snapshot": (*Server).ownRestore,
}

func (s *Server) serveOwn(w http.ResponseWriter, r *http.Request) {
	h, ok := own[r.Method+" "+r.URL.Path]
	if !ok {
		gateway.WriteError(w, gateway.NewRequestID(), r.Host, gateway.Errorf(http.StatusNotFound, "NotFound",
			"%s %s is not there. The emulator's own interface has GET info, calls, uses, faults, clock and snapshot, and POST faults, clock, reset and snapshot, each below /_emulator/.", r.Method, r.URL.Path))
		return
	}
	answer, err := h(s, w, r)
	if err != nil {
		e := gateway.Errorf(http.StatusBadRequest, "InvalidParameter", "%v", err)
		if errors.Is(err, errBusy) {
			e.Status, e.Code = http.StatusConflict, "Busy"
		}
		gateway.WriteError(w, gateway.NewRequestID(), r.Host, e)
		return
	}
	if answer != nil {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // the client is gone when this fails
	}
}

func (s *Server) ownCalls(_ http.ResponseWriter, r *http.Request) (any, error) {
	f, err := callFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	return map[string]any{"calls": s.Calls().Calls(f)}, nil
}

func (s *Server) ownHits() any { return map[string]any{"hits": s.Faults().Hits()} }

// maxPlan bounds a fault plan.
const maxPlan = 1 << 20

// ownAddFaults appends the faults of a plan. Its seed must be that of the emulator or be left out.
func (s *Server) ownAddFaults(_ http.ResponseWriter, r *http.Request) (any, error) {
	text, err := io.ReadAll(io.LimitReader(r.Body, maxPlan))
	if err != nil {
		return nil, err
	}
	p, err := faults.Parse(text)
	if err != nil {
		return nil, err
	}
	if p.Seed != 0 {
		return nil, errors.New("the seed belongs to the start: fenghuo emulator --faults FILE")
	}
	if err := s.Faults().AddAll(p.Faults); err != nil {
		return nil, err
	}
	return s.ownHits(), nil
}

// clockView is the clock as its route shows it.
type clockView struct {
	Now  time.Time `json:"now"`
	Rate float64   `json:"rate"`
}

func (s *Server) ownClock() any { return clockView{s.Clock().Now().UTC(), s.Clock().Rate()} }

// ownSetClock lets time jump, or changes how fast it passes.
func (s *Server) ownSetClock(_ http.ResponseWriter, r *http.Request) (any, error) {
	var in struct {
		Advance string   `json:"advance"` // such as 24h
		Rate    *float64 `json:"rate"`
	}
	d := json.NewDecoder(io.LimitReader(r.Body, maxPlan))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, fmt.Errorf("the body is JSON with advance, such as 24h, or rate: %w", err)
	}
	if in.Advance == "" && in.Rate == nil {
		return nil, errors.New("name advance, such as 24h, or rate")
	}
	if in.Advance != "" {
		by, err := time.ParseDuration(in.Advance)
		if err != nil {
			return nil, fmt.Errorf("advance %q is no time such as 24h", in.Advance)
		}
		if err := s.Advance(by); err != nil {
			return nil, err
		}
	}
	if in.Rate != nil {
		if err := s.Clock().SetRate(*in.Rate); err != nil {
			return nil, err
		}
	}
	return s.ownClock(), nil
}

func (s *Server) ownReset(_ http.ResponseWriter, r *http.Request) (any, error) {
	if err := s.Reset(r.Context()); err != nil {
		return nil, err
	}
	return s.Info(), nil
}

func (s *Server) ownSnapshot(w http.ResponseWriter, r *http.Request) (any, error) {
	b, err := s.Snapshot(r.Context())
	if err != nil {
		return nil, err
	}
	w.Header().Set("Content-Type", "application/gzip")
	_, _ = w.Write(b) // the client is gone when this fails
	return nil, nil
}

func (s *Server) ownRestore(_ http.ResponseWriter, r *http.Request) (any, error) {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxSnapshot+1))
	if err != nil {
		return nil, err
	}
	if err := s.Restore(r.Context(), b); err != nil {
		return nil, err
	}
	return s.Info(), nil
}
