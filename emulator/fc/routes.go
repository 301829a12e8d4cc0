package fc

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

const prefix = "/2023-03-30/"

// maxBody bounds an API body: a package of 100 MB in base64, and room for the rest.
const maxBody = maxPackage/3*4 + 1<<20

// apiCall is one call of the REST API after the signature was checked.
type apiCall struct {
	requestID string
	caller    auth.Caller
	name, sub string // function; trigger, version, alias or task
	host      string // that the caller reached
	query     url.Values
	body      []byte
	fields    map[string]json.RawMessage // of a JSON body
}

// qualifier is the version or alias that the query names, LATEST without one.
func (q *apiCall) qualifier() string { return orDefault(q.query.Get("qualifier"), latest) }

// operation is one row of the route table.
type operation struct {
	method, path string // path below the prefix; {f} and {t} are names
	action       string // permission fc:<action> on the function
	status       int
	run          func(*Service, *apiCall) (any, *Error)
}

// operations is the route table.
//
// Assumption: 201 for what is created, 204 for what is deleted or stopped; clients of the real API accept any 2xx. Every action
// is named after its operation, and those on what belongs to a function are asked for on the function.
var operations = []operation{
	{"POST", "functions", "CreateFunction", 201, (*Service).createFunction},
	{"GET", "functions", "ListFunctions", 200, (*Service).listFunctions},
	{"GET", "functions/{f}", "GetFunction", 200, (*Service).getFunction},
	{"PUT", "functions/{f}", "UpdateFunction", 200, (*Service).updateFunction},
	{"DELETE", "functions/{f}", "DeleteFunction", 204, (*Service).deleteFunction},
	{"POST", "functions/{f}/invocations", "InvokeFunction", 0, nil}, // see serveInvoke
	{"POST", "functions/{f}/triggers", "CreateTrigger", 201, (*Service).createTrigger},
	{"GET", "functions/{f}/triggers", "ListTriggers", 200, (*Service).listTriggers},
	{"GET", "functions/{f}/triggers/{t}", "GetTrigger", 200, (*Service).getTrigger},
	{"PUT", "functions/{f}/triggers/{t}", "UpdateTrigger", 200, (*Service).updateTrigger},
	{"DELETE", "functions/{f}/triggers/{t}", "DeleteTrigger", 204, (*Service).deleteTrigger},
	{"GET", "functions/{f}/code", "GetFunctionCode", 200, (*Service).getCode},
	{"POST", "functions/{f}/invoke/disable", "DisableFunctionInvocation", 200, (*Service).disableInvocation},
	{"POST", "functions/{f}/invoke/enable", "EnableFunctionInvocation", 200, (*Service).enableInvocation},
	{"POST", "functions/{f}/versions", "PublishFunctionVersion", 201, (*Service).publishVersion},
	{"GET", "functions/{f}/versions", "ListFunctionVersions", 200, (*Service).listVersions},
	{"DELETE", "functions/{f}/versions/{t}", "DeleteFunctionVersion", 204, (*Service).deleteVersion},
	{"POST", "functions/{f}/aliases", "CreateAlias", 201, (*Service).createAlias},
	{"GET", "functions/{f}/aliases", "ListAliases", 200, (*Service).listAliases},
	{"GET", "functions/{f}/aliases/{t}", "GetAlias", 200, (*Service).getAlias},
	{"PUT", "functions/{f}/aliases/{t}", "UpdateAlias", 200, (*Service).updateAlias},
	{"DELETE", "functions/{f}/aliases/{t}", "DeleteAlias", 204, (*Service).deleteAlias},
	{"GET", "functions/{f}/async-invoke-config", "GetAsyncInvokeConfig", 200, (*Service).getAsync},
	{"PUT", "functions/{f}/async-invoke-config", "PutAsyncInvokeConfig", 200, (*Service).putAsync},
	{"DELETE", "functions/{f}/async-invoke-config", "DeleteAsyncInvokeConfig", 204, (*Service).deleteAsync},
	{"GET", "async-invoke-configs", "ListAsyncInvokeConfigs", 200, (*Service).listAsync},
	{"GET", "functions/{f}/async-tasks", "ListAsyncTasks", 200, (*Service).listTasks},
	{"GET", "functions/{f}/async-tasks/{t}", "GetAsyncTask", 200, (*Service).getTask},
	{"PUT", "functions/{f}/async-tasks/{t}/stop", "StopAsyncTask", 204, (*Service).stopTask},
	{"GET", "functions/{f}/concurrency", "GetConcurrencyConfig", 200, (*Service).getConcurrency},
	{"PUT", "functions/{f}/concurrency", "PutConcurrencyConfig", 200, (*Service).putConcurrency},
	{"DELETE", "functions/{f}/concurrency", "DeleteConcurrencyConfig", 204, (*Service).deleteConcurrency},
	{"GET", "concurrency-configs", "ListConcurrencyConfigs", 200, (*Service).listConcurrency},
	{"GET", "functions/{f}/provision-config", "GetProvisionConfig", 200, (*Service).getProvision},
	{"PUT", "functions/{f}/provision-config", "PutProvisionConfig", 200, (*Service).putProvision},
	{"DELETE", "functions/{f}/provision-config", "DeleteProvisionConfig", 204, (*Service).deleteProvision},
	{"GET", "provision-configs", "ListProvisionConfigs", 200, (*Service).listProvisions},
	{"POST", "custom-domains", "CreateCustomDomain", 201, (*Service).createCustomDomain},
	{"GET", "custom-domains", "ListCustomDomains", 200, (*Service).listCustomDomains},
	{"GET", "custom-domains/{t}", "GetCustomDomain", 200, (*Service).getCustomDomain},
	{"PUT", "custom-domains/{t}", "UpdateCustomDomain", 200, (*Service).updateCustomDomain},
	{"DELETE", "custom-domains/{t}", "DeleteCustomDomain", 204, (*Service).deleteCustomDomain},
	{"GET", "tags-v2", "ListTagResources", 200, (*Service).listTagResources},
	{"POST", "tags-v2", "TagResources", 204, (*Service).tagResources},
	{"DELETE", "tags-v2", "UntagResources", 204, (*Service).untagResources},
	{"GET", "regions", "DescribeRegions", 200, (*Service).describeRegions},
	{"GET", "functions/{f}/instances", "ListInstances", 200, (*Service).listInstances},
}

