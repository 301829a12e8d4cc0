package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// How long a session lasts, and how often a client may be wrong.
const (
	sessionTime   = 12 * time.Hour
	sessionCookie = "fenghuo_session"
	maxWrong      = 10          // wrong tokens of one client …
	wrongWindow   = time.Minute // … in this time, then it has to wait
	maxClients    = 10_000      // clients that are remembered
)

// gate decides who may come in. Only the token's hash is known; a session is a time signed with a key that is derived
// from the hash, so that every instance of the function accepts it and a new token ends all sessions.
type gate struct {
	hash  []byte
	key   []byte
	now   func() time.Time
	mu    sync.Mutex
	wrong map[string]tries
}

type tries struct {
	since time.Time
	n     int
}

func newGate(hexHash string, now func() time.Time) (*gate, error) {
	g := &gate{now: now, wrong: map[string]tries{}}
	if hexHash == "" {
		return g, nil
	}
	hash, err := hex.DecodeString(hexHash)
	if err != nil || len(hash) != sha256.Size {
		return nil, &soc.Error{
			Kind: soc.Invalid, Op: "read the console's token hash", Err: errors.New("it is not 64 hexadecimal digits"),
			Next: "set SOC_CONSOLE_TOKEN_SHA256 to the hex SHA-256 of the token",
		}
	}
	m := hmac.New(sha256.New, hash)
	m.Write([]byte("fenghuo console session 1"))
	g.hash, g.key = hash, m.Sum(nil)
	return g, nil
}

func (g *gate) configured() bool { return g.hash != nil }

// The refusals of the gate. They are of kind Denied; the status of the first two is 401.
var (
	errNoToken = &soc.Error{
		Kind: soc.Denied, Op: "open the console", Code: "NoToken", Err: errors.New("no token and no session"),
		Next: "log in, or send the header Authorization: Bearer with the token",
	}
	errWrongToken = &soc.Error{
		Kind: soc.Denied, Op: "open the console", Code: "WrongToken", Err: errors.New("the token is not the console's"),
		Next: "use the token whose SHA-256 is in SOC_CONSOLE_TOKEN_SHA256",
	}
	errTooMany = &soc.Error{
		Kind: soc.Throttled, Op: "open the console", Code: "TooManyWrongTokens", Err: errors.New("too many wrong tokens from this address"),
		Next: "wait a minute",
	}
	errShut = &soc.Error{
		Kind: soc.Unavailable, Op: "open the console", Code: "NoTokenConfigured", Err: errors.New("no token is configured, so nobody can come in"),
		Next: "set SOC_CONSOLE_TOKEN_SHA256 of the function console to the hex SHA-256 of a long random token, and deploy it",
	}
)

// check compares a token; when it is a pass it returns the account and the id of the pass. A client that was wrong too often is refused whatever
// it brings, until its time is over.
func (g *gate) check(client, token string) (owner, pass string, err error) {
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.wrong[client]
	if now.Sub(t.since) >= wrongWindow {
		t = tries{since: now}
	}
	if t.n >= maxWrong {
		return "", "", errTooMany
	}
	sum := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(sum[:], g.hash) == 1 {
		return "", "", nil
	}
	if owner, pass := g.passOf(token); owner != "" {
		return owner, pass, nil
	}
	if len(g.wrong) >= maxClients {
		clear(g.wrong)
	}
	t.n++
	g.wrong[client] = t
	return "", "", errWrongToken
}

// keep gives the browser a session, or keeps the pass that it brought.
func (g *gate) keep(w http.ResponseWriter, owner, token string) {
	if owner != "" {
		setPass(w, token)
		return
	}
	g.setCookie(w)
}

// session makes a cookie's value: when it ends, and the signature of that.
func (g *gate) session() string {
	end := strconv.FormatInt(g.now().Add(sessionTime).Unix(), 10)
	return end + "." + g.sign(end)
}

func (g *gate) sign(end string) string {
	m := hmac.New(sha256.New, g.key)
	m.Write([]byte(end))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (g *gate) validSession(value string) bool {
	end, sig, ok := strings.Cut(value, ".")
	if !ok || !hmac.Equal([]byte(sig), []byte(g.sign(end))) {
		return false
	}
	unix, err := strconv.ParseInt(end, 10, 64)
	return err == nil && g.now().Before(time.Unix(unix, 0))
}

func (g *gate) setCookie(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: g.session(), Path: "/", MaxAge: int(sessionTime / time.Second),
		HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	})
}

func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, ok && strings.EqualFold(scheme, "Bearer")
}

func remoteHost(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
