package sls

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// ProjectInfo is a project as the service lists it (sls.md §3.1).
type ProjectInfo struct {
	Name        string `json:"projectName"`
	Description string `json:"description"`
	Status      string `json:"status"`
	Owner       string `json:"owner"` // uid
	Region      string `json:"region"`
}

// LogstoreInfo is a Logstore's settings (sls.md §3.2).
type LogstoreInfo struct {
	Name          string `json:"logstoreName"`
	TTLDays       int    `json:"ttl"` // 3650 = for ever
	Shards        int    `json:"shardCount"`
	Mode          string `json:"mode"`          // standard, query, lite
	TelemetryType string `json:"telemetryType"` // "" = logs
	AppendMeta    bool   `json:"appendMeta"`
	CreatedAt     int64  `json:"createTime"`     // Unix seconds
	ModifiedAt    int64  `json:"lastModifyTime"` // Unix seconds
}

// Shard is one shard of a Logstore (sls.md §3.3). Its range of hash keys is half open.
type Shard struct {
	ID        int    `json:"shardID"`
	Status    string `json:"status"` // readwrite, readonly
	BeginKey  string `json:"inclusiveBeginKey"`
	EndKey    string `json:"exclusiveEndKey"`
	CreatedAt int64  `json:"createTime"` // Unix seconds
}

// ReadOnly tells whether the shard was split or merged: it stays readable until its data expires and gets no more.
func (s Shard) ReadOnly() bool { return s.Status == "readonly" }

// ListProjects returns one page of the region's projects and how many there are: size 1–500, 0 for 100. nameLike
// keeps names that contain it. Kinds: Denied without log:ListProject.
func (c *Client) ListProjects(ctx context.Context, offset, size int, nameLike string) ([]ProjectInfo, int, error) {
	if size == 0 {
		size = 100
	}
	q := url.Values{"offset": {strconv.Itoa(offset)}, "size": {strconv.Itoa(size)}}
	if nameLike != "" {
		q.Set("projectName", nameLike)
	}
	var out struct {
		Total    int           `json:"total"`
		Projects []ProjectInfo `json:"projects"`
	}
	err := c.getJSON(ctx, &request{op: "list projects", action: "log:ListProject", path: "/", query: q}, &out)
	return out.Projects, out.Total, err
}

// Get returns the project's settings. Kinds: NotFound when it does not exist.
func (p *Project) Get(ctx context.Context) (ProjectInfo, error) {
	var out ProjectInfo
	err := p.c.getJSON(ctx, &request{op: "get project", action: "log:GetProject", project: p.name, path: "/"}, &out)
	return out, err
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

// ListShards returns the shards of a Logstore, readable ones that no longer get data included.
func (p *Project) ListShards(ctx context.Context, logstore string) ([]Shard, error) {
	var out []Shard
	err := p.c.getJSON(ctx, p.request("list shards", "log:ListShards", logstore, "/shards"), &out)
	return out, err
}

// request begins a call on a Logstore.
func (p *Project) request(op, action, logstore, rest string) *request {
	return &request{
		op: op, action: action, method: http.MethodGet, project: p.name, logstore: logstore,
		path: "/logstores/" + url.PathEscape(logstore) + rest,
	}
}

func (c *Client) getJSON(ctx context.Context, r *request, out any) error {
	if r.method == "" {
		r.method = http.MethodGet
	}
	resp, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	return c.decode(r, resp, out)
}

func (c *Client) decode(r *request, resp *response, out any) error {
	raw, err := expand(resp, nil)
	if err == nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil {
		return &soc.Error{
			Kind: soc.Internal, Op: r.op, Account: c.account, Resource: r.resource(),
			RequestID: resp.header.Get("x-log-requestid"), Err: err,
		}
	}
	return nil
}
