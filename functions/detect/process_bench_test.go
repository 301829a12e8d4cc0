package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// The stream of the benchmark: groups of WAF records of 40 fields, of which one in a hundred is an attack that a rule finds.
const (
	processGroups   = 400
	recordsPerGroup = 256
	attackEvery     = 100
	administrator   = "1100000000000002"
)

// BenchmarkProcess measures the function as it is deployed: a process of the built program, with one processor, that is sent a
// trigger's event, pulls the range from the emulator, which is a process too, judges it and writes the alerts. It reports
//
//	records/s      by the clock, from the event to the answer, which comes when the alerts are written
//	records/cpu-s  by the processor time of the whole life of the process, start included
//	cold-ms        from exec to the answer of a first event, the median of some starts with the store in place
//	cold-store-ms  the same with a store that does not exist yet
func BenchmarkProcess(b *testing.B) {
	p := newProcesses(b)
	begin, end := p.fill(b)
	event := p.event(begin, end)
	empty := p.event(end, end)
	var cold, fresh []float64
	for range 7 {
		os.RemoveAll(p.store) //nolint:errcheck // the next start shows it
		for _, list := range []*[]float64{&fresh, &cold} {
			from := time.Now()
			d := p.start(b)
			d.invoke(b, empty)
			*list = append(*list, float64(time.Since(from).Microseconds())/1000)
			d.stop(b)
		}
	}
	d := p.start(b)
	const records = processGroups * recordsPerGroup
	for b.Loop() {
		out := d.invoke(b, event)
		if out.Records != records || out.Alerts != records/attackEvery || out.Parked != 0 || out.RuleSet == "" {
			b.Fatalf("%+v", out)
		}
	}
	elapsed := b.Elapsed().Seconds()
	cpu := d.stop(b)
	if n := p.alerts(b); n != b.N*records/attackEvery {
		b.Errorf("%d alerts are written after %d calls", n, b.N)
	}
	b.ReportMetric(records*float64(b.N)/elapsed, "records/s")
	b.ReportMetric(records*float64(b.N)/cpu.Seconds(), "records/cpu-s")
	b.ReportMetric(median(cold), "cold-ms")
	b.ReportMetric(median(fresh), "cold-store-ms")
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// processes are the built programs and the emulator that runs.
type processes struct {
	detect  string // path
	store   string // folder of the database
	base    string // of the emulator
	keys    sls.Credentials
	central *sls.Project
}

func newProcesses(b *testing.B) *processes {
	b.Helper()
	dir := b.TempDir()
	p := &processes{detect: filepath.Join(dir, "bootstrap"), store: filepath.Join(dir, "store")}
	emulator := filepath.Join(dir, "fenghuo")
	for _, args := range [][]string{{p.detect, "."}, {emulator, "../../cmd/fenghuo"}} {
		build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", args[0], args[1])
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	world := filepath.Join(dir, "world.yaml")
	text := `region: cn-hangzhou
accounts:
  - {uid: "1100000000000001", name: root, kind: management}
  - uid: "` + administrator + `"
    name: security
    kind: administrator
    logstores:
      - {project: ` + project + `, logstore: stream, shards: 1}
      - {project: ` + project + `, logstore: alerts, shards: 1}
`
	if err := os.WriteFile(world, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(emulator, "emulator", "--listen", "127.0.0.1:0", "--world", world)
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // it was told to end
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	_, rest, ok := strings.Cut(line, "ready at ")
	if err != nil || !ok {
		b.Fatalf("the emulator says %q, %v", line, err)
	}
	p.base, _, _ = strings.Cut(rest, ",")
	p.keys = p.operator(b)
	p.central = sls.New(sls.Config{
		Endpoint: p.base, Region: "cn-hangzhou", Account: administrator,
		Credentials: func(context.Context) (sls.Credentials, error) { return p.keys, nil },
	}).Project(project)
	return p
}

// operator returns the keys of the account's operator. The function gets them where the platform sends those of its role.
func (p *processes) operator(b *testing.B) sls.Credentials {
	b.Helper()
	resp, err := http.Get(p.base + "/_emulator/info")
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	var info struct {
		Accounts []struct {
			UID    string `json:"uid"`
			ID     string `json:"access_key_id"`
			Secret string `json:"access_key_secret"`
		} `json:"accounts"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&info); err != nil {
		b.Fatal(err)
	}
	for _, a := range info.Accounts {
		if a.UID == administrator {
			return sls.Credentials{AccessKeyID: a.ID, AccessKeySecret: a.Secret}
		}
	}
	b.Fatal("the emulator does not know the administrator")
	return sls.Credentials{}
}

// fill writes the stream as collect does and returns its ends.
func (p *processes) fill(b *testing.B) (begin, end sls.Cursor) {
	b.Helper()
	begin, err := p.central.Cursor(b.Context(), "stream", 0, "end")
	if err != nil {
		b.Fatal(err)
	}
	for i := range processGroups {
		o := origin
		o.Cursor = int64(i)
		if err := p.central.PutLogs(b.Context(), "stream", webGroup(i, o), ""); err != nil {
			b.Fatal(err)
		}
	}
	return begin, begin + processGroups
}

// alerts counts what stands in the Logstore of alerts.
func (p *processes) alerts(b *testing.B) (n int) {
	b.Helper()
	at, err := p.central.Cursor(b.Context(), "alerts", 0, "begin")
	if err != nil {
		b.Fatal(err)
	}
	for {
		page, err := p.central.Pull(b.Context(), "alerts", 0, at, sls.PullOptions{})
		if err != nil {
			b.Fatal(err)
		}
		for _, g := range page.Groups() {
			n += g.NumLogs()
		}
		if at = page.Next; page.EndReached {
			return n
		}
	}
}

func (p *processes) event(begin, end sls.Cursor) []byte {
	e, err := json.Marshal(fc.LogTriggerEvent{Source: fc.LogRange{
		Endpoint: p.base, ProjectName: project, LogstoreName: "stream", BeginCursor: begin.String(), EndCursor: end.String(),
	}})
	if err != nil {
		panic(err)
	}
	return e
}

// instance is the function as a process.
type instance struct {
	cmd  *exec.Cmd
	url  string
	keys sls.Credentials
}

func (p *processes) start(b *testing.B) *instance {
	b.Helper()
	if err := os.MkdirAll(p.store, 0o700); err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	cmd := exec.Command(p.detect)
	cmd.Env = []string{
		"GOMAXPROCS=1", "FC_CUSTOM_LISTEN_PORT=" + port, "SOC_SLS_ENDPOINT=" + p.base, "SOC_PROJECT=" + project,
		"SOC_STORE=sqlite:" + filepath.Join(p.store, "soc.db"),
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill() })
	return &instance{cmd: cmd, url: "http://127.0.0.1:" + port + "/invoke", keys: p.keys}
}

// invoke sends an event as the platform does, as soon as the process takes connections.
func (d *instance) invoke(b *testing.B, event []byte) result {
	b.Helper()
	var resp *http.Response
	for tries := 0; ; tries++ {
		req, err := http.NewRequest(http.MethodPost, d.url, bytes.NewReader(event))
		if err != nil {
			b.Fatal(err)
		}
		for k, v := range map[string]string{
			"x-fc-control-path": "/invoke", "x-fc-request-id": "r", "x-fc-account-id": administrator, "x-fc-region": "cn-hangzhou",
			"x-fc-access-key-id": d.keys.AccessKeyID, "x-fc-access-key-secret": d.keys.AccessKeySecret, "x-fc-function-timeout": "300",
		} {
			req.Header.Set(k, v)
		}
		if resp, err = http.DefaultClient.Do(req); err == nil {
			break
		}
		if tries == 10_000 {
			b.Fatal(err)
		}
		time.Sleep(time.Millisecond) // until it listens
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var out result
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(body, &out) != nil {
		b.Fatalf("status %d, %v: %s", resp.StatusCode, err, body)
	}
	return out
}

// stop ends the process and returns the processor time that it took in its life.
func (d *instance) stop(b *testing.B) time.Duration {
	b.Helper()
	http.DefaultClient.CloseIdleConnections()
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	if err := d.cmd.Wait(); err != nil {
		b.Error(err)
	}
	return d.cmd.ProcessState.UserTime() + d.cmd.ProcessState.SystemTime()
}

// webGroup is a LogGroup of the stream.
func webGroup(n int, o soc.Origin) []byte {
	var g sls.Builder
	g.SetTopic("waf_access_log")
	for i := range recordsPerGroup {
		g.StartLog(1767225601, 0)
		for _, f := range webRecord(n*recordsPerGroup + i) {
			g.Field(f[0], f[1])
		}
	}
	return sls.AppendTags(nil, g.Bytes(), o.Tags())
}

// webRecord is record i: the 40 fields of a request, each with a value of its own where a site's have.
func webRecord(i int) [][2]string {
	x := uint64(i)*0x9E3779B97F4A7C15 + 0x1234567
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x ^= x >> 27
	num := func(bits, n uint64) string { return strconv.FormatUint(x>>bits%n, 10) }
	agents := []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" + num(3, 130) + ".0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17." + num(5, 9) + " Mobile/15E148 Safari/604.1",
		"MicroMessenger/8.0." + num(7, 50) + " NetType/WIFI Language/zh_CN",
	}
	ip := "203.0." + num(8, 255) + "." + num(16, 255)
	host := []string{"shop.example.com", "www.example.com", "api.example.com"}[x>>9%3]
	kind, action := "-", "pass"
	if i%attackEvery == attackEvery-1 {
		kind, action = "sqli", "block"
	}
	return [][2]string{
		{"user_id", shop},
		{"time", time.Unix(1767225600+int64(i/100), 0).UTC().Format(time.RFC3339)},
		{"region", "cn"},
		{"host", host},
		{"matched_host", host},
		{"real_client_ip", ip},
		{"remote_addr", ip},
		{"remote_port", num(20, 60000)},
		{"http_x_forwarded_for", ip},
		{"request_method", []string{"GET", "POST", "HEAD"}[x>>11%3]},
		{"request_path", "/category/" + num(12, 90) + "/product/" + num(22, 90000) + "/detail.html"},
		{"querystring", "page=" + num(4, 40) + "&session=" + strconv.FormatUint(x, 16) + "&sort=price"},
		{"request_length", num(14, 5000)},
		{"request_time_msec", num(18, 1500)},
		{"request_traceid", fmt.Sprintf("%016x%014x", x, i)},
		{"request_body", "-"},
		{"https", "on"},
		{"server_protocol", "HTTP/1.1"},
		{"ssl_protocol", "TLSv1.3"},
		{"ssl_cipher", "TLS_AES_256_GCM_SHA384"},
		{"status", []string{"200", "304", "404"}[x>>13%3]},
		{"body_bytes_sent", num(17, 200000)},
		{"upstream_addr", "10.20.1." + num(19, 250) + ":8080"},
		{"upstream_status", "200"},
		{"upstream_response_time", "0." + num(21, 900)},
		{"http_user_agent", agents[x>>23%3]},
		{"http_referer", "https://" + host + "/index/" + num(25, 5000)},
		{"http_cookie", fmt.Sprintf("sid=%032x; lang=zh-CN; _ga=GA1.2.%d", x, x>>32)},
		{"content_type", "text/html; charset=utf-8"},
		{"waf_action", "-"},
		{"waf_rule_id", "-"},
		{"waf_rule_type", "-"},
		{"waf_test", "-"},
		{"final_action", action},
		{"final_plugin", "waf"},
		{"final_rule_id", num(27, 99999)},
		{"final_rule_type", kind},
		{"ua_browser", "chrome"},
		{"ua_os", "windows_10"},
		{"ua_device_type", "computer"},
	}
}
