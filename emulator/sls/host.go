package sls

import (
	"net"
	"net/http"
	"strings"
)

// resolveHost finds the project a request is addressed to, and the region its host names. The header x-log-project
// wins; else it is the first label of the host, when the rest is an endpoint. A request in absolute form has the host
// of its target in r.Host already.
func resolveHost(r *http.Request, bases []string) (project, region string) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	project, region = splitHost(strings.ToLower(strings.TrimSuffix(host, ".")), bases)
	if p := r.Header.Get("x-log-project"); p != "" {
		project = p
	}
	return project, region
}

func splitHost(host string, bases []string) (project, region string) {
	if isIPv4(host) {
		return "", ""
	}
	for _, base := range bases {
		if host == base {
			return "", ""
		}
		if front, ok := strings.CutSuffix(host, "."+base); ok {
			label, rest, _ := strings.Cut(front, ".")
			return label, regionLabel(rest)
		}
	}
	for _, base := range []string{".log.aliyuncs.com", ".sls.aliyuncs.com"} {
		front, ok := strings.CutSuffix(host, base)
		if !ok {
			continue
		}
		label, rest, two := strings.Cut(front, ".")
		if !two {
			return "", regionLabel(label)
		}
		return label, regionLabel(rest)
	}
	label, rest, ok := strings.Cut(host, ".")
	if ok && (isIPv4(rest) || strings.HasSuffix(rest, ".aliyuncs.com")) {
		return label, ""
	}
	return "", ""
}

// regionLabel takes the network variant off the region label of a host.
func regionLabel(label string) string {
	for _, variant := range []string{"-intranet", "-share", "-vpc"} {
		if r, ok := strings.CutSuffix(label, variant); ok {
			return r
		}
	}
	return label
}

func isIPv4(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.To4() != nil && strings.Count(host, ".") == 3
}
