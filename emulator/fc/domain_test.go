package fc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// domainGet asks a custom domain for a path.
func (f *fixture) domainGet(method, host, path, account string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://"+host+path, nil)
	if account != "" {
		r.Header.Set("X-Account", account)
	}
	w := httptest.NewRecorder()
	f.ServeDomain(w, r)
	return w
}

// TestCustomDomains: the host leads to the domain, the path to a function, an exact route before the longest prefix.
func TestCustomDomains(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{"environmentVariables": map[string]string{"STAGE": "one"}})
	f.api(201, acct, "POST", "functions/echo/versions", nil)
	f.create(map[string]any{"functionName": "other"})
	web := func(methods ...string) map[string]any {
		return map[string]any{"authType": "anonymous", "methods": methods}
	}
	f.api(201, acct, "POST", "functions/echo/triggers", trigger0("web", "http", web("GET", "POST"), nil))
	f.api(201, acct, "POST", "functions/echo/triggers", trigger0("web1", "http", web("GET"), map[string]any{"qualifier": "1"}))
	f.api(404, acct, "POST", "custom-domains", map[string]any{"domainName": "soc.example.com", "routeConfig": map[string]any{"routes": []any{map[string]any{"path": "/*", "functionName": "nobody"}}}})
	got := f.api(201, acct, "POST", "custom-domains", map[string]any{
		"domainName": "SOC.example.com", "protocol": "HTTP", "wafConfig": map[string]any{"enableWAF": false},
		"routeConfig": map[string]any{"routes": []any{
			map[string]any{"path": "/a/*", "functionName": "echo"},
			map[string]any{"path": "/a/b/*", "functionName": "other"},
			map[string]any{"path": "/a/b/c", "functionName": "echo", "qualifier": "1", "methods": []string{"GET", "PUT"}},
		}},
	})
	if got["domainName"] != "soc.example.com" || got["accountId"] != acct || got["apiVersion"] != "2023-03-30" || got["createdTime"] != "2026-01-02T03:04:05Z" {
		t.Errorf("created %v", got)
	}
	if !f.HasDomain("SOC.example.com:8080") || f.HasDomain("example.com") {
		t.Error("HasDomain is wrong")
	}
	for _, tt := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/a/x?y=1", http.StatusTeapot, "GET /a/x?y=1 host=soc.example.com"},
		{"POST", "/a/b/c", 403, "method POST is not configured"}, // the route's own methods
		{"GET", "/a/b/c", http.StatusTeapot, "GET /a/b/c"},       // exact
		{"GET", "/a/b/d", 404, "function 'other' has no HTTP trigger"},
		{"GET", "/a", 404, "has no route for path '/a'"},
		{"DELETE", "/a/x", 403, "method DELETE is not configured"}, // the trigger's
	} {
		w := f.domainGet(tt.method, "soc.example.com", tt.path, "")
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || w.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s %s: %d %s, want %d %q", tt.method, tt.path, w.Code, w.Body, tt.status, tt.want)
		}
	}
	f.api(200, acct, "PUT", "custom-domains/soc.example.com", map[string]any{"authConfig": map[string]any{"authType": "function"}})
	if w := f.domainGet("GET", "soc.example.com", "/a/x", ""); w.Code != 403 {
		t.Errorf("the domain's authentication: %d, want 403", w.Code)
	}
	if w := f.domainGet("GET", "soc.example.com", "/a/x", acct); w.Code != http.StatusTeapot {
		t.Errorf("a signed request: %d", w.Code)
	}
	f.api(200, acct, "PUT", "custom-domains/soc.example.com", map[string]any{"authConfig": nil, "routeConfig": map[string]any{"routes": []any{}}})
	if w := f.domainGet("GET", "soc.example.com", "/a/x", ""); w.Code != 404 {
		t.Errorf("without routes: %d, want 404", w.Code)
	}
}

