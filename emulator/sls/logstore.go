package sls

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// LogstoreConfig holds the fields of a Logstore, named on the wire as the service names them.
type LogstoreConfig struct {
	Name                string          `json:"logstoreName"`
	TTL                 int             `json:"ttl"`     // days, 1 to 3650; 3650 = for ever
	HotTTL              int             `json:"hot_ttl"` // days, at least 7; 0 or -1 = unset
	InfrequentAccessTTL int             `json:"infrequentAccessTTL"`
	ShardCount          int             `json:"shardCount"` // at creation only
	AutoSplit           bool            `json:"autoSplit"`
	MaxSplitShard       int             `json:"maxSplitShard"`
	EnableTracking      bool            `json:"enable_tracking"`
	AppendMeta          bool            `json:"appendMeta"` // add __client_ip__ and __receive_time__ as tags
	Mode                string          `json:"mode"`
	TelemetryType       string          `json:"telemetryType"`
	EncryptConf         json.RawMessage `json:"encrypt_conf,omitempty"`
	ProcessorID         string          `json:"processorId,omitempty"`
	ProductType         string          `json:"productType,omitempty"`
}

// logstore is one Logstore. mu guards what follows it; each shard has its own lock.
type logstore struct {
	project *project
	name    string
	created time.Time
	visible time.Time
	turn    atomic.Uint64 // of load balancing

	mu        sync.RWMutex
	cfg       LogstoreConfig
	modified  time.Time
	shards    []*shard // by id
	nextShard int
	index     *index // nil = none
	consumers map[string]*consumerGroup
}

var logstoreName = regexp.MustCompile(`^[a-z0-9_-]{3,63}$`)

const (
	forever   = 3650 // ttl that never expires
	maxShards = 100  // at creation, and as the result of one split
)

func logstoreInvalid(format string, args ...any) error {
	return failf(http.StatusBadRequest, "LogStoreInfoInvalid", format, args...)
}

// normalize checks the fields and fills the defaults in.
func (cfg *LogstoreConfig) normalize() error {
	cfg.Mode = cmp.Or(cfg.Mode, "standard")
	cfg.InfrequentAccessTTL = cmp.Or(cfg.InfrequentAccessTTL, -1)
	cfg.HotTTL = max(cfg.HotTTL, 0)
	switch {
	case !logstoreName.MatchString(cfg.Name):
		return logstoreInvalid("logstore name %s is invalid", cfg.Name)
	case cfg.TTL < 1 || cfg.TTL > forever:
		return logstoreInvalid("ttl must be within range [1, %d]", forever)
	case cfg.ShardCount < 1 || cfg.ShardCount > maxShards:
		return logstoreInvalid("shardCount must be within range [1, %d]", maxShards)
	case cfg.AutoSplit && cfg.MaxSplitShard == 0, cfg.MaxSplitShard < 0, cfg.MaxSplitShard > 256:
		return logstoreInvalid("maxSplitShard must be within range [1, 256]")
	case cfg.HotTTL != 0 && (cfg.HotTTL < 7 || cfg.HotTTL > cfg.TTL):
		return logstoreInvalid("hot_ttl must be at least 7 and at most ttl")
	case !slices.Contains([]string{"standard", "query", "lite"}, cfg.Mode):
		return logstoreInvalid("mode %s is invalid", cfg.Mode)
	case cfg.TelemetryType != "" && cfg.TelemetryType != "Metrics":
		return logstoreInvalid("telemetryType %s is invalid", cfg.TelemetryType)
	}
	if cfg.InfrequentAccessTTL != -1 {
		archive := cfg.TTL - cfg.HotTTL - cfg.InfrequentAccessTTL
		if cfg.InfrequentAccessTTL < 30 || archive != 0 && archive < 60 {
			return logstoreInvalid("infrequentAccessTTL must be at least 30 and leave 0 or at least 60 days for archive")
		}
	}
	return nil
}

// newLogstore makes a Logstore of a normalized configuration.
func newLogstore(p *project, cfg LogstoreConfig, now time.Time, delay time.Duration) *logstore {
	ls := &logstore{project: p, name: cfg.Name, created: now, visible: now.Add(delay), cfg: cfg, modified: now}
	keys := splitRange(firstKey, lastKey, cfg.ShardCount)
	for i := range cfg.ShardCount {
		ls.addShard(keys[i], keys[i+1], now)
	}
	return ls
}

