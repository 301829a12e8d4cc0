package org

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// RoleReader is the part of [RAM] that reads.
type RoleReader interface {
	Trust(ctx context.Context, role string) (document string, err error)
	PolicyDocument(ctx context.Context, policy string) (document string, err error)
	Attachments(ctx context.Context, role string) ([]Attachment, error)
}

// Compare reads roles back and changes nothing, as [Verify] does for a member. It goes on after an error; the errors are
// joined.
func Compare(ctx context.Context, ram RoleReader, roles []Role) ([]soc.RoleState, error) {
	var w walk
	for _, r := range roles {
		var differs []string
		w.add(r.Name, func() (string, error) { return compare(ctx, ram, r, &differs) })
		w.states[len(w.states)-1].Differs = differs
	}
	return w.states, errors.Join(w.errs...)
}

func compare(ctx context.Context, ram RoleReader, r Role, differs *[]string) (string, error) {
	d, err := inspect(ctx, ram, r)
	if err == nil && d.any() {
		*differs = d.words()
		return RoleDrifted, nil
	}
	return missingOr(RoleUnchanged, err)
}

// drift is how an existing role differs from what it should be.
type drift struct {
	trust    bool
	external bool     // the trust differs, and only in the external id
	missing  []Policy // custom policy does not exist
	changed  []Policy // its document differs
	detached []Policy // not on the role
	foreign  []Attachment
}

func (d drift) any() bool {
	return d.trust || len(d.missing)+len(d.changed)+len(d.detached)+len(d.foreign) > 0
}

func inspect(ctx context.Context, ram RoleReader, r Role) (drift, error) {
	var d drift
	trust, err := ram.Trust(ctx, r.Name)
	if err != nil {
		return d, err
	}
	d.trust = !sameDocument(trust, r.Trust)
	d.external = d.trust && sameButExternalID(trust, r.Trust)
	on, err := ram.Attachments(ctx, r.Name)
	if err != nil {
		return d, err
	}
	for _, p := range r.Policies {
		doc, err := ram.PolicyDocument(ctx, p.Name)
		switch {
		case soc.KindOf(err) == soc.NotFound:
			d.missing = append(d.missing, p)
		case err != nil:
			return d, err
		case !sameDocument(doc, p.Document):
			d.changed = append(d.changed, p)
		}
		if !slices.Contains(on, Attachment{p.Name, customPolicy}) {
			d.detached = append(d.detached, p)
		}
	}
	for _, a := range on {
		ours := a.Type == customPolicy && slices.ContainsFunc(r.Policies, func(p Policy) bool { return p.Name == a.Name })
		if !ours {
			d.foreign = append(d.foreign, a)
		}
	}
	return d, nil
}

// words are the differences as [soc.RoleState] lists them.
func (d drift) words() []string {
	var out []string
	switch {
	case d.external:
		out = append(out, "external_id")
	case d.trust:
		out = append(out, "trust")
	}
	for _, part := range []struct {
		word string
		list []Policy
	}{{"policy_missing", d.missing}, {"policy_changed", d.changed}, {"policy_detached", d.detached}} {
		for _, p := range part.list {
			out = append(out, part.word+":"+p.Name)
		}
	}
	for _, a := range d.foreign {
		out = append(out, "policy_foreign:"+a.Name)
	}
	return out
}

// sameButExternalID tells whether two trust policies mean the same once their external ids are blanked. One that asks for
// none is another trust, not another id.
func sameButExternalID(a, b string) bool {
	ba, ok1 := blankExternalID(a)
	bb, ok2 := blankExternalID(b)
	return ok1 && ok2 && sameDocument(ba, bb)
}

func blankExternalID(document string) (blank string, ok bool) {
	var d map[string]any
	if json.Unmarshal([]byte(document), &d) != nil {
		return "", false
	}
	list, _ := d["Statement"].([]any)
	for _, s := range list {
		statement, _ := s.(map[string]any)
		condition, _ := statement["Condition"].(map[string]any)
		if keys, _ := condition["StringEquals"].(map[string]any); keys["sts:ExternalId"] != nil {
			keys["sts:ExternalId"], ok = "", true
		}
	}
	b, err := json.Marshal(d)
	return string(b), ok && err == nil
}
