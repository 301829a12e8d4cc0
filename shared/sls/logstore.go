package sls

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// LogstoreInfo is a Logstore's settings (sls.md §3.2). Zero fields are left to the service when a Logstore is made.
type LogstoreInfo struct {
	Name          string `json:"logstoreName"`
	TTLDays       int    `json:"ttl"`                  // 3650 = for ever
	HotTTLDays    int    `json:"hot_ttl,omitempty"`    // 0 or -1 = unset
	Shards        int    `json:"shardCount,omitempty"` // at creation only
	AutoSplit     bool   `json:"autoSplit,omitempty"`
	MaxSplitShard int    `json:"maxSplitShard,omitempty"`
	Mode          string `json:"mode,omitempty"`           // standard, query, lite
	TelemetryType string `json:"telemetryType,omitempty"`  // "" = logs
	AppendMeta    bool   `json:"appendMeta,omitempty"`     // tags with the time of arrival and the writer's address
	CreatedAt     int64  `json:"createTime,omitempty"`     // Unix seconds
	ModifiedAt    int64  `json:"lastModifyTime,omitempty"` // Unix seconds
}

// ListLogstores returns the names of all Logstores of the project.
func (p *Project) ListLogstores(ctx context.Context) ([]string, error) {
	const page = 500
	var names []string
	for {
		var out struct {
			Total     int      `json:"total"`
			Logstores []string `json:"logstores"`
		}
		r := &request{
			op: "list Logstores", action: "log:ListLogStores", project: p.name, path: "/logstores",
			query: url.Values{"offset": {strconv.Itoa(len(names))}, "size": {strconv.Itoa(page)}},
		}
		if err := p.c.getJSON(ctx, r, &out); err != nil {
			return nil, err
		}
		names = append(names, out.Logstores...)
		if len(out.Logstores) == 0 || len(names) >= out.Total {
			return names, nil
		}
	}
}

// GetLogstore returns a Logstore's settings. Kinds: NotFound when it does not exist.
func (p *Project) GetLogstore(ctx context.Context, name string) (LogstoreInfo, error) {
	var out LogstoreInfo
	err := p.c.getJSON(ctx, p.request("get Logstore", "log:GetLogStore", name, ""), &out)
	return out, err
}

// CreateLogstore makes a Logstore. Right after it, this client repeats calls that do not find it yet. Kinds: Conflict
// when it exists or the project holds as many as it may; Invalid, NotFound, Denied.
func (p *Project) CreateLogstore(ctx context.Context, info LogstoreInfo) error {
	r := p.request("create Logstore", "log:CreateLogStore", info.Name, "")
	r.method, r.path, r.once, r.creates = http.MethodPost, "/logstores", true, storeName(p.name, info.Name)
	return p.c.sendJSON(ctx, r, info, nil)
}

// UpdateLogstore sets a Logstore's settings; the number of shards stays. Kinds: NotFound, Invalid, Unsupported for a
// change of mode that is refused.
func (p *Project) UpdateLogstore(ctx context.Context, info LogstoreInfo) error {
	r := p.request("update Logstore", "log:UpdateLogStore", info.Name, "")
	r.method = http.MethodPut
	return p.c.sendJSON(ctx, r, info, nil)
}

// DeleteLogstore removes a Logstore with its data. Kinds: NotFound, Denied.
func (p *Project) DeleteLogstore(ctx context.Context, name string) error {
	r := p.request("delete Logstore", "log:DeleteLogStore", name, "")
	r.method, r.removes = http.MethodDelete, storeName(p.name, name)
	return p.c.sendJSON(ctx, r, nil, nil)
}
