package detection_test

import (
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/detection"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// The client's groups must fit.
var _ detection.Group[sls.Log] = sls.Group{}

// group is ActionTrail events, one a log.
type group []string

type event string

func (g group) Topic() []byte { return []byte("actiontrail_audit_event") }

func (g group) Logs() iter.Seq2[int, event] {
	return func(yield func(int, event) bool) {
		for i, e := range g {
			if !yield(i, event(e)) {
				return
			}
		}
	}
}

func (event) Time() (sec, ns uint32) { return 1767225601, 500 }

func (e event) Fields() iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) { yield([]byte("event"), []byte(e)) }
}

const testRule = `title: A stop
id: 9b6f1a52-0000-4000-8000-000000000001
level: high
tags: [attack.impact, attack.t1562.008, attack.T1078]
logsource: {product: alibabacloud, service: actiontrail}
detection:
  sel: {eventName: StopLogging}
  condition: sel
fields: [eventName, missing, long, list]
`

func testDetector(t testing.TB) *detection.Detector {
	t.Helper()
	d, problems, err := detection.Load(fstest.MapFS{"actiontrail/stop/rule.yaml": {Data: []byte(testRule)}})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return d
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	d := testDetector(t)
	o := origin("alibaba_cloud_actiontrail_event")
	now := time.Unix(1767225700, 0).UTC()
	long := strings.Repeat("x", 3000)
	g := group{
		`{"eventName":"StartLogging"}`,
		`{"eventName":`,
		`{"eventName":"StopLogging","eventTime":"2026-01-01T00:00:00Z","long":"` + long + `","list":["a","b\u0000"],"sourceIpAddress":"203.0.113.9"}`,
		`{"eventName":"StopLogging","eventTime":"2025-12-31T23:00:00Z"}`,
	}
	alerts, stats, err := detection.Evaluate(d, g, o, now)
	if err != nil {
		t.Fatal(err)
	}
	if stats.Records != 4 || stats.Alerts != 2 || stats.Late != 1 || len(stats.Poison) != 1 || stats.Poison[0].Index != 1 {
		t.Errorf("%+v", stats)
	}
	want := soc.Alert{
		ID: soc.AlertID("9b6f1a52-0000-4000-8000-000000000001", o.Record(2)), RuleID: "9b6f1a52-0000-4000-8000-000000000001", RuleTitle: "A stop",
		RuleSet: d.Hash(), Level: soc.High, Techniques: []string{"T1562.008", "T1078"}, Account: o.Account, Region: o.Region, Template: o.Template,
		Record: o.Record(2), EventTime: time.Unix(1767225600, 0).UTC(), WrittenAt: time.Unix(1767225601, 500).UTC(), ReadAt: o.ReadAt, CreatedAt: now,
		Entities: []soc.Entity{{Type: soc.EntityIP, Value: "203.0.113.9", Part: "attacker"}},
		Evidence: map[string]string{"eventName": "StopLogging", "long": long[:1024], "list": "a,b\uFFFD"},
	}
	if diff := cmp.Diff(want, alerts[0]); diff != "" {
		t.Error(diff)
	}
	if !alerts[1].Late || alerts[1].Record.Index != 3 {
		t.Errorf("%+v", alerts[1])
	}
	again, _, _ := detection.Evaluate(d, g, o, now)
	if diff := cmp.Diff(alerts, again); diff != "" {
		t.Errorf("reading again differs: %s", diff)
	}
}

