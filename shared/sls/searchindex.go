package sls

import (
	"context"
	"encoding/json"
	"net/http"
)

// SearchIndex is what of a Logstore can be searched (sls.md §3.7).
type SearchIndex struct {
	Line    *LineIndex          `json:"line,omitempty"` // over whole logs
	Keys    map[string]KeyIndex `json:"keys,omitempty"` // by field
	TTLDays int                 `json:"ttl,omitempty"`
	MaxText int                 `json:"max_text_len,omitempty"` // bytes of a value that are indexed
}

// LineIndex indexes the words of whole logs.
type LineIndex struct {
	Token         []string `json:"token"` // characters that separate words
	CaseSensitive bool     `json:"caseSensitive"`
	Chinese       bool     `json:"chn"`
	IncludeKeys   []string `json:"include_keys,omitempty"`
	ExcludeKeys   []string `json:"exclude_keys,omitempty"`
}

// KeyIndex indexes one field.
type KeyIndex struct {
	Type          string          `json:"type"` // text, long, double, json
	Token         []string        `json:"token,omitempty"`
	CaseSensitive bool            `json:"caseSensitive,omitempty"`
	Chinese       bool            `json:"chn,omitempty"`
	Alias         string          `json:"alias,omitempty"`
	DocValue      bool            `json:"doc_value,omitempty"`
	JSONKeys      json.RawMessage `json:"json_keys,omitempty"`
}

// GetIndex returns a Logstore's index. Kinds: NotFound when it has none.
func (p *Project) GetIndex(ctx context.Context, logstore string) (SearchIndex, error) {
	var out SearchIndex
	err := p.c.getJSON(ctx, p.request("get index", "log:GetIndex", logstore, "/index"), &out)
	return out, err
}

// CreateIndex gives a Logstore an index. Kinds: Conflict when it has one; Invalid, NotFound.
func (p *Project) CreateIndex(ctx context.Context, logstore string, index SearchIndex) error {
	r := p.request("create index", "log:CreateIndex", logstore, "/index")
	r.method, r.once, r.creates = http.MethodPost, true, storeName(p.name, logstore)+"index"
	return p.c.sendJSON(ctx, r, index, nil)
}

// UpdateIndex replaces a Logstore's index. Kinds: Invalid when it has none; NotFound.
func (p *Project) UpdateIndex(ctx context.Context, logstore string, index SearchIndex) error {
	r := p.request("update index", "log:UpdateIndex", logstore, "/index")
	r.method = http.MethodPut
	return p.c.sendJSON(ctx, r, index, nil)
}

// DeleteIndex takes a Logstore's index away. Kinds: NotFound.
func (p *Project) DeleteIndex(ctx context.Context, logstore string) error {
	r := p.request("delete index", "log:DeleteIndex", logstore, "/index")
	r.method, r.removes = http.MethodDelete, storeName(p.name, logstore)+"index"
	return p.c.sendJSON(ctx, r, nil, nil)
}
