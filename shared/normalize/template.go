package normalize

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sigma"
)

// Template is what is known of the records of one template of the catalog.
type Template struct {
	ID       string
	Source   sigma.LogSource
	Product  string // product id of the catalog
	root     string // the field that holds the whole record as JSON, or ""
	aliases  map[string][]string
	also     []sigma.LogSource          // generic sources whose rules apply to every record
	topics   map[string]sigma.LogSource // generic sources by topic, where a Logstore holds several kinds
	ids      string                     // the field that identifies a record, or ""
	timeOf   func(*Record) (time.Time, bool)
	entities func(*extractor)
}

// Templates returns every template that has a format here, in a fixed order.
func Templates() []*Template { return templates }

// Lookup returns the template with an id of the catalog.
func Lookup(id string) (*Template, bool) {
	for _, t := range templates {
		if t.ID == id {
			return t, true
		}
	}
	return nil, false
}

// Sources returns the log sources that rules can be compiled for, with the places of their fields.
func Sources() []sigma.Source {
	var out []sigma.Source
	for _, t := range templates {
		out = append(out, sigma.Source{LogSource: t.Source, Also: t.also, Paths: t.Paths})
		seen := map[sigma.LogSource]bool{}
		for _, generic := range t.topics {
			if s := t.with(generic); !seen[s] {
				seen[s] = true
				out = append(out, sigma.Source{LogSource: s, Also: []sigma.LogSource{generic}, Paths: t.Paths})
			}
		}
	}
	slices.SortFunc(out, func(a, b sigma.Source) int {
		return cmp.Or(cmp.Compare(a.LogSource.Service, b.LogSource.Service), cmp.Compare(a.LogSource.Category, b.LogSource.Category))
	})
	return out
}

// SourceOf returns the log source of the records of a topic: the template's own, with the generic category of the topic.
func (t *Template) SourceOf(topic []byte) sigma.LogSource {
	if generic, ok := t.topics[string(topic)]; ok {
		return t.with(generic)
	}
	return t.Source
}

func (t *Template) with(generic sigma.LogSource) sigma.LogSource {
	s := t.Source
	s.Category = generic.Category
	return s
}

// Topic is the name under which rules see the topic of the LogGroup.
const Topic = "__topic__"

// Paths returns where a field of a rule stands in the records of t: under its own name, and under the names that the product
// used in other generations or that Sigma's taxonomy uses.
func (t *Template) Paths(field string) []sigma.Path {
	names := t.aliases[field]
	if names == nil {
		names = []string{field}
	}
	var out []sigma.Path
	for _, name := range names {
		if t.root != "" && name != Topic && name != t.root {
			out = append(out, sigma.Path{Key: t.root, Sub: strings.TrimPrefix(name, t.root+".")})
			continue
		}
		out = append(out, sigma.Path{Key: name})
		if head, sub, ok := strings.Cut(name, "."); ok {
			out = append(out, sigma.Path{Key: head, Sub: sub})
		}
	}
	return out
}

func source(service string) sigma.LogSource {
	return sigma.LogSource{Product: "alibabacloud", Service: service}
}

// templates holds the formats of sections B1 to B5 of the project's fact sheet on logs.
var templates = []*Template{
	{
		ID: "alibaba_cloud_actiontrail_event", Source: source("actiontrail"), Product: "alibaba_cloud_actiontrail",
		root: "event", ids: "eventId", timeOf: actiontrailTime, entities: actiontrailEntities,
	},
	{
		ID: "alibaba_cloud_waf_flow", Source: source("waf"), Product: "alibaba_cloud_waf",
		aliases: wafAliases, also: []sigma.LogSource{{Category: "webserver"}}, ids: "request_traceid", timeOf: wafTime, entities: wafEntities,
	},
	{
		ID: "alibaba_cloud_cfw_flow", Source: source("cloudfirewall"), Product: "alibaba_cloud_cfw",
		aliases: cfwAliases, also: []sigma.LogSource{{Category: "firewall"}}, timeOf: startTime, entities: cfwEntities,
	},
	{
		ID: "alibaba_cloud_sas_log", Source: source("sas"), Product: "alibaba_cloud_sas",
		aliases: sasAliases, topics: sasTopics, timeOf: startTime, ids: "unique_info", entities: sasEntities,
	},
	{
		ID: "alibaba_cloud_oss_access", Source: source("oss"), Product: "alibaba_cloud_oss",
		aliases: ossAliases, ids: "request_id", entities: ossEntities,
	},
}