func TestEvaluateRealGroup(t *testing.T) {
	t.Parallel()
	var b sls.Builder
	b.SetTopic("actiontrail_audit_event")
	b.StartLog(1767225601, 500)
	b.Field("event", `{"eventName":"StopLogging"}`)
	g, err := sls.ParseGroup(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	alerts, _, err := detection.Evaluate(testDetector(t), g, origin("alibaba_cloud_actiontrail_event"), time.Unix(1767225700, 0))
	if err != nil || len(alerts) != 1 {
		t.Errorf("%v, %v", alerts, err)
	}
}

func TestUnknownTemplate(t *testing.T) {
	t.Parallel()
	_, _, err := detection.Evaluate(testDetector(t), group{"{}"}, origin("nothing"), time.Unix(0, 0))
	if soc.KindOf(err) != soc.Unsupported {
		t.Errorf("%v", err)
	}
}

const testCorrelation = `title: Many
id: 31111111-1111-4111-8111-111111111111
correlation: {type: event_count, rules: [9b6f1a52-0000-4000-8000-000000000001], group-by: [user], timespan: 1m, condition: {gte: 3}}
`

func TestLoad(t *testing.T) {
	t.Parallel()
	bad := strings.Replace(testRule, "condition: sel", "condition: nope", 1)
	files := fstest.MapFS{"a/rule.yaml": {Data: []byte(testRule)}, "b/rule.yaml": {Data: []byte(strings.Replace(bad, "01\n", "02\n", 1))}, "b/tests.yaml": {Data: []byte("[")}}
	d, problems, err := detection.Load(files)
	if err != nil || len(d.Rules()) != 1 || len(problems) != 1 || problems[0].File != "b/rule.yaml" {
		t.Errorf("%v %v", problems, err)
	}
	files["b/rule.yaml"] = &fstest.MapFile{Data: []byte(testCorrelation)}
	_, problems, err = detection.Load(files)
	if err != nil || len(problems) != 1 || !problems[0].Warning || problems[0].File != "b/rule.yaml" || !strings.Contains(problems[0].Message, "not executed") {
		t.Errorf("a correlation: %v %v", problems, err)
	}
	delete(files, "a/rule.yaml")
	if _, _, err = detection.Load(files); soc.KindOf(err) != soc.Invalid || soc.NextOf(err) == "" {
		t.Errorf("no usable rule: %v", err)
	}
}

func FuzzEvaluate(f *testing.F) {
	d, _, err := detection.Load(shipped)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"eventName":"AssumeRole","requestParameters":{"RoleArn":"acs:ram::1:role/x"},"userIdentity":[{"type":null}]}`)
	f.Add(`{"eventName":["StopLogging"],"serviceName":"actiontrail","resourceType":";;","resourceName":","}`)
	f.Fuzz(func(t *testing.T, text string) {
		alerts, stats, err := detection.Evaluate(d, group{text, `{"eventName":"StopLogging","serviceName":"Actiontrail"}`}, origin("alibaba_cloud_actiontrail_event"), time.Unix(0, 0))
		if err != nil || stats.Records != 2 || len(alerts) == 0 {
			t.Errorf("%v %+v: a hostile log takes its neighbours down", err, stats)
		}
	})
}

func BenchmarkEvaluateMiss(b *testing.B) {
	d, _, err := detection.Load(shipped)
	if err != nil {
		b.Fatal(err)
	}
	g := group{`{"eventName":"DescribeInstances","serviceName":"Ecs","errorCode":"","userIdentity":{"type":"assumed-role","accessKeyId":"STS.N"},"requestParameters":{"RegionId":"cn-hangzhou"},"requestParameterJson":"{}"}`}
	o := origin("alibaba_cloud_actiontrail_event")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := detection.Evaluate(d, g, o, time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEvaluateWAF judges records of 40 fields as the client reads them: from the bytes of a LogGroup to alerts, which here
// are none. It reports records a second.
func BenchmarkEvaluateWAF(b *testing.B) {
	d, _, err := detection.Load(shipped)
	if err != nil {
		b.Fatal(err)
	}
	const records = 1000
	var build sls.Builder
	build.SetTopic("waf_access_log")
	for i := range records {
		build.StartLog(1767225601, 0)
		for k := range 32 {
			build.Field(fmt.Sprintf("field_number_%d", k), fmt.Sprintf("value %d of %d in this record", k*i, k))
		}
		for _, f := range [][2]string{
			{"host", "shop.example.cn"},
			{"real_client_ip", fmt.Sprintf("203.0.113.%d", i%250)},
			{"request_method", "GET"},
			{"status", "200"},
			{"request_path", fmt.Sprintf("/product/%d/detail.html", i)},
			{"querystring", fmt.Sprintf("id=%x&page=%d", i*7919, i)},
			{"http_user_agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"},
			{"final_action", "pass"},
		} {
			build.Field(f[0], f[1])
		}
	}
	raw := build.Bytes()
	o := origin("alibaba_cloud_waf_flow")
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		g, err := sls.ParseGroup(raw)
		if err != nil {
			b.Fatal(err)
		}
		if _, stats, err := detection.Evaluate[sls.Log](d, g, o, time.Time{}); err != nil || stats.Records != records {
			b.Fatal(err, stats)
		}
	}
	b.ReportMetric(records*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkLoad is what the rules add to a cold start.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, _, err := detection.Load(shipped); err != nil {
			b.Fatal(err)
		}
	}
}
