package oss

import (
	"crypto/md5" //nolint:gosec // an ETag is defined with it
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxObject is the largest object; the largest that anything here reads is a package of 500 MB.
const maxObject = 500 << 20

// object is what a key of a bucket holds. It is immutable.
type object struct {
	data      []byte
	etag, typ string
	modified  time.Time
}

// Change tells of an object that was written or deleted, for whoever is notified of it.
type Change struct {
	Account, Bucket, Key string
	Event                string // ObjectCreated:PutObject or ObjectRemoved:DeleteObject
	ETag                 string
	Size, Delta          int64 // Delta is how much the key has grown
	RequestID            string
	Principal            string // account of the caller
	SourceIP             string
	At                   time.Time
}

// objectOperation names what a request for an object asks for; sub-resources and multipart uploads are not offered.
func objectOperation(r *http.Request) string {
	if len(r.URL.Query()) > 0 || r.Header.Get("x-oss-copy-source") != "" {
		return "unknown"
	}
	switch r.Method {
	case http.MethodPut:
		return "PutObject"
	case http.MethodGet:
		return "GetObject"
	case http.MethodHead:
		return "HeadObject"
	case http.MethodDelete:
		return "DeleteObject"
	}
	return "unknown"
}

// actionOf is the RAM action of an operation; HeadObject asks for that of GetObject, as the reference says.
func actionOf(operation string) string {
	if operation == "HeadObject" {
		operation = "GetObject"
	}
	return "oss:" + operation
}

// readObject reads the body of PutObject and checks its digest.
func readObject(r *http.Request) ([]byte, *failure) {
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxObject))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, fail(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size.")
	case err != nil:
		return nil, fail(http.StatusBadRequest, "IncompleteBody", "The body could not be read.")
	}
	sum := md5.Sum(data) //nolint:gosec // see above
	if want := r.Header.Get("Content-MD5"); want != "" && want != base64.StdEncoding.EncodeToString(sum[:]) {
		return nil, fail(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified is not valid.")
	}
	return data, nil
}

// putObject needs s.mu.
func (s *Service) putObject(b *bucket, c Change, data []byte, typ string) (*object, Change) {
	sum := md5.Sum(data) //nolint:gosec // see above
	o := &object{data: data, etag: strings.ToUpper(hex.EncodeToString(sum[:])), typ: typ, modified: s.o.Clock()}
	c.Event, c.ETag, c.Size, c.Delta, c.At = "ObjectCreated:PutObject", o.etag, int64(len(data)), int64(len(data)), o.modified
	if old := b.objects[c.Key]; old != nil {
		c.Delta -= int64(len(old.data))
	}
	if b.objects == nil {
		b.objects = map[string]*object{}
	}
	b.objects[c.Key] = o
	return o, c
}

// deleteObject needs s.mu. It tells whether there was something to delete.
//
// Assumption: deleting what is not there is no event; the answer is 204 all the same.
func (s *Service) deleteObject(b *bucket, c Change) (Change, bool) {
	old := b.objects[c.Key]
	if old == nil {
		return c, false
	}
	delete(b.objects, c.Key)
	c.Event, c.ETag, c.Delta, c.At = "ObjectRemoved:DeleteObject", old.etag, -int64(len(old.data)), s.o.Clock()
	return c, true
}

// serveObject answers an operation on an object of a bucket that the caller may reach. b is nil when there is no such
// bucket. What has changed is told after the lock is given back.
func (s *Service) serveObject(operation string, b *bucket, c Change, data []byte, typ string) (any, *failure) {
	if b == nil {
		return nil, fail(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist.")
	}
	s.mu.Lock()
	changed := false
	var o *object
	switch operation {
	case "PutObject":
		o, c = s.putObject(b, c, data, typ)
		changed = true
	case "DeleteObject":
		c, changed = s.deleteObject(b, c)
	default:
		o = b.objects[c.Key]
	}
	s.mu.Unlock()
	if changed && s.o.Changed != nil {
		s.o.Changed(c)
	}
	switch {
	case operation == "DeleteObject":
		return noContent{}, nil
	case o == nil:
		return nil, fail(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	case operation == "PutObject":
		return stored{o.etag}, nil
	}
	return o, nil
}

// What operations on objects answer with, beside the object itself.
type (
	noContent struct{}
	stored    struct{ etag string }
)

// writeObject writes the answer of an operation on an object; false for other answers.
func writeObject(w http.ResponseWriter, answer any) bool {
	switch a := answer.(type) {
	case noContent:
		w.WriteHeader(http.StatusNoContent)
	case stored:
		w.Header().Set("ETag", `"`+a.etag+`"`)
		w.WriteHeader(http.StatusOK)
	case *object:
		h := w.Header()
		h.Set("ETag", `"`+a.etag+`"`)
		h.Set("Content-Type", a.typ)
		h.Set("Content-Length", strconv.Itoa(len(a.data)))
		h.Set("Last-Modified", a.modified.UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(a.data) // the client is gone when this fails
	default:
		return false
	}
	return true
}

// Object returns what a key of a bucket holds, with the owner of the bucket.
func (s *Service) Object(bucket, key string) (owner string, data []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil || b.objects[key] == nil {
		return "", nil, false
	}
	return b.owner, b.objects[key].data, true
}

// Owner returns the account that a bucket belongs to.
func (s *Service) Owner(bucket string) (account string, ok bool) {
	account, _, ok = s.ACL(bucket)
	return account, ok
}
