package fc

import (
	"crypto/subtle"
	"net/http"
	"os"
	"strings"
	"time"
)

// codeURLPath stands for the bucket of packages: whoever knows the address may download, as with a signed URL.
const codeURLPath = prefix + "emulator-packages/"

// codeURLValid is how long an address from GetFunctionCode works.
const codeURLValid = 10 * time.Minute

// codeURL is an address that was handed out. It needs Service.mu.
type codeURL struct {
	token string
	code  *code
	until time.Time
}

// getCode gives an address of the package and its CRC-64.
func (s *Service) getCode(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	rev, err := s.resolve(f, q.qualifier())
	if err != nil {
		return nil, err
	}
	now := s.o.Clock()
	kept := s.downloads[:0]
	for _, d := range s.downloads {
		if now.Before(d.until) {
			kept = append(kept, d)
		}
	}
	u := codeURL{token: hexID(16), code: rev.code, until: now.Add(codeURLValid)}
	s.downloads = append(kept, u)
	return map[string]string{"url": "http://" + q.host + codeURLPath + u.token, "checksum": rev.code.checksum}, nil
}

// serveCode answers a download; false when the request is not one.
func (s *Service) serveCode(w http.ResponseWriter, r *http.Request) bool {
	token, ok := strings.CutPrefix(r.URL.Path, codeURLPath)
	if !ok || r.Method != http.MethodGet {
		return false
	}
	s.mu.Lock()
	var file string
	for _, d := range s.downloads {
		if subtle.ConstantTimeCompare([]byte(d.token), []byte(token)) == 1 && s.o.Clock().Before(d.until) {
			file = d.code.packageFile()
		}
	}
	s.mu.Unlock()
	data, err := os.ReadFile(file)
	if file == "" || err != nil { // expired, or the code was replaced and removed
		http.Error(w, "the address is not valid", http.StatusForbidden)
		return true
	}
	w.Header().Set("Content-Type", "application/zip")
	_, _ = w.Write(data) // the client went away: nobody is left to tell
	return true
}
