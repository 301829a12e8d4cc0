package fc

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Domain is a custom domain with the property names of the API (the models of the official client, version 4.7.6).
type Domain struct {
	AccountID        string       `json:"accountId"`
	APIVersion       string       `json:"apiVersion"`
	DomainName       string       `json:"domainName"`
	Protocol         string       `json:"protocol"` // HTTP, HTTPS or HTTP,HTTPS
	RouteConfig      DomainRoutes `json:"routeConfig"`
	AuthConfig       *DomainAuth  `json:"authConfig,omitempty"`
	CertConfig       *Certificate `json:"certConfig,omitempty"`
	TLSConfig        *TLSConfig   `json:"tlsConfig,omitempty"`
	CreatedTime      string       `json:"createdTime"`
	LastModifiedTime string       `json:"lastModifiedTime"`
}

// DomainRoutes lead paths to functions.
type DomainRoutes struct {
	Routes []DomainRoute `json:"routes"`
}

// DomainRoute leads the paths that match to a version or alias of a function. Path is exact, or a prefix when it ends
// with an asterisk.
type DomainRoute struct {
	Path         string   `json:"path"`
	FunctionName string   `json:"functionName"`
	Qualifier    string   `json:"qualifier"`
	Methods      []string `json:"methods,omitempty"`
}

// DomainAuth says who may call: anonymous or function.
type DomainAuth struct {
	AuthType string `json:"authType"`
	AuthInfo string `json:"authInfo,omitempty"`
}

// Certificate is a certificate with its key, both PEM. The key is not shown again.
type Certificate struct {
	CertName    string `json:"certName"`
	Certificate string `json:"certificate"`
	PrivateKey  string `json:"privateKey,omitempty"`
}

// TLSConfig bounds the versions of TLS.
type TLSConfig struct {
	MinVersion   string   `json:"minVersion,omitempty"`
	MaxVersion   string   `json:"maxVersion,omitempty"`
	CipherSuites []string `json:"cipherSuites,omitempty"`
}

const maxRoutes = 100 // per domain (ROS reference of ALIYUN::FC3::CustomDomain)

var (
	domainText = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	protocols  = []string{"HTTP", "HTTPS", "HTTP,HTTPS"}
	tlsVersion = []string{"", "TLSv1.2", "TLSv1.3"}
	// reserved are suffixes of names that belong to the cloud itself.
	reserved = []string{".aliyuncs.com", ".fcapp.run", ".fc.test", ".sls.test"}
)

// merge lays the keys of a body over the domain.
//
// Assumption: what the emulator does not do (rewriting, WAF, CORS, jwt) is refused; names of the cloud itself cannot be
// bound; filing and the DNS are not looked at.
func (d *Domain) merge(raw map[string]json.RawMessage) *Error {
	fields := map[string]any{
		"domainName": &d.DomainName, "protocol": &d.Protocol, "routeConfig": &d.RouteConfig, "authConfig": &d.AuthConfig,
		"certConfig": &d.CertConfig, "tlsConfig": &d.TLSConfig,
	}
	for key, value := range raw {
		dst, ok := fields[key]
		switch {
		case !ok && (isEmptyJSON(value) || key == "wafConfig" && offWAF(value)):
			continue
		case !ok:
			return invalid("%s of a custom domain is not offered by the emulator", key)
		}
		reflect.ValueOf(dst).Elem().SetZero()
		if err := strictJSON(value, dst); err != nil {
			return invalid("%s: %v", key, err)
		}
	}
	d.DomainName, d.Protocol = strings.ToLower(d.DomainName), orDefault(d.Protocol, "HTTP")
	taken := slices.ContainsFunc(reserved, func(suffix string) bool { return strings.HasSuffix("."+d.DomainName, suffix) })
	switch {
	case len(d.DomainName) > 253 || !domainText.MatchString(d.DomainName) || taken:
		return invalid("domainName %q cannot be bound", d.DomainName)
	case !slices.Contains(protocols, d.Protocol):
		return invalid("protocol must be one of %v", protocols)
	case d.AuthConfig != nil && !slices.Contains([]string{"", "anonymous", "function"}, d.AuthConfig.AuthType):
		return invalid("authType %q is not offered by the emulator: use anonymous or function", d.AuthConfig.AuthType)
	}
	if err := d.checkCertificate(); err != nil {
		return err
	}
	return d.checkRoutes()
}

