package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/org"
)

// noteSlack is by how much a note may be older than the last look: it is written a moment before the change, and the clocks
// of two functions differ.
const noteSlack = time.Minute

// whoDelegated says who made a change of delegations, from the notes that the flows of the management account leave at the
// members in the directory, and who can tell where there is none. before is the entry of the trail before the change, ""
// for the first; seen is when it was written. A note counts when it is younger than that and tells of the same change.
func (h *handler) whoDelegated(ctx context.Context, before string, now delegations, seen time.Time) (actor, detail string) {
	unknown := "management account " + h.management
	parts := []string{"delegated administrators as Security Center shows them"}
	notes := h.delegationNotes(ctx)
	var actors []string
	changed := delegationChanges(before, now)
	for _, uid := range slices.Sorted(maps.Keys(changed)) {
		n, ok := notes[uid]
		if !ok || n.Change != changed[uid] || n.At.Before(seen.Add(-noteSlack)) {
			actors = append(actors, unknown)
			parts = append(parts, uid+" was "+changed[uid]+"; who did it stands in ActionTrail of account "+h.management)
			continue
		}
		actors = append(actors, org.Actor("delegate", n.By)+" in account "+h.management)
		parts = append(parts, uid+" was "+n.Change+" at "+n.At.UTC().Format(time.RFC3339)+" by execution "+n.Run+" of account "+h.management)
	}
	if len(actors) == 0 { // the first look of all, or the right to look was lost
		actors = []string{unknown}
		parts = append(parts, "who changed them stands in ActionTrail and in the flows of account "+h.management)
	}
	slices.Sort(actors)
	return strings.Join(slices.Compact(actors), "; "), strings.Join(parts, "; ")
}

// delegationNotes are the notes in the directory, by member. Who may not look has none.
func (h *handler) delegationNotes(ctx context.Context) map[string]org.DelegationNote {
	out := map[string]org.DelegationNote{}
	members, err := h.directoryMembers(ctx)
	if err != nil {
		return out // the entry is written all the same, without who
	}
	for _, m := range members {
		if n, ok := org.ReadDelegationNote(m.Tags); ok {
			out[m.UID] = n
		}
	}
	return out
}

// delegationChanges are the accounts whose delegation changed, with what became of it. Nothing is known while one of the
// two looks was denied, but for who is seen now after it.
func delegationChanges(before string, now delegations) map[string]string {
	out := map[string]string{}
	var was delegations
	if now.Denied || before != "" && json.Unmarshal([]byte(before), &was) != nil {
		return out
	}
	for _, p := range []struct{ was, now []string }{{was.Security, now.Security}, {was.Analysis, now.Analysis}} {
		for _, uid := range p.now {
			if !slices.Contains(p.was, uid) {
				out[uid] = org.Designated
			}
		}
		for _, uid := range p.was {
			if !slices.Contains(p.now, uid) {
				out[uid] = org.Undesignated
			}
		}
	}
	return out
}
