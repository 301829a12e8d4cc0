package emulator

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/fc"
	"github.com/fenghuo-soc/fenghuo/emulator/oss"
)

// names tells the name of the operation that a request asks for, from the route tables of the services. What no table
// has is "unknown".
type names struct {
	products map[string]string   // version of an RPC API → product
	all      map[string][]string // service → operations
	logs     []path
	funcs    []path
}

// path is a route: method, segments of which some are variables, and a parameter that must have one of some values.
type path struct {
	name, method string
	segments     []string
	param        string
	values       []string
}

const unknown = "unknown"

func newNames(s *cloud) names {
	n := names{products: map[string]string{}, all: map[string][]string{"FC": {"HTTPTrigger"}, "Oss": oss.Operations()}}
	for _, line := range s.gateway.Actions() {
		if f := strings.Fields(line); len(f) == 3 {
			n.products[f[1]] = f[0]
			n.all[f[0]] = append(n.all[f[0]], f[2])
		}
	}
	for _, line := range s.sls.Routes() {
		name, rest, _ := strings.Cut(line, ": ")
		if f := strings.Fields(rest); len(f) >= 2 {
			n.logs = append(n.logs, newPath(name, f[0], f[1]))
			n.all["Sls"] = append(n.all["Sls"], strings.Split(name, ", ")...)
		}
	}
	for _, line := range fc.Routes() {
		if f := strings.Fields(line); len(f) == 3 {
			n.funcs = append(n.funcs, newPath(f[2], f[0], f[1]))
			n.all["FC"] = append(n.all["FC"], f[2])
		}
	}
	return n
}

func newPath(name, method, pattern string) path {
	p := path{name: name, method: method}
	pattern, query, _ := strings.Cut(pattern, "?")
	if param, values, ok := strings.Cut(query, "="); ok {
		p.param, p.values = param, strings.Split(values, "|")
	}
	p.segments = strings.Split(strings.Trim(pattern, "/"), "/")
	return p
}

func find(list []path, r *http.Request, query url.Values) string {
	got := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	for _, p := range list {
		if p.method == r.Method && len(p.segments) == len(got) && (p.param == "" || slices.Contains(p.values, query.Get(p.param))) &&
			slices.EqualFunc(p.segments, got, func(want, have string) bool { return want == have || strings.HasPrefix(want, "{") && have != "" }) {
			return p.name
		}
	}
	return unknown
}

func (n names) fc(r *http.Request) string { return find(n.funcs, r, r.URL.Query()) }

// sls also tells GetProject from ListProject, which share a route.
func (n names) sls(r *http.Request) string {
	name := find(n.logs, r, r.URL.Query())
	if both := strings.Split(name, ", "); len(both) == 2 {
		if name = both[1]; r.Header.Get("x-log-project") != "" || strings.Count(r.Host, ".") > 2 && r.URL.Query().Get("projectName") == "" {
			name = both[0]
		}
	}
	return name
}

// check refuses a service and an operation that no call has; "" is any. Case does not count.
func (n names) check(service, operation string) error {
	known := false
	for s, operations := range n.all {
		if service != "" && !strings.EqualFold(s, service) {
			continue
		}
		known = true
		if operation == "" || slices.ContainsFunc(operations, func(o string) bool { return strings.EqualFold(o, operation) }) {
			return nil
		}
	}
	switch {
	case !known:
		return fmt.Errorf("there is no service %q; there are %s", service, strings.Join(slices.Sorted(maps.Keys(n.all)), ", "))
	case service == "":
		return fmt.Errorf("no service has the operation %q", operation)
	}
	return fmt.Errorf("%s has no operation %q", service, operation)
}

// maxForm bounds what is read of a form to find the action in it; the gateway takes no more.
const maxForm = 4 << 20

// rpc reads product, action, key, and the role of AssumeRole. The body can be read again afterwards.
func (n names) rpc(r *http.Request) (product, action, key, roleARN string) {
	params := r.URL.Query()
	if t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); t == "application/x-www-form-urlencoded" && r.Body != nil {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
		rest := r.Body
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), rest), rest}
		if form, perr := url.ParseQuery(string(body)); err == nil && perr == nil {
			for name, v := range form {
				params[name] = v
			}
		}
	}
	version := params.Get("Version")
	action, key = params.Get("Action"), params.Get("AccessKeyId")
	if strings.HasPrefix(r.Header.Get("Authorization"), "ACS3") {
		version, action, key = r.Header.Get("x-acs-version"), r.Header.Get("x-acs-action"), credentialOf(r.Header.Get("Authorization"))
	}
	if product = n.products[version]; product == "" {
		product = unknown
	}
	if action == "" {
		action = unknown
	}
	if strings.EqualFold(product, "Sts") && action == "AssumeRole" {
		roleARN = params.Get("RoleArn")
	}
	return product, action, key, roleARN
}