func TestCustomDomainAPI(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	key, cert := certificate(t)
	f.create(nil)
	f.api(201, acct, "POST", "custom-domains", map[string]any{"domainName": "b.example.com"})
	got := f.api(201, acct, "POST", "custom-domains", map[string]any{
		"domainName": "a.example.com", "protocol": "HTTP,HTTPS", "tlsConfig": map[string]any{"minVersion": "TLSv1.2"},
		"certConfig": map[string]any{"certName": "c", "certificate": cert, "privateKey": key},
	})
	if c := got["certConfig"].(map[string]any); c["certName"] != "c" || c["certificate"] != cert || c["privateKey"] != nil {
		t.Errorf("certificate in the answer: %v", c)
	}
	if e := f.api(409, other, "POST", "custom-domains", map[string]any{"domainName": "a.example.com"}); e["Code"] != "DomainNameAlreadyExists" {
		t.Errorf("the name of another account: %v", e)
	}
	if e := f.api(404, other, "GET", "custom-domains/a.example.com", nil); e["Code"] != "DomainNameNotFound" {
		t.Errorf("the domain of another account: %v", e)
	}
	list := f.api(200, acct, "GET", "custom-domains?limit=1", nil)
	if d := list["customDomains"].([]any); len(d) != 1 || d[0].(map[string]any)["domainName"] != "a.example.com" || list["nextToken"] != "b.example.com" {
		t.Errorf("first page: %v", list)
	}
	list = f.api(200, acct, "GET", "custom-domains?nextToken=b.example.com", nil)
	if d := list["customDomains"].([]any); len(d) != 1 || list["nextToken"] != "" {
		t.Errorf("second page: %v", list)
	}
	f.api(204, acct, "DELETE", "custom-domains/a.example.com", nil)
	f.api(404, acct, "DELETE", "custom-domains/a.example.com", nil)
	f.iam.deny("fc:GetCustomDomain", true)
	f.api(403, acct, "GET", "custom-domains/b.example.com", nil)

	route := func(path string, more ...string) map[string]any {
		r := map[string]any{"path": path, "functionName": "echo"}
		for _, m := range more {
			r["methods"] = []string{m}
		}
		return map[string]any{"routeConfig": map[string]any{"routes": []any{r}}}
	}
	for name, tt := range map[string]struct {
		body map[string]any
		want string
	}{
		"no name":             {map[string]any{"domainName": ""}, "cannot be bound"},
		"an address":          {map[string]any{"domainName": "127.0.0.1"}, "cannot be bound"},
		"a name of the cloud": {map[string]any{"domainName": "ecs.cn-hangzhou.aliyuncs.com"}, "cannot be bound"},
		"a suffix itself":     {map[string]any{"domainName": "sls.test"}, "cannot be bound"},
		"a default domain":    {map[string]any{"domainName": "x.cn-hangzhou.fcapp.run"}, "cannot be bound"},
		"protocol":            {map[string]any{"protocol": "FTP"}, "protocol must be one of"},
		"no certificate":      {map[string]any{"protocol": "HTTPS"}, "certConfig is required"},
		"bad certificate":     {map[string]any{"certConfig": map[string]any{"certName": "c", "certificate": cert, "privateKey": "x"}}, "must be PEM and fit"},
		"TLS version":         {map[string]any{"tlsConfig": map[string]any{"minVersion": "SSLv3"}}, "TLSv1.2 and TLSv1.3"},
		"jwt":                 {map[string]any{"authConfig": map[string]any{"authType": "jwt"}}, `authType "jwt" is not offered`},
		"WAF":                 {map[string]any{"wafConfig": map[string]any{"enableWAF": true}}, "wafConfig of a custom domain is not offered"},
		"CORS":                {map[string]any{"corsConfig": map[string]any{"maxAge": 1}}, "corsConfig of a custom domain is not offered"},
		"relative path":       {route("a"), "a path begins with /"},
		"asterisk inside":     {route("/*/a"), "may end with one asterisk"},
		"method":              {route("/a", "TRACE"), `method "TRACE" is not one of`},
		"rewriting":           {map[string]any{"routeConfig": map[string]any{"routes": []any{map[string]any{"path": "/", "functionName": "echo", "rewriteConfig": map[string]any{}}}}}, "rewriteConfig"},
	} {
		body := map[string]any{"domainName": "new.example.com"}
		for k, v := range tt.body {
			body[k] = v
		}
		if e := f.api(400, acct, "POST", "custom-domains", body); e["Code"] != "InvalidArgument" || !strings.Contains(e["Message"].(string), tt.want) {
			t.Errorf("%s: %v, want %q", name, e, tt.want)
		}
	}
}

// certificate makes a key and a certificate for it, in PEM.
func certificate(t *testing.T) (key, cert string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})),
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
