package sls

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// savedSearch is a saved search as it was written: the fields of CreateSavedSearch, and others that a client sent. It
// does not change once it is kept.
type savedSearch map[string]json.RawMessage

// text is a field that is a string; "" when it is absent or something else.
func (s savedSearch) text(field string) string {
	var v string
	_ = json.Unmarshal(s[field], &v) // "" is what an absent field means, too
	return v
}

const (
	minSavedName = 3
	maxSavedName = 63
)

// parseSavedSearch checks a body. The display name defaults to the name.
//
// Assumption: a name, a query or a Logstore that is missing is PostBodyInvalid, as a name of the wrong length is; the
// Logstore need not exist.
func parseSavedSearch(body []byte, name string) (savedSearch, error) {
	var s savedSearch
	if err := json.Unmarshal(body, &s); err != nil || s == nil {
		return nil, bodyInvalid("the body is not a saved search")
	}
	got := s.text("savedsearchName")
	switch n := utf8.RuneCountInString(got); {
	case name != "" && got != name:
		return nil, bodyInvalid("savedsearchName is %q, the path names %q", got, name)
	case n < minSavedName || n > maxSavedName:
		return nil, bodyInvalid("savedsearchName must have %d to %d characters", minSavedName, maxSavedName)
	case s.text("searchQuery") == "" || s.text("logstore") == "":
		return nil, bodyInvalid("searchQuery and logstore are required")
	}
	if s.text("displayName") == "" {
		s["displayName"] = s["savedsearchName"]
	}
	return s, nil
}

// savedSearchNotExist is the answer to the name of no saved search.
//
// Assumption: its status is 404. The code and the message are documented.
func savedSearchNotExist() error {
	return failf(http.StatusNotFound, "SavedSearchNotExist", "specified savedsearch does not exist")
}

// savedSearchExists is the answer to a second saved search of one name.
//
// Assumption: 400 SavedSearchAlreadyExist, named as the codes of projects and Logstores are; no text gives it.
func savedSearchExists(name string) error {
	return failf(http.StatusBadRequest, "SavedSearchAlreadyExist", "savedsearch %s already exists", name)
}

// savedProject opens the project of the call for what happens to one saved search, * for all.
func (c *call) savedProject(name string) (*project, error) {
	return c.s.openProject(c.ctx, c.who(), c.route.action, c.project, "/savedsearch/"+name)
}

func (c *call) createSavedSearch() error {
	search, err := parseSavedSearch(c.body, "")
	if err != nil {
		return err
	}
	name := search.text("savedsearchName")
	p, err := c.savedProject(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch limit := c.s.opts.Quotas.SavedSearches; {
	case p.searches[name] != nil:
		return savedSearchExists(name)
	case limit > 0 && len(p.searches) >= limit:
		return countExceeds("savedsearch")
	case p.searches == nil:
		p.searches = map[string]savedSearch{}
	}
	p.searches[name] = search
	return c.empty()
}

func (c *call) updateSavedSearch() error {
	name := c.path["s"]
	search, err := parseSavedSearch(c.body, name)
	if err != nil {
		return err
	}
	p, err := c.savedProject(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.searches[name] == nil {
		return savedSearchNotExist()
	}
	p.searches[name] = search
	return c.empty()
}

func (c *call) deleteSavedSearch() error {
	name := c.path["s"]
	p, err := c.savedProject(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.searches[name] == nil {
		return savedSearchNotExist()
	}
	delete(p.searches, name)
	return c.empty()
}

func (c *call) getSavedSearch() error {
	p, err := c.savedProject(c.path["s"])
	if err != nil {
		return err
	}
	p.mu.RLock()
	search := p.searches[c.path["s"]]
	p.mu.RUnlock()
	if search == nil {
		return savedSearchNotExist()
	}
	return c.reply(search)
}

// listSavedSearches answers a page of names. The Go SDK sends the parameters as headers.
func (c *call) listSavedSearches() error {
	for _, name := range []string{"offset", "size", "savedsearchName"} {
		if v := c.r.Header.Get(name); v != "" && !c.query.Has(name) {
			c.query.Set(name, v)
		}
	}
	offset, size, err := c.page(100)
	if err != nil {
		return err
	}
	p, err := c.savedProject("*")
	if err != nil {
		return err
	}
	type item struct {
		Name    string `json:"savedsearchName"`
		Display string `json:"displayName"`
	}
	all := []item{}
	p.mu.RLock()
	for name, search := range p.searches {
		if strings.Contains(name, c.query.Get("savedsearchName")) {
			all = append(all, item{name, search.text("displayName")})
		}
	}
	p.mu.RUnlock()
	slices.SortFunc(all, func(a, b item) int { return strings.Compare(a.Name, b.Name) })
	part := all[min(offset, len(all)):min(offset+size, len(all))]
	names := make([]string, len(part))
	for i := range part {
		names[i] = part[i].Name
	}
	return c.reply(map[string]any{"count": len(part), "total": len(all), "savedsearches": names, "savedsearchItems": part})
}
