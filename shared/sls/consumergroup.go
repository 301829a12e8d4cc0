package sls

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ConsumerGroup lets consumers share the shards of a Logstore (sls.md §3.6). The collector does not use it: it keeps its
// own leases and cursors, so that it needs no right to write in a member account.
type ConsumerGroup struct {
	Name    string `json:"name"`
	Timeout int    `json:"timeout"` // seconds of silence after which a consumer loses its shards
	Order   bool   `json:"order"`   // children of a split shard wait until the parent is consumed
}

// Checkpoint is how far a consumer group has consumed a shard.
type Checkpoint struct {
	Shard     int
	Cursor    Cursor // meaningless unless Set
	Set       bool
	Consumer  string
	UpdatedAt time.Time
}

// ListConsumerGroups returns the groups of a Logstore.
func (p *Project) ListConsumerGroups(ctx context.Context, logstore string) ([]ConsumerGroup, error) {
	var out []ConsumerGroup // a bare array: sls.md §0.12
	err := p.c.getJSON(ctx, p.request("list consumer groups", "log:ListConsumerGroup", logstore, "/consumergroups"), &out)
	return out, err
}

// CreateConsumerGroup makes a group. Kinds: Conflict when it exists; Invalid, NotFound.
func (p *Project) CreateConsumerGroup(ctx context.Context, logstore string, g ConsumerGroup) error {
	r := p.request("create consumer group", "log:CreateConsumerGroup", logstore, "/consumergroups")
	r.method, r.once = http.MethodPost, true
	return p.c.sendJSON(ctx, r, map[string]any{"consumerGroup": g.Name, "timeout": g.Timeout, "order": g.Order}, nil)
}

// UpdateConsumerGroup sets timeout and order of a group. Kinds: NotFound.
func (p *Project) UpdateConsumerGroup(ctx context.Context, logstore string, g ConsumerGroup) error {
	r := p.group("update consumer group", "log:UpdateConsumerGroup", logstore, g.Name)
	r.method = http.MethodPut
	return p.c.sendJSON(ctx, r, map[string]any{"timeout": g.Timeout, "order": g.Order}, nil)
}

// DeleteConsumerGroup removes a group with its checkpoints. Kinds: NotFound.
func (p *Project) DeleteConsumerGroup(ctx context.Context, logstore, name string) error {
	r := p.group("delete consumer group", "log:DeleteConsumerGroup", logstore, name)
	r.method = http.MethodDelete
	return p.c.sendJSON(ctx, r, nil, nil)
}

// Heartbeat says that a consumer lives and which shards it still works on, also those it was told to give up, and
// returns the shards it has from now on. The first one is sent with no shards. Kinds: NotFound; Invalid with the code
// NotExistConsumerWithBody when the service has forgotten the consumer: begin again with no shards.
func (p *Project) Heartbeat(ctx context.Context, logstore, group, consumer string, held []int) ([]int, error) {
	r := p.group("send heartbeat", "log:ConsumerGroupHeartBeat", logstore, group)
	r.method, r.query = http.MethodPost, url.Values{"type": {"heartbeat"}, "consumer": {consumer}}
	if held == nil {
		held = []int{}
	}
	var out []int // a bare array: sls.md §0.12
	err := p.c.sendJSON(ctx, r, held, &out)
	return out, err
}

// SaveCheckpoint keeps the position from which a shard is to be consumed. Unless force is set, the shard has to belong to
// the consumer. Kinds: NotFound for an unknown consumer, shard or group; Conflict when the shard is another consumer's.
func (p *Project) SaveCheckpoint(ctx context.Context, logstore, group, consumer string, shard int, at Cursor, force bool) error {
	r := p.group("save checkpoint", "log:ConsumerGroupUpdateCheckPoint", logstore, group)
	r.method = http.MethodPost
	r.query = url.Values{"type": {"checkpoint"}, "consumer": {consumer}, "forceSuccess": {strconv.FormatBool(force)}}
	return p.c.sendJSON(ctx, r, map[string]any{"shard": shard, "checkpoint": at.String()}, nil)
}

// Checkpoints returns the positions of a group by shard. Kinds: NotFound.
func (p *Project) Checkpoints(ctx context.Context, logstore, group string) ([]Checkpoint, error) {
	r := p.group("get checkpoints", "log:GetConsumerGroupCheckPoint", logstore, group)
	var rows []struct {
		Shard      int    `json:"shard"`
		Checkpoint string `json:"checkpoint"`
		UpdateTime int64  `json:"updateTime"` // microseconds
		Consumer   string `json:"consumer"`
	}
	if err := p.c.getJSON(ctx, r, &rows); err != nil {
		return nil, err
	}
	var out []Checkpoint
	for _, row := range rows {
		c := Checkpoint{Shard: row.Shard, Consumer: row.Consumer}
		if row.UpdateTime > 0 {
			c.UpdatedAt = time.UnixMicro(row.UpdateTime).UTC()
		}
		if row.Checkpoint != "" {
			at, err := ParseCursor(row.Checkpoint)
			if err != nil {
				return nil, err
			}
			c.Cursor, c.Set = at, true
		}
		out = append(out, c)
	}
	return out, nil
}

func (p *Project) group(op, action, logstore, name string) *request {
	return p.request(op, action, logstore, "/consumergroups/"+url.PathEscape(name))
}
