package sls

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxTrackQuery bounds what web tracking takes in a query string.
const maxTrackQuery = 16 << 10

// trackBody is the body of PutWebtracking: logs of one topic and source.
type trackBody struct {
	Topic  string                       `json:"__topic__"`
	Source string                       `json:"__source__"`
	Tags   map[string]trackValue        `json:"__tags__"`
	Logs   []map[string]json.RawMessage `json:"__logs__"`
}

// trackValue is a value of web tracking. Text is what it says; anything else is its JSON.
//
// Assumption: the service documents strings only; numbers, true, false, null, lists and objects are kept as their JSON.
type trackValue string

// UnmarshalJSON never fails on valid JSON.
func (v *trackValue) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		var compact bytes.Buffer
		if err := json.Compact(&compact, b); err != nil {
			return err
		}
		s = compact.String()
	}
	*v = trackValue(s)
	return nil
}

// trackStore finds the Logstore of a call that is not signed.
//
// Assumption: a Logstore without web tracking answers 401 Unauthorized; no text names the code.
func (c *call) trackStore() (*logstore, error) {
	c.w.Header().Set("Access-Control-Allow-Origin", "*") // pages of any site send this, and may read why it was refused
	ls, err := c.s.find(c.project, c.path["n"])
	if err != nil {
		return nil, err
	}
	ls.mu.RLock()
	defer ls.mu.RUnlock()
	if c.now.Before(ls.visible) {
		return nil, logstoreNotExist(ls.name)
	}
	if !ls.cfg.EnableTracking {
		return nil, unauthorizedf("web tracking of logstore %s is not enabled", ls.name)
	}
	return ls, nil
}

// track takes one log from the query string: everything but the version, the topic and the source is a field of it.
func (c *call) track() error {
	ls, err := c.trackStore()
	if err != nil {
		return err
	}
	if len(c.r.URL.RawQuery) > maxTrackQuery {
		return failf(http.StatusBadRequest, "PostBodyTooLarge", "the parameters of %d bytes are larger than %d bytes", len(c.r.URL.RawQuery), maxTrackQuery)
	}
	var contents []pair
	for _, p := range parameters(c.r.URL.RawQuery) {
		if !slices.Contains([]string{"APIVersion", "__topic__", "__source__"}, p.name) {
			contents = append(contents, pair{[]byte(p.name), []byte(p.value)})
		}
	}
	if strings.HasSuffix(c.route.pattern, "track_ua.gif") {
		contents = append(contents, browserFields(c.r)...)
	}
	if len(contents) == 0 {
		return invalidf("a log needs at least one field")
	}
	g := c.trackGroup(c.query.Get("__topic__"), c.query.Get("__source__"), nil, [][]pair{contents})
	if err := c.keepTracked(ls, g); err != nil {
		return err
	}
	if strings.HasSuffix(c.route.pattern, ".gif") {
		c.w.Header().Set("Content-Type", "image/gif")
		_, _ = c.w.Write(pixel) // a client that went away cannot be told
		return nil
	}
	return c.empty()
}

// browserFields are the fields that track_ua.gif adds.
//
// Assumption: they are named __userAgent__ and __referer__. That both headers become fields is documented.
func browserFields(r *http.Request) []pair {
	return []pair{
		{[]byte("__userAgent__"), []byte(r.UserAgent())},
		{[]byte("__referer__"), []byte(r.Referer())},
	}
}

// pixel is the answer to what a page loads as an image: a transparent GIF of one pixel.
//
// Assumption: the service answers such an image; only the name of the path says so.
var pixel = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

// preflight tells a browser that pages of any site may send logs: JSON and the x-log-* headers make it ask first.
//
// Assumption: the service allows any site and whatever headers are asked for. That pages of other sites send such requests
// is how web tracking is used; what the answer says is not documented.
func (c *call) preflight() error {
	if _, err := c.trackStore(); err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", c.r.Header.Get("Access-Control-Request-Headers"))
	h.Set("Vary", "Access-Control-Request-Headers")
	return c.empty()
}

// putWebtracking takes many logs from a body.
func (c *call) putWebtracking() error {
	ls, err := c.trackStore()
	if err != nil {
		return err
	}
	text, err := c.rawBody()
	if err != nil {
		return err
	}
	var in trackBody
	if err := json.Unmarshal(text, &in); err != nil {
		return bodyInvalid("the body is not the JSON that is expected: %v", err)
	}
	logs := make([][]pair, 0, len(in.Logs))
	for _, fields := range in.Logs {
		contents, err := trackedFields(fields)
		if err != nil {
			return err
		}
		logs = append(logs, contents)
	}
	g := c.trackGroup(in.Topic, in.Source, in.Tags, logs)
	if err := c.keepTracked(ls, g); err != nil {
		return err
	}
	return c.empty()
}

// trackedFields are the fields of one log by name. The time is always that of the arrival.
func trackedFields(fields map[string]json.RawMessage) ([]pair, error) {
	var contents []pair
	for name, raw := range fields {
		if name == "__time__" {
			continue
		}
		var v trackValue
		if err := v.UnmarshalJSON(raw); err != nil {
			return nil, bodyInvalid("field %s: %v", name, err)
		}
		contents = append(contents, pair{[]byte(name), []byte(v)})
	}
	slices.SortFunc(contents, func(a, b pair) int { return bytes.Compare(a.key, b.key) })
	return contents, nil
}

// trackGroup serializes a LogGroup whose logs all have the time of the call.
//
// Assumption: without __source__ the source is the address of the client.
func (c *call) trackGroup(topic, source string, tags map[string]trackValue, logs [][]pair) []byte {
	if source == "" {
		source = c.caller.SourceIP
	}
	var b []byte
	for _, contents := range logs {
		log := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(uint32(c.now.Unix())))
		for _, p := range contents {
			log = appendPair(log, 2, string(p.key), string(p.value))
		}
		b = protowire.AppendBytes(protowire.AppendTag(b, 1, protowire.BytesType), log)
	}
	b = protowire.AppendString(protowire.AppendTag(b, 3, protowire.BytesType), topic)
	b = protowire.AppendString(protowire.AppendTag(b, 4, protowire.BytesType), source)
	for _, name := range slices.Sorted(maps.Keys(tags)) { // the same every time
		b = appendPair(b, 6, name, string(tags[name]))
	}
	return b
}

func (c *call) keepTracked(ls *logstore, raw []byte) error {
	sc := scratches.Get().(*scratch)
	defer sc.release()
	g, err := c.s.pack(raw, nil, sc)
	if err != nil {
		return err
	}
	return c.s.put(ls, "", c.caller.SourceIP, []group{g}, c.now)
}
