// Package oss emulates what responses and functions need of Object Storage Service: PutBucketAcl and GetBucketAcl, and
// writing, reading and deleting whole objects, with signatures V1 and V4 and XML answers. Every other request is answered
// with an error that names it.
//
// Start with [New], make buckets with [Service.Seed], and serve [Service.ServeHTTP]. [Matches] tells which requests are
// for it. A bucket is the first label of the host, or the first part of the path when the host is an address.
package oss

import (
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// Options are what a service needs. Credentials and Authorizer are required.
type Options struct {
	Credentials auth.Credentials
	Authorizer  auth.Authorizer
	Clock       func() time.Time // nil = wall clock
	Wall        func() time.Time // judges the time that a request was signed at; nil = Clock
	Region      string           // of the buckets
	Changed     func(Change)     // told of every change of an object, after it; may be nil
}

// Service holds the buckets of all accounts. It is safe for concurrent use.
type Service struct {
	o Options

	mu      sync.Mutex
	buckets map[string]*bucket // by name: names are unique in the cloud
}

type bucket struct {
	owner, acl string
	objects    map[string]*object // by key
}

// The access lists of a bucket.
var lists = []string{"private", "public-read", "public-read-write"}

// New returns a service without buckets.
func New(o Options) *Service {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Wall == nil {
		o.Wall = o.Clock
	}
	return &Service{o: o, buckets: map[string]*bucket{}}
}

// Seed makes a bucket, or gives it another access list.
func (s *Service) Seed(account, name, acl string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[name]; b != nil && b.owner == account {
		b.acl = acl
		return
	}
	s.buckets[name] = &bucket{owner: account, acl: acl}
}

// ACL returns owner and access list of a bucket.
func (s *Service) ACL(name string) (owner, acl string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[name]
	if b == nil {
		return "", "", false
	}
	return b.owner, b.acl, true
}

// Matches tells whether a request is for this service.
func Matches(r *http.Request) bool {
	a := r.Header.Get("Authorization")
	return strings.HasPrefix(a, "OSS ") || strings.HasPrefix(a, "OSS4-HMAC-SHA256") || strings.Contains(r.Host, ".oss-")
}

// Operations are the names that [Operation] gives to what is served.
func Operations() []string {
	return []string{"PutBucketAcl", "GetBucketAcl", "PutObject", "GetObject", "HeadObject", "DeleteObject"}
}

// Operation names what a request asks for.
func Operation(r *http.Request) string {
	_, acl := r.URL.Query()["acl"]
	switch _, object := target(r); {
	case object == "" && acl && r.Method == http.MethodPut:
		return "PutBucketAcl"
	case object == "" && acl && r.Method == http.MethodGet:
		return "GetBucketAcl"
	case object != "":
		return objectOperation(r)
	}
	return "unknown"
}

// target finds bucket and object of a request.
func target(r *http.Request) (bucket, object string) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if label, rest, ok := strings.Cut(host, "."); ok && net.ParseIP(host) == nil && strings.HasPrefix(rest, "oss-") {
		return label, path
	}
	bucket, object, _ = strings.Cut(path, "/")
	return bucket, object
}

// failure is an error of the service.
type failure struct {
	XMLName       xml.Name `xml:"Error"`
	Status        int      `xml:"-"`
	Code          string
	Message       string
	RequestID     string `xml:"RequestId"`
	HostID        string `xml:"HostId"`
	ArgumentName  string `xml:",omitempty"`
	ArgumentValue string `xml:",omitempty"`
}

func fail(status int, code, message string) *failure {
	return &failure{Status: status, Code: code, Message: message}
}