// wafAliases are the names of Sigma's web server taxonomy.
var wafAliases = map[string][]string{
	"c-ip": {"real_client_ip"}, "cs-method": {"request_method"}, "cs-uri-stem": {"request_path"}, "cs-uri-query": {"querystring"},
	"cs-host": {"host"}, "cs-user-agent": {"http_user_agent"}, "cs-referer": {"http_referer"}, "cs-cookie": {"http_cookie"},
	"cs-body": {"request_body"}, "sc-status": {"status"}, "cs-content-type": {"content_type"}, "cs-version": {"server_protocol"},
	"sc-bytes": {"body_bytes_sent"}, "cs-bytes": {"request_length"}, "time-taken": {"request_time_msec"}, "c-port": {"remote_port"},
	"x-forwarded-for": {"http_x_forwarded_for"}, "c-useragent": {"http_user_agent"}, "c-uri-query": {"querystring"},
}

// cfwAliases are the names of Sigma's firewall taxonomy.
var cfwAliases = map[string][]string{"action": {"rule_result"}, "protocol": {"ip_protocol"}, "application": {"app_name"}}

// ossAliases are the names of Sigma's web server taxonomy.
var ossAliases = map[string][]string{
	"c-ip": {"client_ip"}, "cs-method": {"http_method"}, "cs-host": {"host"}, "cs-user-agent": {"user_agent"}, "cs-referer": {"referer"},
	"sc-status": {"http_status"}, "c-uri": {"request_uri"},
}

// sasTopics are the kinds of records that Sigma has a category for.
//
// Assumption: process and network records of Security Center are of hosts that run Linux, so Sigma's rules for Linux apply to them and
// those for Windows do not. The logs have no documented field that names the system. A record of a Windows host whose proc_path
// holds a drive letter, or a field that tells the system, would show otherwise.
var sasTopics = map[string]sigma.LogSource{
	"aegis-log-process":   {Category: "process_creation", Product: "linux"},
	"aegis-log-network":   {Category: "network_connection", Product: "linux"},
	"aegis-log-dns-query": {Category: "dns"},
	"sas-log-dns":         {Category: "dns"},
	"local-dns":           {Category: "dns"},
	"sas-log-http":        {Category: "webserver"},
}

// sasAliases are the names before and after the change of 2024, and those of Sigma's process taxonomy.
var sasAliases = aliases(
	[]string{"host_ip", "ip"}, []string{"src_ip", "warn_ip"}, []string{"dst_port", "warn_port"}, []string{"login_type", "warn_type"},
	[]string{"username", "warn_user"}, []string{"login_count", "warn_count"}, []string{"proc_name", "filename"},
	[]string{"proc_path", "filepath"}, []string{"parent_proc_name", "pfilename"}, []string{"parent_proc_path", "pfilepath"},
	[]string{"connection_type", "proto"}, []string{"net_connect_dir", "dir", "in_out"}, []string{"query_name", "qname"},
	[]string{"query_type", "qtype"}, []string{"query", "query_name", "qname", "domain"}, []string{"record_type", "query_type", "qtype"},
	[]string{"operation", "op"}, []string{"request_method", "method"},
	[]string{"request_uri", "uri"}, []string{"status", "ret_code"}, []string{"risk_level", "level"},
).with(map[string]string{
	"Image": "proc_path", "CommandLine": "cmdline", "ParentImage": "parent_proc_path", "ParentCommandLine": "parent_cmd_line",
	"DestinationIp": "dst_ip", "DestinationPort": "dst_port", "SourceIp": "src_ip", "SourcePort": "src_port",
	"cs-method": "request_method", "sc-status": "status", "cs-user-agent": "http_user_agent", "cs-host": "host", "c-ip": "src_ip",
	"User": "username", "ProcessId": "pid", "ParentProcessId": "ppid", "CurrentDirectory": "cwd",
})

type aliasMap map[string][]string

// aliases makes the present name, which comes first in each set, stand for all of the set.
func aliases(sets ...[]string) aliasMap {
	m := aliasMap{}
	for _, set := range sets {
		m[set[0]] = set
	}
	return m
}

func (m aliasMap) with(more map[string]string) aliasMap {
	for alias, name := range more {
		if m[alias] = m[name]; m[alias] == nil {
			m[alias] = []string{name}
		}
	}
	return m
}
