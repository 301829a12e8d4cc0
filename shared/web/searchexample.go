package web

import (
	"net/url"
	"slices"
)

// Example is a query that the search page offers. ID is the end of the names of its texts.
type Example struct{ ID, Store, Query string }

// examples ask each product a question that begins most investigations. Their fields have indexes (template.yaml), and
// the traffic of the local cloud answers each of them.
var examples = []Example{
	{"waf", StreamLogs, `final_action: block or waf_action: block | SELECT real_client_ip, count(*) AS hits, count(DISTINCT host) AS hosts, min(coalesce(final_rule_type, waf_rule_type)) AS rule_type GROUP BY real_client_ip ORDER BY hits DESC LIMIT 20`},
	{"actiontrail", StreamLogs, `event.errorCode: NoPermission* or event.errorCode: Forbidden* | SELECT "event.userIdentity.accessKeyId" AS access_key, "event.userIdentity.userName" AS user_name, count(*) AS denied, count(DISTINCT "event.eventName") AS operations GROUP BY 1, 2 ORDER BY denied DESC LIMIT 20`},
	{"cfw", StreamLogs, `log_type: * | SELECT src_ip, count(*) AS connections, count(DISTINCT dst_ip) AS peers, sum(total_packet_bytes) AS bytes GROUP BY src_ip ORDER BY bytes DESC LIMIT 20`},
	{"oss", StreamLogs, `operation: DeleteObject* and http_status < 300 | SELECT bucket, requester_id, client_ip, count(*) AS deleted GROUP BY 1, 2, 3 ORDER BY deleted DESC LIMIT 20`},
	{"sas", StreamLogs, `cmdline: curl or cmdline: wget | SELECT host_ip, parent_proc_path, cmdline, count(*) AS starts GROUP BY 1, 2, 3 ORDER BY starts DESC LIMIT 20`},
	{"alerts", AlertLogs, `* | SELECT title, rule_id, level, count(*) AS alerts, count(DISTINCT account) AS accounts GROUP BY 1, 2, 3 ORDER BY alerts DESC LIMIT 20`},
}

// Link searches a day for the example.
func (e Example) Link() string {
	return "/search?" + url.Values{"query": {e.Query}, "store": {e.Store}, "range": {"24h"}}.Encode()
}

// Examples returns what the search page offers, in its order.
func Examples() []Example { return slices.Clone(examples) }
