package traffic

import (
	"strconv"
	"time"
)

// beijing is the zone in which WAF and OSS write times.
var beijing = time.FixedZone("", 8*60*60)

// request is a request as WAF records it.
type request struct {
	account, host, client, method, path, query, agent string
	origin                                            string // address and port of the origin, or "-" when it was not asked
	status                                            int
	hit                                               []KV // fields of the modules that hit
}

func (s *source) request(at time.Time, r request) Log {
	status, upstream, took := strconv.Itoa(r.status), strconv.Itoa(r.status), "0.0"+strconv.Itoa(10+s.IntN(80))
	if r.origin == "-" {
		upstream, took = "-", "-"
	}
	return s.log(at, append([]KV{
		{"user_id", r.account},
		{"time", at.In(beijing).Format(time.RFC3339)},
		{"region", "cn"},
		{"host", r.host},
		{"matched_host", r.host},
		{"real_client_ip", r.client},
		{"remote_addr", r.client},
		{"remote_port", strconv.Itoa(20000 + s.IntN(40000))},
		{"http_x_forwarded_for", "-"},
		{"request_method", r.method},
		{"request_path", r.path},
		{"querystring", r.query},
		{"request_length", strconv.Itoa(300 + s.IntN(900))},
		{"request_time_msec", strconv.Itoa(2 + s.IntN(90))},
		{"request_traceid", s.hex(30)},
		{"https", "on"},
		{"server_port", "443"},
		{"server_protocol", "HTTP/1.1"},
		{"ssl_protocol", "TLSv1.2"},
		{"ssl_cipher", "ECDHE-RSA-AES128-GCM-SHA256"},
		{"status", status},
		{"body_bytes_sent", strconv.Itoa(200 + s.IntN(40000))},
		{"upstream_addr", r.origin},
		{"upstream_status", upstream},
		{"upstream_response_time", took},
		{"http_user_agent", r.agent},
		{"http_referer", "-"},
		{"http_cookie", "-"},
		{"content_type", "-"},
	}, r.hit...)...)
}

// wafHit returns the fields of basic protection.
func wafHit(kind, rule string, blocked bool) []KV {
	if !blocked {
		return []KV{{"waf_action", "block"}, {"waf_rule_id", rule}, {"waf_rule_type", kind}, {"waf_test", "true"}}
	}
	return []KV{
		{"final_action", "block"},
		{"final_plugin", "waf"},
		{"final_rule_id", rule},
		{"final_rule_type", kind},
		{"waf_action", "block"},
		{"waf_rule_id", rule},
		{"waf_rule_type", kind},
		{"waf_test", "false"},
	}
}

// session is a session as Cloud Firewall records it.
type session struct {
	account, direction, src, private, dst string
	port                                  int
	app, result, ips, attack              string
}

const noRule = "00000000-0000-0000-0000-000000000000"

func (s *source) session(at time.Time, c session) Log {
	rule, level := noRule, ""
	if c.ips != "" {
		rule, level = "200123", "3"
	}
	in, out := 400+s.IntN(90000), 300+s.IntN(20000)
	n := strconv.Itoa
	unix := func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
	start := at.Add(-time.Duration(1+s.IntN(20)) * time.Second)
	return s.log(at,
		KV{"log_type", "internet_log"}, KV{"aliuid", c.account}, KV{"direction", c.direction}, KV{"src_ip", c.src}, KV{"src_private_ip", c.private},
		KV{"src_port", n(20000 + s.IntN(40000))}, KV{"dst_ip", c.dst}, KV{"dst_port", n(c.port)}, KV{"ip_protocol", "tcp"}, KV{"app_name", c.app},
		KV{"app_dpi_state", "success"}, KV{"domain", ""}, KV{"acl_rule_id", noRule}, KV{"rule_result", c.result}, KV{"ips_rule_id", rule},
		KV{"ips_rule_name_en", c.ips}, KV{"attack_type_name_en", c.attack}, KV{"vul_level", level}, KV{"country_id", "YY"}, KV{"region_id", s.world.Region},
		KV{"start_time", unix(start)}, KV{"end_time", unix(at)}, KV{"start_time_min", unix(start.Truncate(time.Minute))},
		KV{"in_packet_bytes", n(in)}, KV{"in_packet_count", n(in/600 + 1)}, KV{"out_packet_bytes", n(out)}, KV{"out_packet_count", n(out/600 + 1)},
		KV{"total_packet_bytes", n(in + out)}, KV{"total_packet_count", n(in/600 + out/600 + 2)}, KV{"new_conn", "1"})
}

// process is the start of a process as Security Center records it.
type process struct {
	account, host, instance, path, line, user, parent, parentLine, cwd string
}

func (s *source) process(at time.Time, p process) Log {
	pid, ppid := strconv.Itoa(1000+s.IntN(60000)), strconv.Itoa(2+s.IntN(900))
	return s.log(at,
		KV{"owner_id", p.account}, KV{"uuid", "5d83b26b-0000-4000-8000-0000" + p.account[8:]}, KV{"instance_id", p.instance}, KV{"host_ip", p.host},
		KV{"pid", pid}, KV{"ppid", ppid}, KV{"proc_name", base(p.path)}, KV{"proc_path", p.path}, KV{"cmdline", p.line}, KV{"username", p.user},
		KV{"uid", "33"}, KV{"parent_proc_name", base(p.parent)}, KV{"parent_proc_path", p.parent}, KV{"parent_cmd_line", p.parentLine},
		KV{"cmd_chain", `[{"` + ppid + `":"` + p.parentLine + `"}]`}, KV{"cwd", p.cwd},
		KV{"proc_start_time", at.In(beijing).Format(time.DateTime)}, KV{"sas_group_name", "default"}, KV{"start_time", strconv.FormatInt(at.Unix(), 10)})
}

func base(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}

// access is a request as OSS records it.
type access struct {
	account, bucket, operation, method, object, requester, key, client, agent string
	size                                                                      int
	status                                                                    int
}

func (s *source) access(at time.Time, a access) Log {
	sign, problem, took := "NORMAL_SIGN4", "-", 5+s.IntN(80)+a.size/9000
	if a.requester == "-" {
		sign = "NotSign"
	}
	sent := a.size
	if a.status >= 400 {
		problem, sent = "AccessDenied", 320
	}
	if a.method == "PUT" || a.method == "DELETE" {
		sent = 0
	}
	n := strconv.Itoa
	return s.log(at,
		KV{"owner_id", a.account}, KV{"requester_id", a.requester}, KV{"access_id", a.key}, KV{"time", at.In(beijing).Format("02/Jan/2006:15:04:05")},
		KV{"bucket", a.bucket}, KV{"bucket_location", "oss-" + s.world.Region}, KV{"bucket_storage_type", "standard"}, KV{"operation", a.operation},
		KV{"object", a.object}, KV{"object_size", n(a.size)}, KV{"http_method", a.method}, KV{"request_uri", "/" + a.object}, KV{"http_status", n(a.status)},
		KV{"http_type", "https"}, KV{"error_code", problem}, KV{"client_ip", a.client}, KV{"user_agent", a.agent}, KV{"referer", "-"},
		KV{"host", a.bucket + ".oss-" + s.world.Region + ".aliyuncs.com"}, KV{"sign_type", sign}, KV{"request_id", s.hex(24)},
		KV{"response_body_length", n(sent)}, KV{"response_time", n(took)}, KV{"server_cost_time", n(2 + s.IntN(40))}, KV{"sync_request", "-"},
		KV{"delta_data_size", "-"}, KV{"vpc_id", "-"}, KV{"extend_information", "-"}, KV{"logging_flag", "false"})
}
