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

// Region is a region that the service is offered in.
type Region struct {
	ID               string `json:"region"`
	Name             string `json:"localName"`
	InternetEndpoint string `json:"internetEndpoint"`
	IntranetEndpoint string `json:"intranetEndpoint"`
}

// Regions returns the regions that the service is offered in.
func (c *Client) Regions(ctx context.Context) ([]Region, error) {
	var out struct {
		Regions []Region `json:"regions"`
	}
	err := c.getJSON(ctx, &request{op: "list regions", path: "/regions"}, &out)
	return out.Regions, err
}

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

// Create makes the project in the client's region and as its account. Right after it, this client repeats calls that do
// not find the project yet. Kinds: Conflict when it exists, also as somebody else's; Invalid, Denied.
func (p *Project) Create(ctx context.Context, description string) error {
	r := &request{op: "create project", action: "log:CreateProject", method: http.MethodPost, project: p.name, path: "/", once: true, creates: projectName(p.name)}
	return p.c.sendJSON(ctx, r, map[string]string{"projectName": p.name, "description": description}, nil)
}

// Update sets the project's description. Kinds: NotFound, Denied.
func (p *Project) Update(ctx context.Context, description string) error {
	r := &request{op: "update project", action: "log:UpdateProject", method: http.MethodPut, project: p.name, path: "/"}
	return p.c.sendJSON(ctx, r, map[string]string{"description": description}, nil)
}

// Delete removes the project with all its data. Kinds: NotFound, Denied.
func (p *Project) Delete(ctx context.Context) error {
	r := &request{op: "delete project", action: "log:DeleteProject", method: http.MethodDelete, project: p.name, path: "/", removes: projectName(p.name)}
	return p.c.sendJSON(ctx, r, nil, nil)
}

// request begins a call on a Logstore.
func (p *Project) request(op, action, logstore, rest string) *request {
	return &request{
		op: op, action: action, method: http.MethodGet, project: p.name, logstore: logstore,
		path: "/logstores/" + url.PathEscape(logstore) + rest,
	}
}

// sendJSON sends a request with a JSON body, unless in is nil, and decodes the answer into out, unless out is nil.
func (c *Client) sendJSON(ctx context.Context, r *request, in, out any) error {
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return c.failure(r, soc.Invalid, err)
		}
		r.body, r.rawSize = body, len(body)
		r.header = map[string]string{"Content-Type": "application/json"}
	}
	if out != nil {
		return c.getJSON(ctx, r, out)
	}
	_, err := c.do(ctx, r)
	return err
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
	raw, err := c.expand(resp, nil, r.codec)
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
