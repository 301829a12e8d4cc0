package soc

import "time"

// PolicyMode is how a batch of integration policies is applied.
type PolicyMode string

// The two access settings of the product.
const (
	Increment  PolicyMode = "increment" // keep what is enabled and add
	FullAccess PolicyMode = "full"      // overwrite: what is not selected is disabled
)

// Policy is an integration policy: a template switched on or off for one account.
type Policy struct {
	Template  string    `json:"template"` // id in the catalog, as "alibaba_cloud_waf_flow"
	Account   string    `json:"account"`
	Enabled   bool      `json:"enabled"`
	AutoAdd   bool      `json:"auto_add"` // new Logstores that fit the template are added by themselves
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// DataSource is what a policy reads in one account and region. Name is <template>_<region id>_<member uid>.
type DataSource struct {
	Name     string     `json:"name"`
	Template string     `json:"template"`
	Account  string     `json:"account"`
	Region   string     `json:"region"`
	Stores   []LogStore `json:"stores,omitempty"`
	Health   Health     `json:"health"`
	Detail   string     `json:"detail,omitempty"` // why it is not healthy, and what to do
	LastRead time.Time  `json:"last_read,omitzero"`
	LastLog  time.Time  `json:"last_log,omitzero"` // arrival time of the newest record read
	Records  int64      `json:"records"`
	Bytes    int64      `json:"bytes"`
	Enabled  bool       `json:"enabled"`
}

// DataSourceName builds the product's name of a data source.
func DataSourceName(template, region, uid string) string { return template + "_" + region + "_" + uid }

// LogStore is one Logstore of a member.
type LogStore struct {
	Project  string `json:"project"`
	Logstore string `json:"logstore"`
	Shards   int    `json:"shards"`
}

// Health is the status of a data source, computed from what arrived and from reads that were refused.
type Health string

// The five states that every page shows, and the sixth for a policy that is switched off.
const (
	Healthy      Health = "healthy"
	Delayed      Health = "delayed"
	Silent       Health = "silent"
	Failed       Health = "failed"
	Initialising Health = "initialising"
	Off          Health = "off"
)