// CheckBucket tells what is wrong with the name or the access list of a bucket.
func CheckBucket(name, acl string) error {
	switch {
	case !bucketName.MatchString(name):
		return fmt.Errorf("bucket name %q is not 3 to 63 lower-case letters, digits and hyphens", name)
	case !slices.Contains(lists, acl):
		return fmt.Errorf("access list %q is not one of %s", acl, strings.Join(lists, ", "))
	}
	return nil
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := gateway.NewRequestID()
	w.Header().Set("x-oss-request-id", id)
	w.Header().Set("Server", "AliyunOSS")
	body, f := s.serve(r, id)
	if f == nil && writeObject(w, body) {
		return
	}
	status := http.StatusOK
	if f != nil {
		f.RequestID, f.HostID = id, r.Host
		status, body = f.Status, f
	}
	if body == nil {
		w.WriteHeader(status)
		return
	}
	text, err := xml.Marshal(body)
	if err != nil {
		panic(err) // plain texts
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), text...)) // the client is gone when this fails
}

func (s *Service) serve(r *http.Request, requestID string) (any, *failure) {
	operation := Operation(r)
	if operation == "unknown" {
		return nil, fail(http.StatusNotImplemented, "NotImplemented",
			r.Method+" "+r.URL.RequestURI()+" is not offered here; there are "+strings.Join(Operations(), ", ")+".")
	}
	caller, f := s.authenticate(r)
	if f != nil {
		return nil, f
	}
	if a, struck := faults.Refusal(r.Context()); struck {
		return nil, fail(a.Status, a.Code, a.Message)
	}
	name, key := target(r)
	if !bucketName.MatchString(name) {
		return nil, fail(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid.")
	}
	resource := "acs:oss:oss-" + s.o.Region + ":" + caller.AccountID + ":" + name
	if key != "" {
		resource += "/" + key
	}
	d := s.o.Authorizer.Authorize(r.Context(), auth.Request{Caller: caller, Action: actionOf(operation), Resource: resource})
	if !d.Allowed {
		return nil, fail(http.StatusForbidden, "AccessDenied", "You have no right to access this object because of bucket acl.")
	}
	var data []byte
	if operation == "PutObject" {
		if data, f = readObject(r); f != nil {
			return nil, f
		}
	}
	b, f := s.bucketOf(name, caller.AccountID)
	if f != nil {
		return nil, f
	}
	if key != "" {
		c := Change{Account: caller.AccountID, Bucket: name, Key: key, RequestID: requestID, Principal: caller.AccountID, SourceIP: caller.SourceIP}
		return s.serveObject(operation, b, c, data, r.Header.Get("Content-Type"))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b = s.buckets[name] // it may have been made meanwhile
	if operation == "GetBucketAcl" {
		return get(b)
	}
	return nil, s.put(caller.AccountID, name, b, r.Header)
}

// bucketOf is a bucket of an account, nil when there is none of the name.
func (s *Service) bucketOf(name, account string) (*bucket, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[name]
	if b != nil && b.owner != account {
		return nil, fail(http.StatusForbidden, "AccessDenied", "You have no right to access this bucket.")
	}
	return b, nil
}

// put sets the access list. As the reference says, a bucket that does not exist is made, and a request without the
// header changes nothing.
func (s *Service) put(account, name string, b *bucket, h http.Header) *failure {
	acl := h.Get("x-oss-acl")
	if acl != "" && !slices.Contains(lists, acl) {
		f := fail(http.StatusBadRequest, "InvalidArgument", "no such bucket access control exists")
		f.ArgumentName, f.ArgumentValue = "x-oss-acl", acl
		return f
	}
	if b == nil {
		b = &bucket{owner: account, acl: "private"}
		s.buckets[name] = b
	}
	if acl != "" {
		b.acl = acl
	}
	return nil
}

type policy struct {
	XMLName xml.Name `xml:"AccessControlPolicy"`
	ID      string   `xml:"Owner>ID"`
	Name    string   `xml:"Owner>DisplayName"`
	Grant   string   `xml:"AccessControlList>Grant"`
}

func get(b *bucket) (any, *failure) {
	if b == nil {
		return nil, fail(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist.")
	}
	return policy{ID: b.owner, Name: b.owner, Grant: b.acl}, nil
}
