package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
	"github.com/fenghuo-soc/fenghuo/shared/window"
)

// How long a pass opens its window: asked for in days.
const (
	passDays    = 7
	maxPassDays = 90
)

// maxPassFor is how long the text may be that says whom a pass is for, in characters.
const maxPassFor = 100

// A pass is a token for the owner of a member: it opens the window of that one account, to read. It carries the uid, the
// id of its row in the store and its end, under a signature with a key that is derived from the console's token: a new
// console token ends every pass. The row lets one be revoked; the signature is kept nowhere.

// token makes what is handed out.
func (g *gate) token(p soc.Pass) string {
	head := p.Account + "." + p.ID + "." + strconv.FormatInt(p.Ends.Unix(), 10)
	return head + "." + g.signPass(head)
}

func (g *gate) signPass(head string) string {
	m := hmac.New(sha256.New, g.key)
	m.Write([]byte("window " + head))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// passOf returns the account that a pass is for and the id of the pass, "" for what is none or is over. Whether it was
// revoked stands in the store.
func (g *gate) passOf(token string) (uid, id string) {
	parts := strings.Split(token, ".")
	if len(parts) != 4 || !org.ValidUID(parts[0]) || !hmac.Equal([]byte(parts[3]), []byte(g.signPass(strings.Join(parts[:3], ".")))) {
		return "", ""
	}
	unix, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || !g.now().Before(time.Unix(unix, 0)) {
		return "", ""
	}
	return parts[0], parts[1]
}

// errRevoked is what a pass gets that was revoked. Its status is 401.
var errRevoked = &soc.Error{
	Kind: soc.Denied, Op: "open the console", Code: "PassRevoked", Err: errors.New("the pass was revoked"),
	Next: "ask the operator of the SOC for another one, and log in with it at /login",
}

// inForce refuses a pass that was revoked, or that the store does not know. When the store cannot be asked, no pass opens
// anything.
func (c *console) inForce(ctx context.Context, uid, id string) error {
	p, err := c.Store.Pass(ctx, id)
	if soc.KindOf(err) == soc.NotFound || err == nil && (p.Account != uid || !p.Opens(c.Now())) {
		return errRevoked
	}
	return err
}

// setPass keeps a pass in the browser until it ends by itself.
func setPass(w http.ResponseWriter, token string) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: token, Path: "/", MaxAge: maxPassDays * 24 * 3600, HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	})
}

// passInput is what a pass is asked for with.
type passInput struct {
	Days int    `json:"days"` // 0 is passDays
	For  string `json:"for"`  // whom it is for
}

// passAnswer is a new pass.
type passAnswer struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	For     string    `json:"for"`
	Pass    string    `json:"pass"`
	Ends    time.Time `json:"ends"`
}

// givePass makes a pass for the owner of an account and writes that down, without the pass.
func (c *console) givePass(r *http.Request, in passInput) (passAnswer, error) {
	uid := r.PathValue("uid")
	if in.Days == 0 {
		in.Days = passDays
	}
	if in.Days < 1 || in.Days > maxPassDays {
		return passAnswer{}, badInput("a pass cannot last so long", "ask for 1 to 90 days")
	}
	if in.For = strings.TrimSpace(in.For); utf8.RuneCountInString(in.For) > maxPassFor || strings.ContainsFunc(in.For, unicode.IsControl) {
		return passAnswer{}, badInput("the text that says whom the pass is for is too long, or has control characters", "use a name or an address, at most 100 characters")
	}
	ctx := r.Context()
	if _, err := c.Window(ctx, uid); err != nil {
		return passAnswer{}, err
	}
	now := c.Now()
	p := soc.Pass{
		ID: rand.Text()[:passIDLength], Account: uid, For: in.For, GivenAt: now, GivenBy: c.actor(ctx), Ends: now.AddDate(0, 0, in.Days).Truncate(time.Second).UTC(),
	}
	detail := "pass " + p.ID + " for the account's window was handed out, until " + p.Ends.Format(time.RFC3339)
	if p.For != "" {
		detail += ", for " + p.For
	}
	return passAnswer{ID: p.ID, Account: uid, For: p.For, Ends: p.Ends, Pass: c.auth.token(p)}, c.Store.SavePass(ctx, p, store.AuditEntry{
		At: now, Actor: p.GivenBy, Origin: origin(ctx), Action: org.ChangePass, Account: uid, Detail: detail,
	})
}

