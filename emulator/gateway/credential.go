package gateway

import (
	"crypto/hmac"
	"net"
	"net/http"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// claim is what a request says about itself, whatever the signature scheme.
type claim struct {
	accessKeyID, token, timestamp, nonce, signature string
	// stringToSign and sign are lazy: an unknown key is answered before anything is computed.
	stringToSign func() string
	sign         func(secret, text string) string
	// mismatch builds the message of SignatureDoesNotMatch from the server's string to sign.
	mismatch func(text string) string
}

// tokenFinder may be implemented by [auth.Credentials] to tell a token of another key from nonsense.
type tokenFinder interface{ KnowsToken(token string) bool }

// verify checks key, token, time, signature and nonce, in this order. The nonce is stored only after the signature
// was good.
//
// Assumption: the order of the checks (accounts.md §1.8 suggests it; the real one is unknown), and status 404 for an
// unknown key, where one page says 400.
func (g *Gateway) verify(c claim, r *http.Request) (auth.Caller, *Error) {
	cred, ok := g.credentials.Credential(c.accessKeyID)
	if !ok {
		return auth.Caller{}, Errorf(http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
	}
	if !cred.Active {
		return auth.Caller{}, Errorf(http.StatusBadRequest, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
	}
	if e := g.checkToken(cred, c.token, g.clock()); e != nil {
		return auth.Caller{}, e
	}
	if e := checkTimestamp(c.timestamp, g.signedBy()); e != nil {
		return auth.Caller{}, e
	}
	text := c.stringToSign()
	if !hmac.Equal([]byte(c.sign(cred.Secret, text)), []byte(c.signature)) {
		return auth.Caller{}, Errorf(http.StatusBadRequest, "SignatureDoesNotMatch", "%s", c.mismatch(text))
	}
	if c.nonce == "" {
		return auth.Caller{}, Missing("SignatureNonce")
	}
	if !g.nonces.use(c.accessKeyID, c.nonce, g.signedBy()) {
		return auth.Caller{}, Errorf(http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already.")
	}
	caller := cred.Caller
	caller.AccessKeyID = c.accessKeyID
	caller.Secure = r.TLS != nil
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		caller.SourceIP = host
	}
	return caller, nil
}

// checkToken compares the token of the request with the one of the key.
//
// Assumption: all InvalidSecurityToken errors have status 400, and a token that comes with a long-term key is a
// mismatch (accounts.md §1.8: status unknown).
func (g *Gateway) checkToken(cred auth.Credential, token string, now time.Time) *Error {
	finder, _ := g.credentials.(tokenFinder)
	switch {
	case cred.Token == token && (token == "" || now.Before(cred.Expires)):
		return nil
	case cred.Token == token:
		return Errorf(http.StatusBadRequest, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
	case token == "":
		return Missing("SecurityToken")
	case cred.Token == "", finder != nil && finder.KnowsToken(token):
		return Errorf(http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey",
			"Specified SecurityToken mismatch with the AccessKey.")
	}
	return Errorf(http.StatusBadRequest, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
}

func checkTimestamp(s string, now time.Time) *Error {
	if s == "" {
		return Errorf(http.StatusBadRequest, "IllegalTimestamp", "The input parameter Timestamp that is mandatory for processing this request is not supplied.")
	}
	t, err := time.Parse("2006-01-02T15:04:05Z", s)
	if err != nil {
		return Errorf(http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
	}
	if now.Sub(t).Abs() > window {
		return Errorf(http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
	}
	return nil
}

// signedBy is the clock by which signatures are judged.
func (g *Gateway) signedBy() time.Time {
	if g.wall != nil {
		return g.wall()
	}
	return g.clock()
}