// offWAF tells whether a wafConfig switches nothing on.
func offWAF(value json.RawMessage) bool {
	var c struct {
		EnableWAF bool `json:"enableWAF"`
	}
	return json.Unmarshal(value, &c) == nil && !c.EnableWAF
}

// checkCertificate: HTTPS needs a certificate that fits its key.
func (d *Domain) checkCertificate() *Error {
	if c := d.TLSConfig; c != nil && (!slices.Contains(tlsVersion, c.MinVersion) || !slices.Contains(tlsVersion, c.MaxVersion) || len(c.CipherSuites) > 100) {
		return invalid("tlsConfig: versions are TLSv1.2 and TLSv1.3, with at most 100 cipher suites")
	}
	c := d.CertConfig
	if c != nil && *c == (Certificate{}) {
		c, d.CertConfig = nil, nil
	}
	switch {
	case c == nil && d.Protocol != "HTTP":
		return invalid("certConfig is required for protocol %s", d.Protocol)
	case c == nil:
		return nil
	case c.CertName == "":
		return invalid("certConfig.certName is required")
	}
	if _, err := tls.X509KeyPair([]byte(c.Certificate), []byte(c.PrivateKey)); err != nil {
		return invalid("certConfig: certificate and privateKey must be PEM and fit each other")
	}
	return nil
}

func (d *Domain) checkRoutes() *Error {
	if len(d.RouteConfig.Routes) > maxRoutes {
		return errorf(http.StatusBadRequest, "LimitExceeded", "a custom domain has at most %d routes", maxRoutes)
	}
	seen := map[string]bool{}
	for i := range d.RouteConfig.Routes {
		r := &d.RouteConfig.Routes[i]
		prefix := strings.TrimSuffix(r.Path, "*")
		switch {
		case !strings.HasPrefix(r.Path, "/") || strings.Contains(prefix, "*"):
			return invalid("route %q: a path begins with / and may end with one asterisk", r.Path)
		case seen[r.Path]:
			return invalid("route %q stands twice", r.Path)
		case r.FunctionName == "":
			return invalid("route %q needs functionName", r.Path)
		}
		seen[r.Path] = true
		r.Qualifier = orDefault(r.Qualifier, latest)
		for _, m := range r.Methods {
			if !slices.Contains(methodsAllowed, m) {
				return invalid("route %q: method %q is not one of %v", r.Path, m, methodsAllowed)
			}
		}
	}
	return nil
}

// match finds the route of a path: an exact one, else the one with the longest prefix (user guide, "Routing rules").
func (d *Domain) match(path string) *DomainRoute {
	var best *DomainRoute
	for i := range d.RouteConfig.Routes {
		r := &d.RouteConfig.Routes[i]
		prefix, open := strings.CutSuffix(r.Path, "*")
		switch {
		case r.Path == path && !open:
			return r
		case open && strings.HasPrefix(path, prefix) && (best == nil || len(r.Path) > len(best.Path)):
			best = r
		}
	}
	return best
}

// view is the domain as the API shows it.
//
// Assumption: the private key is not shown.
func (d *Domain) view() Domain {
	v := *d
	if c := d.CertConfig; c != nil {
		v.CertConfig = &Certificate{CertName: c.CertName, Certificate: c.Certificate}
	}
	return v
}

// domainAt needs s.mu. It is the custom domain that a host names, nil when it is none; a port is ignored.
func (s *Service) domainAt(host string) *Domain {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return s.domains[strings.ToLower(host)]
}

// HasDomain tells whether a host is a custom domain; then [Service.ServeDomain] serves it.
func (s *Service) HasDomain(host string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.domainAt(host) != nil
}