func (s *Service) makeLogstore(ctx context.Context, w who, project string, cfg LogstoreConfig) error {
	p, err := s.openProject(ctx, w, "log:CreateLogStore", project, "/logstore/"+cfg.Name)
	if err != nil {
		return err
	}
	if err = cfg.normalize(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stores[cfg.Name] != nil {
		return failf(http.StatusBadRequest, "LogStoreAlreadyExist", "logstore %s already exists", cfg.Name)
	}
	if limit := s.opts.Quotas.Logstores; limit > 0 && len(p.stores) >= limit {
		return tooMany("logstores of a project", limit)
	}
	if err = s.checkShards(p, nil, cfg.ShardCount); err != nil {
		return err
	}
	p.stores[cfg.Name] = newLogstore(p, cfg, s.opts.Clock(), s.opts.PropagationDelay)
	return nil
}

// CreateLogstore makes a Logstore. TTL and ShardCount are required.
func (s *Service) CreateLogstore(ctx context.Context, caller auth.Caller, project string, cfg LogstoreConfig) error {
	return s.makeLogstore(ctx, who{caller, true}, project, cfg)
}

// UpdateLogstore sets all fields of the Logstore cfg.Name except ShardCount.
func (s *Service) UpdateLogstore(ctx context.Context, caller auth.Caller, project string, cfg LogstoreConfig) error {
	ls, err := s.openLogstore(ctx, who{caller, true}, "log:UpdateLogStore", project, cfg.Name)
	if err != nil {
		return err
	}
	return ls.update(s.opts.Clock(), func(c *LogstoreConfig) error { *c = cfg; return nil })
}

// DeleteLogstore removes a Logstore with its data.
func (s *Service) DeleteLogstore(ctx context.Context, caller auth.Caller, project, name string) error {
	return s.dropLogstore(ctx, who{caller, true}, project, name)
}

func (s *Service) dropLogstore(ctx context.Context, w who, project, name string) error {
	ls, err := s.openLogstore(ctx, w, "log:DeleteLogStore", project, name)
	if err != nil {
		return err
	}
	p, err := s.lookup(project)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stores[name] != ls {
		return logstoreNotExist(name)
	}
	delete(p.stores, name)
	return nil
}

// openLogstore asks whether the caller may do action on a Logstore, and finds it.
func (s *Service) openLogstore(ctx context.Context, w who, action, project, name string) (*logstore, error) {
	p, err := s.openProject(ctx, w, action, project, "/logstore/"+name)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	ls := p.stores[name]
	p.mu.RUnlock()
	now := s.opts.Clock()
	if ls == nil || now.Before(ls.visible) {
		return nil, logstoreNotExist(name)
	}
	return ls, s.takeRead(p, action, now)
}

// logstore opens the Logstore that the path names, for the action of the route.
func (c *call) logstore() (*logstore, error) {
	return c.s.openLogstore(c.ctx, c.who(), c.route.action, c.project, c.path["n"])
}

// update changes the configuration. The name and the shard count stay, whatever change does.
func (ls *logstore) update(now time.Time, change func(*LogstoreConfig) error) error {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	next := ls.cfg
	next.EncryptConf = slices.Clone(next.EncryptConf) // decoding writes into it
	if err := change(&next); err != nil {
		return err
	}
	next.Name, next.ShardCount = ls.name, ls.cfg.ShardCount
	if err := next.normalize(); err != nil {
		return err
	}
	if !mayChangeMode(ls.cfg.Mode, next.Mode) {
		return failf(http.StatusBadRequest, "NotSupported", "the mode of a logstore cannot change from %s to %s", ls.cfg.Mode, next.Mode)
	}
	ls.cfg, ls.modified = next, now
	return nil
}

// mayChangeMode tells whether an update may change the mode.
//
// Assumption: no change is allowed. It is known that some are refused with NotSupported, not which.
func mayChangeMode(from, to string) bool { return from == to }

func (c *call) createLogstore() error {
	var cfg LogstoreConfig
	if err := c.decodeJSON(&cfg, "LogStoreInfoInvalid"); err != nil {
		return err
	}
	if err := c.s.makeLogstore(c.ctx, c.who(), c.project, cfg); err != nil {
		return err
	}
	return c.empty()
}

func (c *call) updateLogstore() error {
	ls, err := c.logstore()
	if err != nil {
		return err
	}
	err = ls.update(c.now, func(cfg *LogstoreConfig) error { return c.decodeJSON(cfg, "LogStoreInfoInvalid") })
	if err != nil {
		return err
	}
	return c.empty()
}

func (c *call) deleteLogstore() error {
	if err := c.s.dropLogstore(c.ctx, c.who(), c.project, c.path["n"]); err != nil {
		return err
	}
	return c.empty()
}

func (c *call) getLogstore() error {
	ls, err := c.logstore()
	if err != nil {
		return err
	}
	ls.mu.RLock()
	defer ls.mu.RUnlock()
	return c.reply(struct {
		LogstoreConfig
		CreateTime     int64 `json:"createTime"`
		LastModifyTime int64 `json:"lastModifyTime"`
	}{ls.cfg, ls.created.Unix(), ls.modified.Unix()})
}

func (c *call) listLogstores() error {
	p, err := c.s.openProject(c.ctx, c.who(), c.route.action, c.project, "/logstore/*")
	if err != nil {
		return err
	}
	offset, size, err := c.page(200)
	if err != nil {
		return err
	}
	names := []string{}
	p.mu.RLock()
	for name, ls := range p.stores {
		if !c.now.Before(ls.visible) && strings.Contains(name, c.query.Get("logstoreName")) && c.wantsKind(ls) {
			names = append(names, name)
		}
	}
	p.mu.RUnlock()
	slices.Sort(names)
	part := names[min(offset, len(names)):min(offset+size, len(names))]
	return c.reply(map[string]any{"count": len(part), "total": len(names), "logstores": part})
}

// wantsKind applies the filters of ListLogStores on mode and telemetry type.
func (c *call) wantsKind(ls *logstore) bool {
	ls.mu.RLock()
	defer ls.mu.RUnlock()
	mode, kind := c.query.Get("mode"), c.query.Get("telemetryType")
	return (mode == "" || mode == ls.cfg.Mode) && (kind == "" || kind == ls.cfg.TelemetryType)
}
