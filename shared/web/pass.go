package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// How long a pass opens its window: asked for in days.
const (
	passDays    = 7
	maxPassDays = 90
)

// A pass is a token for the owner of a member: it opens the window of that one account, to read. It carries the uid and
// its end under a signature with a key that is derived from the console's token, so that a new console token ends every
// pass, and nothing is stored.

// pass makes one.
func (g *gate) pass(uid string, end time.Time) string {
	head := uid + "." + strconv.FormatInt(end.Unix(), 10)
	return head + "." + g.signPass(head)
}

func (g *gate) signPass(head string) string {
	m := hmac.New(sha256.New, g.key)
	m.Write([]byte("window " + head))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// passOf returns the account that a pass is for, "" for what is none or is over.
func (g *gate) passOf(token string) string {
	uid, rest, _ := strings.Cut(token, ".")
	end, sig, ok := strings.Cut(rest, ".")
	if !ok || !org.ValidUID(uid) || !hmac.Equal([]byte(sig), []byte(g.signPass(uid+"."+end))) {
		return ""
	}
	unix, err := strconv.ParseInt(end, 10, 64)
	if err != nil || !g.now().Before(time.Unix(unix, 0)) {
		return ""
	}
	return uid
}

// setPass keeps a pass in the browser until it ends by itself.
func setPass(w http.ResponseWriter, token string) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: token, Path: "/", MaxAge: maxPassDays * 24 * 3600, HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	})
}

// passAnswer is a new pass.
type passAnswer struct {
	Account string    `json:"account"`
	Pass    string    `json:"pass"`
	Ends    time.Time `json:"ends"`
}

// givePass makes a pass for the owner of an account and writes that down, without the pass.
func (c *console) givePass(r *http.Request, days int) (passAnswer, error) {
	uid := r.PathValue("uid")
	if days == 0 {
		days = passDays
	}
	if days < 1 || days > maxPassDays {
		return passAnswer{}, badInput("a pass cannot last so long", "ask for 1 to 90 days")
	}
	ctx := r.Context()
	if _, err := c.Window(ctx, uid); err != nil {
		return passAnswer{}, err
	}
	now := c.Now()
	out := passAnswer{Account: uid, Ends: now.AddDate(0, 0, days).Truncate(time.Second).UTC()}
	out.Pass = c.auth.pass(uid, out.Ends)
	return out, c.Store.Audit(ctx, store.AuditEntry{
		At: now, Actor: c.actor(ctx), Origin: origin(ctx), Action: org.ChangePass, Account: uid,
		Detail: "a pass for the account's window was handed out, until " + out.Ends.Format(time.RFC3339),
	})
}

// errOtherAccount is what a pass gets for anything but its own window.
var errOtherAccount = &soc.Error{
	Kind: soc.Denied, Op: "open the console", Code: "WindowOnly", Err: errors.New("this pass opens the window of its own account and nothing else"),
	Next: "open /accounts/ and the uid of your account",
}

// routeWindow adds what a pass opens. The console's token opens it too, for every account.
func (c *console) routeWindow(m *http.ServeMux) {
	m.HandleFunc("GET /accounts/{uid}", func(w http.ResponseWriter, r *http.Request) {
		v, err := c.Window(r.Context(), r.PathValue("uid"))
		if err != nil {
			c.fail(w, r, err)
			return
		}
		c.render(w, r, http.StatusOK, "window", "window.title", v)
	})
	m.HandleFunc("GET /api/accounts/{uid}/window", func(w http.ResponseWriter, r *http.Request) {
		v, err := c.Window(r.Context(), r.PathValue("uid"))
		if err != nil {
			c.fail(w, r, err)
			return
		}
		c.writeJSON(w, r, http.StatusOK, v)
	})
}

// routePass adds the handing out of passes, for whoever has the console's token.
func (c *console) routePass(m *http.ServeMux) {
	m.HandleFunc("POST /api/accounts/{uid}/pass", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Days int `json:"days"`
		}
		err := readBody(r, &in)
		var out passAnswer
		if err == nil {
			out, err = c.givePass(r, in.Days)
		}
		if err != nil {
			c.fail(w, r, err)
			return
		}
		c.writeJSON(w, r, http.StatusOK, out)
	})
	m.HandleFunc("POST /accounts/{uid}/pass", func(w http.ResponseWriter, r *http.Request) {
		out, err := c.givePass(r, 0)
		if err != nil {
			c.fail(w, r, err)
			return
		}
		c.render(w, r, http.StatusOK, "pass", "pass.title", out)
	})
}

// serveWindow serves who came with a pass: the window of the one account.
func (c *console) serveWindow(w http.ResponseWriter, r *http.Request, uid string) {
	own := "/accounts/" + uid
	switch path := r.URL.Path; {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		c.fail(w, r, errOtherAccount)
	case path == "/":
		http.Redirect(w, r, own, http.StatusSeeOther)
	case path == own || path == "/api"+own+"/window":
		c.window.ServeHTTP(w, r)
	default:
		c.fail(w, r, errOtherAccount)
	}
}