// passIDLength makes ids of 80 bits.
const passIDLength = 16

// revokePass ends one pass.
func (c *console) revokePass(r *http.Request) error {
	ctx, uid, id, now := r.Context(), r.PathValue("uid"), r.PathValue("id"), c.Now()
	by := c.actor(ctx)
	return c.Store.RevokePass(ctx, uid, id, by, now, store.AuditEntry{
		At: now, Actor: by, Origin: origin(ctx), Action: org.ChangeRevoke, Account: uid, Detail: "pass " + id + " for the account's window was revoked",
	})
}

// errOtherAccount is what a pass gets for anything but its own window.
var errOtherAccount = &soc.Error{
	Kind: soc.Denied, Op: "open the console", Code: "WindowOnly", Err: errors.New("this pass opens the window of its own account and nothing else"),
	Next: "open /accounts/ and the uid of your account",
}

// windowView is a window and, for whoever has the console's token, the passes that were made for it.
type windowView struct {
	window.Window
	Passes []passRow
}

type passRow struct {
	soc.Pass
	Open bool // it opens the window now
}

// routeWindow adds what a pass opens. The console's token opens it too, for every account, and shows the passes with it.
func (c *console) routeWindow(m *http.ServeMux, passes bool) {
	m.HandleFunc("GET /accounts/{uid}", func(w http.ResponseWriter, r *http.Request) {
		v, err := c.windowPage(r, passes)
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

func (c *console) windowPage(r *http.Request, passes bool) (windowView, error) {
	uid := r.PathValue("uid")
	w, err := c.Window(r.Context(), uid)
	v := windowView{Window: w}
	if err != nil || !passes {
		return v, err
	}
	list, err := c.Store.Passes(r.Context(), uid)
	for _, p := range list {
		v.Passes = append(v.Passes, passRow{p, p.Opens(c.Now())})
	}
	return v, err
}

// routePass adds the making, listing and revoking of passes, for whoever has the console's token.
func (c *console) routePass(m *http.ServeMux) {
	m.HandleFunc("GET /api/accounts/{uid}/passes", func(w http.ResponseWriter, r *http.Request) {
		list, err := c.Store.Passes(r.Context(), r.PathValue("uid"))
		if err != nil {
			c.fail(w, r, err)
			return
		}
		c.writeJSON(w, r, http.StatusOK, map[string]any{"passes": notNil(list)})
	})
	m.HandleFunc("POST /api/accounts/{uid}/pass", func(w http.ResponseWriter, r *http.Request) {
		var in passInput
		err := readBody(r, &in)
		var out passAnswer
		if err == nil {
			out, err = c.givePass(r, in)
		}
		if err != nil {
			c.fail(w, r, err)
			return
		}
		c.writeJSON(w, r, http.StatusOK, out)
	})
	m.HandleFunc("POST /accounts/{uid}/pass", func(w http.ResponseWriter, r *http.Request) {
		out, err := c.givePass(r, passInput{For: r.PostFormValue("for")})
		if err != nil {
			c.fail(w, r, err)
			return
		}
		c.render(w, r, http.StatusOK, "pass", "pass.title", out)
	})
	m.HandleFunc("POST /api/accounts/{uid}/passes/{id}/revoke", func(w http.ResponseWriter, r *http.Request) {
		if err := c.revokePass(r); err != nil {
			c.fail(w, r, err)
			return
		}
		c.writeJSON(w, r, http.StatusOK, map[string]bool{"ok": true})
	})
	m.HandleFunc("POST /accounts/{uid}/passes/{id}/revoke", func(w http.ResponseWriter, r *http.Request) {
		if err := c.revokePass(r); err != nil {
			c.fail(w, r, err)
			return
		}
		http.Redirect(w, r, ownPath("/accounts/"+r.PathValue("uid")), http.StatusSeeOther)
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
