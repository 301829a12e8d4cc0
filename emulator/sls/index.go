package sls

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// index is the index configuration of a Logstore. It does not change once it is set.
type index struct {
	line     *lineIndex
	keys     map[string]*keyIndex
	maxText  int                        // bytes of a value that are analysed
	raw      map[string]json.RawMessage // the body as it was given
	modified time.Time
}

type lineIndex struct {
	Token         []string `json:"token"`
	CaseSensitive bool     `json:"caseSensitive"`
	Chinese       bool     `json:"chn"`
	Include       []string `json:"include_keys"`
	Exclude       []string `json:"exclude_keys"`

	tokens *tokenizer
}

// keyIndex is the index of one field. JSONKeys name fields inside a JSON value; All indexes every text in it.
type keyIndex struct {
	Type          string               `json:"type"`
	Token         []string             `json:"token"`
	CaseSensitive bool                 `json:"caseSensitive"`
	Chinese       bool                 `json:"chn"`
	Alias         string               `json:"alias"`
	JSONKeys      map[string]*keyIndex `json:"json_keys"`
	All           bool                 `json:"index_all"`
	DocValue      bool                 `json:"doc_value"` // SQL may name it

	tokens *tokenizer
}

// Bounds of max_text_len in bytes, as documented, and what holds when it is not set.
const (
	leastMaxText = 64
	usualMaxText = 2048
	mostMaxText  = 16384
)

func indexInvalid(format string, args ...any) error {
	return failf(http.StatusBadRequest, "IndexInfoInvalid", format, args...)
}

func noIndex() error {
	return failf(http.StatusBadRequest, "IndexConfigNotExist", "logstore without index config")
}

// parseIndex reads and checks the body of CreateIndex.
//
// Assumption: an index takes any number of keys; no documented limit is known.
func parseIndex(body []byte, now time.Time) (*index, error) {
	var cfg struct {
		Line       *lineIndex           `json:"line"`
		Keys       map[string]*keyIndex `json:"keys"`
		MaxTextLen int                  `json:"max_text_len"`
		// Kept as they are; only their form is checked.
		TTL         int      `json:"ttl"`
		LogReduce   bool     `json:"log_reduce"`
		ReduceWhite []string `json:"log_reduce_white_list"`
		ReduceBlack []string `json:"log_reduce_black_list"`
	}
	idx := &index{modified: now}
	if err := errors.Join(json.Unmarshal(body, &cfg), json.Unmarshal(body, &idx.raw)); err != nil {
		return nil, indexInvalid("the index is not the JSON that is expected: %v", err)
	}
	if cfg.Line == nil && len(cfg.Keys) == 0 {
		return nil, indexInvalid("an index needs line or keys")
	}
	idx.line, idx.keys, idx.maxText = cfg.Line, cfg.Keys, usualMaxText
	if cfg.MaxTextLen != 0 {
		idx.maxText = min(max(cfg.MaxTextLen, leastMaxText), mostMaxText)
	}
	if l := idx.line; l != nil {
		if len(l.Include) > 0 && len(l.Exclude) > 0 {
			return nil, indexInvalid("include_keys and exclude_keys exclude each other")
		}
		l.tokens = newTokenizer(l.Token, l.CaseSensitive, l.Chinese)
	}
	for name, key := range idx.keys {
		if key == nil {
			return nil, indexInvalid("key %s has no configuration", name)
		}
		if err := key.prepare(name, key); err != nil {
			return nil, err
		}
	}
	return idx, nil
}

// prepare checks a key and builds its tokenizer; a field inside JSON uses the tokens of its parent.
func (k *keyIndex) prepare(name string, parent *keyIndex) error {
	switch k.Type {
	case "text", "json":
		k.tokens = newTokenizer(parent.Token, parent.CaseSensitive, parent.Chinese)
	case "long", "double":
	default:
		return indexInvalid("type %s of key %s is invalid", k.Type, name)
	}
	if len(k.JSONKeys) > 0 && (k.Type != "json" || parent != k) {
		return indexInvalid("key %s may not have json_keys", name)
	}
	for sub, key := range k.JSONKeys {
		if key == nil || key.Type == "json" {
			return indexInvalid("json key %s.%s needs type text, long or double", name, sub)
		}
		if err := key.prepare(name+"."+sub, k); err != nil {
			return err
		}
	}
	return nil
}

// setIndex installs an index. exists tells whether there must be one already.
func (ls *logstore) setIndex(idx *index, exists bool) error {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if exists && ls.index == nil {
		return invalidf("log store index is not created")
	}
	if !exists && ls.index != nil {
		return failf(http.StatusBadRequest, "IndexAlreadyExist", "log store index is already created")
	}
	ls.index = idx
	return nil
}

func (ls *logstore) currentIndex() (*index, error) {
	ls.mu.RLock()
	defer ls.mu.RUnlock()
	if ls.index == nil {
		return nil, noIndex()
	}
	return ls.index, nil
}

// dropIndex removes the index.
//
// Assumption: without one the code is that of reading it, IndexConfigNotExist.
func (ls *logstore) dropIndex() error {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.index == nil {
		return noIndex()
	}
	ls.index = nil
	return nil
}

// PutIndex creates or replaces the index of a Logstore; body is the JSON of CreateIndex.
func (s *Service) PutIndex(ctx context.Context, caller auth.Caller, project, logstore string, body []byte) error {
	action, exists := "log:CreateIndex", false
	if ls, err := s.find(project, logstore); err == nil {
		if _, err = ls.currentIndex(); err == nil {
			action, exists = "log:UpdateIndex", true
		}
	}
	ls, err := s.openLogstore(ctx, who{caller, true}, action, project, logstore)
	if err != nil {
		return err
	}
	idx, err := parseIndex(body, s.opts.Clock())
	if err != nil {
		return err
	}
	return ls.setIndex(idx, exists)
}

// DeleteIndex removes the index of a Logstore.
func (s *Service) DeleteIndex(ctx context.Context, caller auth.Caller, project, logstore string) error {
	ls, err := s.openLogstore(ctx, who{caller, true}, "log:DeleteIndex", project, logstore)
	if err != nil {
		return err
	}
	return ls.dropIndex()
}

func (c *call) createIndex() error { return c.putIndex(false) }

func (c *call) updateIndex() error { return c.putIndex(true) }

func (c *call) putIndex(exists bool) error {
	ls, err := c.logstore()
	if err != nil {
		return err
	}
	idx, err := parseIndex(c.body, c.now)
	if err != nil {
		return err
	}
	if err = ls.setIndex(idx, exists); err != nil {
		return err
	}
	return c.empty()
}

func (c *call) getIndex() error {
	ls, err := c.logstore()
	if err != nil {
		return err
	}
	idx, err := ls.currentIndex()
	if err != nil {
		return err
	}
	answer := make(map[string]any, len(idx.raw)+2)
	for k, v := range idx.raw {
		answer[k] = v
	}
	answer["storage"], answer["lastModifyTime"] = "pg", idx.modified.Unix()
	return c.reply(answer)
}

func (c *call) deleteIndex() error {
	ls, err := c.logstore()
	if err != nil {
		return err
	}
	if err = ls.dropIndex(); err != nil {
		return err
	}
	return c.empty()
}
