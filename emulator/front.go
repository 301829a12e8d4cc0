package emulator

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
	"github.com/fenghuo-soc/fenghuo/emulator/oss"
	"github.com/fenghuo-soc/fenghuo/emulator/record"
)

// front stands before all services: it tells what a call is, records it, and lets faults strike it.
type front struct {
	server *Server
	names  names
}

func newFront(s *Server) *front { return &front{server: s, names: newNames(s)} }

// maxHeld bounds the body of a request that is held in memory for a fault; it is more than any service takes.
const maxHeld = 160 << 20

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	next, target, roleARN := f.identify(r)
	ctx, call := f.server.calls.Begin(r.Context(), record.Call{
		Service: target.Service, Operation: target.Operation,
		Caller: target.Caller.ARN, Account: target.Caller.AccountID,
	})
	a := &answerWriter{ResponseWriter: w}
	kind := ""
	defer func() {
		if broken := recover(); broken != nil {
			a.status = 0
			f.server.calls.End(call, 0, "", "", kind)
			panic(broken)
		}
		if roleARN != "" { // STS decides by itself
			if done := a.code == ""; done || a.code == "NoPermission" {
				f.server.calls.Ask(ctx, target.Caller, "sts:AssumeRole", roleARN, done)
			}
		}
		f.server.calls.End(call, a.statusCode(), a.code, a.requestID(), kind)
	}()
	r = r.WithContext(ctx)
	fault := f.server.faults.Pick(target)
	if fault == nil {
		next.ServeHTTP(a, r)
		a.finish()
		return
	}
	kind = string(fault.Kind)
	if err := holdBody(r); err != nil {
		panic(http.ErrAbortHandler) // the client went away while it sent
	}
	f.server.faults.Serve(fault, target, a, r, next)
	a.finish()
}

// holdBody reads the body into memory: only then does the server notice that a client gives up.
func holdBody(r *http.Request) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxHeld+1))
	if err != nil {
		return err
	}
	if len(b) > maxHeld {
		return errors.New("the body is too long")
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return nil
}

// identify finds the service behind a request and says what is asked for. The caller is the one that the request
// names: whether its signature is good is for the service to see.
func (f *front) identify(r *http.Request) (next http.Handler, t faults.Target, roleARN string) {
	s := f.server
	if account, function, ok := s.resolve(r.Host); ok {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.fc.ServeHTTPTrigger(w, r, account, function) }),
			faults.Target{Service: "FC", Operation: "HTTPTrigger"}, ""
	}
	if s.fc.HasDomain(r.Host) {
		return http.HandlerFunc(s.fc.ServeDomain), faults.Target{Service: "FC", Operation: "HTTPTrigger"}, ""
	}
	key := ""
	switch {
	case strings.HasPrefix(r.URL.Path, "/2023-03-30/"), strings.HasPrefix(r.URL.Path, "/2016-08-15/"):
		next, t.Service, t.Operation, key = s.fc, "FC", f.names.fc(r), credentialOf(r.Header.Get("Authorization"))
	case oss.Matches(r):
		next, t.Service, t.Operation, key = s.oss, "Oss", oss.Operation(r), credentialOf(r.Header.Get("Authorization"))
	case forLogService(r):
		next, t.Service, t.Operation, key = s.sls, "Sls", f.names.sls(r), credentialOf(r.Header.Get("Authorization"))
	default:
		next = s.gateway
		t.Service, t.Operation, key, roleARN = f.names.rpc(r)
	}
	t.Caller = s.callerOf(key)
	return next, t, roleARN
}

func (s *Server) callerOf(key string) auth.Caller {
	c, ok := s.iam.Credential(key)
	if !ok {
		return auth.Caller{AccessKeyID: key}
	}
	c.Caller.AccessKeyID = key
	return c.Caller
}

// credentialOf is the access key id in an Authorization header: ACS3 and SLS4 have Credential=, the old Log Service
// signature has "LOG <id>:<signature>", and that of OSS begins with OSS.
func credentialOf(header string) string {
	for _, scheme := range []string{"LOG ", "OSS "} {
		if rest, ok := strings.CutPrefix(header, scheme); ok {
			id, _, _ := strings.Cut(rest, ":")
			return id
		}
	}
	_, rest, ok := strings.Cut(header, "Credential=")
	if !ok {
		return ""
	}
	end := strings.IndexAny(rest, "/, ")
	if end < 0 {
		end = len(rest)
	}
	return rest[:end]
}
