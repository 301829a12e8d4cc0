package web

import (
	"net/http"
	"net/url"
	"strings"
)

// check lets a token or a pass in. owner is the account that a pass is for.
func (c *console) check(r *http.Request, token string) (owner string, err error) {
	owner, pass, err := c.auth.check(c.Client(r), token)
	if err == nil && owner != "" {
		err = c.inForce(r.Context(), owner, pass)
	}
	return owner, err
}

// admit lets a request in that brings the token, a pass or a session. owner is the account that a pass is for, "" for
// who may see everything. A token in the address is turned into a session, and the browser is sent to the same address
// without it.
func (c *console) admit(w http.ResponseWriter, r *http.Request) (owner string, ok bool) {
	if token, ok := bearer(r); ok {
		owner, err := c.check(r, token)
		if err != nil {
			c.fail(w, r, err)
			return "", false
		}
		return owner, true
	}
	if q := r.URL.Query(); q.Has("token") && r.Method == http.MethodGet {
		owner, err := c.check(r, q.Get("token"))
		if err != nil {
			c.fail(w, r, err)
			return "", false
		}
		c.auth.keep(w, owner, q.Get("token"))
		q.Del("token")
		http.Redirect(w, r, ownPath((&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).RequestURI()), http.StatusSeeOther)
		return "", false
	}
	if k, err := r.Cookie(sessionCookie); err == nil {
		owner, pass := c.auth.passOf(k.Value)
		if owner != "" {
			if err := c.inForce(r.Context(), owner, pass); err != nil {
				c.fail(w, r, err)
				return "", false
			}
		}
		if owner != "" || c.auth.validSession(k.Value) {
			return owner, true
		}
	}
	if isAPI(r) || r.Method != http.MethodGet {
		c.fail(w, r, errNoToken)
		return "", false
	}
	http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	return "", false
}

// ownPath returns path when it leads to this host, else the first page: "//host" and "/\host" lead elsewhere.
func ownPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}

func (c *console) loginPage(w http.ResponseWriter, r *http.Request) {
	c.render(w, r, http.StatusOK, "login", "login.title", loginView{Next: ownPath(r.URL.Query().Get("next"))})
}

// loginView is the form; Err is why the last try was refused.
type loginView struct {
	Next string
	Err  error
}

func (c *console) login(w http.ResponseWriter, r *http.Request) {
	next := ownPath(r.PostFormValue("next"))
	token := r.PostFormValue("token")
	owner, err := c.check(r, token)
	if err != nil {
		c.render(w, r, statusOf(err), "login", "login.title", loginView{Next: next, Err: err})
		return
	}
	c.auth.keep(w, owner, token)
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (c *console) logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }
