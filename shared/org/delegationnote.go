package org

import (
	"strings"
	"time"
)

// DelegationNote says who changed the delegation of a member, when and by which run. The function delegate leaves it as
// tags of the member in the directory, which only the management account can write: the administrator reads it there with
// the right that it has anyway, so that neither account gets a way into the other for the sake of a log.
type DelegationNote struct {
	Change string // Designated or Undesignated
	At     time.Time
	Run    string // execution of the flow in the management account; may be ""
	By     string // who asked, as the input of the flow says; may be ""
}

// What a note tells of.
const (
	Designated   = "designated"
	Undesignated = "removed"
)

// The keys of the tags. A scope document had better not choose by them.
const (
	noteKey   = "fenghuo-delegation"
	noteByKey = "fenghuo-delegation-by"
)

// maxTag is the longest value of a tag, in characters; bytes are counted here. A value must not begin with "acs:" and
// hold no address of the web (TagResources of Resource Management).
const maxTag = 128

// Tags are the note as tags.
func (n DelegationNote) Tags() []Tag {
	by := "nobody named"
	if s := Stated(n.By); s != "" {
		by = "by " + s
	}
	return []Tag{
		{noteKey, cutTag(n.Change + " " + n.At.UTC().Format(time.RFC3339) + " " + Stated(n.Run))},
		{noteByKey, cutTag(by)},
	}
}

func cutTag(s string) string {
	s = strings.ReplaceAll(s, "://", " ")
	return strings.TrimSpace(strings.ToValidUTF8(s[:min(len(s), maxTag)], ""))
}

// ReadDelegationNote finds the note among the tags of a member; ok is false when there is none that can be read.
func ReadDelegationNote(tags []Tag) (n DelegationNote, ok bool) {
	for _, t := range tags {
		switch t.Key {
		case noteKey:
			part := strings.SplitN(t.Value, " ", 3)
			if len(part) < 2 || part[0] != Designated && part[0] != Undesignated {
				continue
			}
			at, err := time.Parse(time.RFC3339, part[1])
			if err != nil {
				continue
			}
			n.Change, n.At, ok = part[0], at, true
			if len(part) == 3 {
				n.Run = Stated(part[2])
			}
		case noteByKey:
			if by, is := strings.CutPrefix(t.Value, "by "); is {
				n.By = Stated(by)
			}
		}
	}
	return n, ok
}