// Routes lists the REST operations as "METHOD path Action", sorted.
func Routes() []string { return list(operations) }

// ServeHTTP is the REST API of fc.md §4.6. The account is the caller's.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.serveCode(w, r) {
		return
	}
	q := &apiCall{requestID: newRequestID(), host: r.Host, query: r.URL.Query()}
	op, err := route(r, q)
	if err == nil {
		q.body, err = readBody(w, r)
	}
	if err == nil {
		caller, authErr := s.o.Auth.Authenticate(r, q.body)
		if q.caller = caller; authErr != nil {
			err = asError(authErr)
		}
	}
	if err == nil {
		err = refusal(r.Context())
	}
	if err == nil {
		err = ownHost(r.Host, q.caller)
	}
	if err != nil {
		writeError(w, q.requestID, err)
		return
	}
	if op.run == nil {
		s.serveInvoke(w, r, q)
		return
	}
	result, err := s.serve(r, op, q)
	if err != nil {
		writeError(w, q.requestID, err)
		return
	}
	writeJSON(w, q.requestID, op.status, result)
}

// accountHost is the address for invocations, which names the account (fc.md §4.1).
var accountHost = regexp.MustCompile(`^(\d+)\.[a-z0-9-]+\.fc\.aliyuncs\.com(?::\d+)?$`)

// ownHost refuses calls at the address of another account, which would otherwise meet a function of the caller.
//
// Assumption: 403 AccessDenied.
func ownHost(host string, caller auth.Caller) *Error {
	if m := accountHost.FindStringSubmatch(strings.ToLower(host)); m != nil && m[1] != caller.AccountID {
		return errorf(http.StatusForbidden, "AccessDenied", "'%s' is the address of account %s, caller: %s", host, m[1], caller.ARN)
	}
	return nil
}

func (s *Service) serve(r *http.Request, op *operation, q *apiCall) (any, *Error) {
	if (r.Method == http.MethodPost || r.Method == http.MethodPut) && len(q.body) > 0 {
		if err := json.Unmarshal(q.body, &q.fields); err != nil {
			return nil, invalid("the body is not a JSON object: %v", err)
		}
	}
	resource, err := s.resource(op, q)
	if err != nil {
		return nil, err
	}
	if err := s.require(r.Context(), q.caller, "fc:"+op.action, resource); err != nil {
		return nil, err
	}
	return op.run(s, q)
}

// resource is what a permission is asked on: the function, or everything for what belongs to none (documented for custom
// domains as "All Resource").
//
// Assumption: the operations on tags and regions are asked for on everything too.
func (s *Service) resource(op *operation, q *apiCall) (string, *Error) {
	name := orDefault(q.name, "*")
	switch {
	case !strings.HasPrefix(op.path, "functions") && !strings.HasSuffix(op.path, "-configs"):
		return "*", nil
	case op.action == "CreateFunction":
		if err := json.Unmarshal(q.fields["functionName"], &name); err != nil {
			return "", invalid("functionName is required")
		}
	}
	return s.functionARN(q.caller.AccountID, name), nil
}

// route finds the operation of a request; names are percent-decoded.
func route(r *http.Request, q *apiCall) (*operation, *Error) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	if !ok {
		return nil, errorf(400, "PathNotSupported", "path '%s' is not supported: expected %sfunctions", r.URL.Path, prefix)
	}
	parts := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	for i := range operations {
		op := &operations[i]
		if op.method == r.Method && matchPath(strings.Split(op.path, "/"), parts, q) {
			return op, nil
		}
	}
	for _, op := range absent {
		if op.method == r.Method && matchPath(strings.Split(op.path, "/"), parts, q) {
			return nil, errorf(400, "PathNotSupported", "%s is not offered by the emulator", op.action)
		}
	}
	return nil, errorf(400, "PathNotSupported", "%s '%s' is not a path of this API", r.Method, r.URL.Path)
}

func matchPath(pattern, parts []string, q *apiCall) bool {
	if len(pattern) != len(parts) {
		return false
	}
	var name, sub string
	for i, p := range pattern {
		value, err := url.PathUnescape(parts[i])
		switch {
		case err != nil:
			return false
		case p == "{f}":
			name = value
		case p == "{t}":
			sub = value
		case p != value:
			return false
		}
	}
	q.name, q.sub = name, sub
	return true
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *Error) {
	limit := int64(maxBody)
	if strings.HasSuffix(r.URL.Path, "/invocations") {
		limit = maxSync
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, errorf(400, "EntityTooLarge", "the body exceeds %d bytes", limit)
	case err != nil:
		return nil, errorf(400, "InvalidArgument", "read body: %v", err)
	}
	return body, nil
}
