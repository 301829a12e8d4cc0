package org

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Scope is the scope document of one site: which members are monitored, where playbooks may act, and what becomes of
// accounts that join the directory later. It can be kept in git, planned and applied.
type Scope struct {
	Version     int       `json:"version" yaml:"version"` // 1
	Site        string    `json:"site" yaml:"site"`       // cn or intl; each site is a deployment of its own
	Include     Selection `json:"include" yaml:"include"`
	Exclude     Selection `json:"exclude" yaml:"exclude"`           // wins over include
	Response    Selection `json:"response" yaml:"response"`         // where the responder role is made
	NewAccounts string    `json:"new_accounts" yaml:"new_accounts"` // join or ignore; "" is ignore
}

// Selection chooses members. An account is chosen when any part chooses it.
type Selection struct {
	All      bool     `json:"all,omitempty" yaml:"all"`
	Accounts []string `json:"accounts,omitempty" yaml:"accounts"` // uids
	Folders  []string `json:"folders,omitempty" yaml:"folders"`   // ids of folders, with everything below; the root's id is everything
	Tags     []Tag    `json:"tags,omitempty" yaml:"tags"`
}

// Tag is a tag of a member. An empty value chooses every value.
type Tag struct {
	Key   string `json:"key" yaml:"key"`
	Value string `json:"value,omitempty" yaml:"value"`
}

// What becomes of accounts that are chosen by the document and joined the directory after it was applied.
const (
	NewJoin   = "join"
	NewIgnore = "ignore"
)

// DirectoryMember is a member as the directory lists it.
type DirectoryMember struct {
	UID, Name, Status string
	Path              string // ids from the directory to the account, as rd-x/r-x/fd-x/<uid>
	Tags              []Tag
	Closing           bool // the account is being closed
}

// Available tells whether the SOC can work in the member: it is neither being closed nor changing its type.
func (m DirectoryMember) Available() bool { return Settled(m.Status) && !m.Closing }

// maxDocument is the largest scope document that is read: 2,000 uids take some 40 KB.
const maxDocument = 256 << 10

// ParseScope reads a scope document, YAML or JSON. Unknown fields are refused, so that a misspelled exclusion never
// passes. Its error is of kind Invalid.
func ParseScope(body []byte) (Scope, error) {
	var s Scope
	if len(body) > maxDocument {
		return s, badScope(fmt.Errorf("it has %d bytes, the most is %d", len(body), maxDocument))
	}
	d := yaml.NewDecoder(bytes.NewReader(body))
	d.KnownFields(true)
	if err := d.Decode(&s); err != nil {
		return s, badScope(errors.New(strings.TrimPrefix(err.Error(), "yaml: ")))
	}
	if err := d.Decode(new(any)); err == nil {
		return s, badScope(errors.New("it holds more than one document"))
	}
	if s.NewAccounts == "" {
		s.NewAccounts = NewIgnore
	}
	return s, s.check()
}

func badScope(err error) error {
	return &soc.Error{Kind: soc.Invalid, Op: "read scope document", Err: err, Next: "compare the document with docs/scope.md"}
}

var folderID = regexp.MustCompile(`^(fd|r)-[A-Za-z0-9]+$`)

func (s Scope) check() error {
	switch {
	case s.Version != 1:
		return badScope(fmt.Errorf("version is %d, want 1", s.Version))
	case s.Site != "cn" && s.Site != "intl":
		return badScope(fmt.Errorf("site is %q, want cn or intl", s.Site))
	case s.NewAccounts != NewJoin && s.NewAccounts != NewIgnore:
		return badScope(fmt.Errorf("new_accounts is %q, want join or ignore", s.NewAccounts))
	case s.Include.empty():
		return badScope(errors.New("include chooses nothing; a document that empties the scope is not applied"))
	}
	for name, sel := range map[string]Selection{"include": s.Include, "exclude": s.Exclude, "response": s.Response} {
		if err := sel.check(); err != nil {
			return badScope(fmt.Errorf("%s: %w", name, err))
		}
	}
	return nil
}

func (s Selection) empty() bool {
	return !s.All && len(s.Accounts)+len(s.Folders)+len(s.Tags) == 0
}

func (s Selection) check() error {
	seen := map[string]bool{}
	for _, uid := range s.Accounts {
		if !ValidUID(uid) {
			return fmt.Errorf("%q is not an account id: write 16 digits in quotes", uid)
		}
		if seen[uid] {
			return fmt.Errorf("account %s is named twice", uid)
		}
		seen[uid] = true
	}
	for _, f := range s.Folders {
		if !folderID.MatchString(f) {
			return fmt.Errorf("%q is not the id of a folder, as fd-bVaRIG****", f)
		}
	}
	for _, t := range s.Tags {
		if t.Key == "" {
			return errors.New("a tag has no key")
		}
	}
	return nil
}

// Chooses tells whether the selection chooses a member.
func (s Selection) Chooses(m DirectoryMember) bool {
	if s.All || slices.Contains(s.Accounts, m.UID) {
		return true
	}
	if len(s.Folders) > 0 {
		for _, id := range strings.Split(m.Path, "/") {
			if slices.Contains(s.Folders, id) {
				return true
			}
		}
	}
	return slices.ContainsFunc(s.Tags, func(want Tag) bool {
		return slices.ContainsFunc(m.Tags, func(t Tag) bool { return t.Key == want.Key && (want.Value == "" || t.Value == want.Value) })
	})
}

// Covers tells whether the document takes a member into scope.
func (s Scope) Covers(m DirectoryMember) bool { return s.Include.Chooses(m) && !s.Exclude.Chooses(m) }

// JSON is the document in one form for all documents that mean the same order of fields.
func (s Scope) JSON() json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		panic("org: " + err.Error()) // texts, a number and a flag
	}
	return b
}
