package sls

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// workload is the traffic of sls.md §7: WAF access logs of 40 pairs, 64 to a group.
type workload struct {
	groups [][]byte
	list   []byte // the groups as a LogGroupList
	logs   int
}

var workloadKeys = [40]string{
	"account", "acl_action", "acl_rule_type", "body_bytes_sent", "cc_action", "content_type", "dst_port", "final_action", "final_plugin",
	"final_rule_id", "host", "http_cookie", "http_referer", "http_user_agent", "http_x_forwarded_for", "https", "matched_host", "querystring",
	"real_client_ip", "region", "remote_addr", "remote_port", "request_length", "request_method", "request_path", "request_time_msec",
	"request_traceid", "request_uri", "server_protocol", "src_country_id", "src_region_id", "ssl_cipher", "ssl_protocol", "status", "time",
	"upstream_addr", "upstream_response_time", "upstream_status", "user_id", "waf_action",
}

func newWorkload(target int) workload {
	r := rand.New(rand.NewPCG(20260101, 7))
	hex := func(n int) string {
		const digits = "0123456789abcdef"
		b := make([]byte, n)
		for i := range b {
			b[i] = digits[r.IntN(16)]
		}
		return string(b)
	}
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	ip := func() string { return fmt.Sprintf("%d.%d.%d.%d", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256)) }
	var agents, hosts, paths []string
	for i := range 60 {
		v := strconv.Itoa(100 + r.IntN(30))
		agents = append(agents, [3]string{
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" + v + ".0.0.0 Safari/537.36",
			"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/" + v + " Safari/604.1",
			"okhttp/4." + v,
		}[i%3])
	}
	for range 200 {
		hosts = append(hosts, pick("www", "api", "m", "img", "pay")+strconv.Itoa(r.IntN(10))+".shop-"+hex(4)+".example.com")
	}
	for range 400 {
		paths = append(paths, "/"+pick("api", "v1", "v2", "static", "order", "user")+"/"+pick("list", "detail", "search", "cart", "item", "login")+"/"+hex(6))
	}
	var w workload
	var b Builder
	for sec := uint32(1767283200); len(w.list) < target; {
		b.Reset()
		b.SetTopic("waf_access_log")
		b.SetSource("waf_access_log")
		for range 64 {
			if r.IntN(40) == 0 {
				sec++
			}
			host, path, query, addr := pick(hosts...), pick(paths...), fmt.Sprintf("id=%d&t=%s", r.IntN(1e9), hex(12)), ip()
			values := [40]string{
				"1234567890123456", "", "", strconv.Itoa(r.IntN(90000)), "", "text/html; charset=utf-8", "443", pick("pass", "block"), "", "", host, hex(24),
				"https://" + host + path, pick(agents...), addr, "on", host, query, addr, "cn-hangzhou", addr, strconv.Itoa(1024 + r.IntN(60000)),
				strconv.Itoa(300 + r.IntN(3000)), pick("GET", "POST"), path, strconv.Itoa(r.IntN(900)), hex(32), path + "?" + query, "HTTP/1.1",
				"CN", pick("330000", "310000", "110000"), "ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2",
				pick("200", "200", "200", "200", "200", "200", "301", "302", "403", "404", "500", "502"), "2026-01-01T16:00:00+08:00", ip() + ":443",
				"0." + strconv.Itoa(r.IntN(999)), "200", "1234567890123456", "",
			}
			b.StartLog(sec, r.Uint32N(1e9))
			for i, k := range workloadKeys {
				b.Field(k, values[i])
			}
			w.logs++
		}
		b.AddTag("__receive_time__", strconv.Itoa(int(sec)))
		b.AddTag("__client_ip__", ip())
		b.AddTag("__pack_id__", hex(16)+"-"+hex(4))
		g := b.Bytes()
		w.groups = append(w.groups, g)
		w.list = append(w.list, listGroups<<3|wireBytes)
		w.list = append(binary.AppendUvarint(w.list, uint64(len(g))), g...)
	}
	return w
}

// appendListed appends a group to a LogGroupList.
func appendListed(list, group []byte) []byte {
	list = append(list, listGroups<<3|wireBytes)
	return append(binary.AppendUvarint(list, uint64(len(group))), group...)
}
