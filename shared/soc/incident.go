package soc

import (
	"time"

	"github.com/google/uuid"
)

// IncidentState is where the handling of an incident stands.
type IncidentState string

// The states of an incident.
const (
	IncidentNew       IncidentState = "new"
	IncidentHandling  IncidentState = "in_progress"
	IncidentContained IncidentState = "contained"
	IncidentClosed    IncidentState = "closed"
)

// Incident is a set of alerts that belong together; pages call it a security event.
type Incident struct {
	ID        string        `json:"id"`
	Title     string        `json:"title"`
	TitleZH   string        `json:"title_zh"`
	Level     Level         `json:"level"`
	State     IncidentState `json:"state"`
	Accounts  []string      `json:"accounts"`   // sorted uids
	Entities  []Entity      `json:"entities"`   // sorted by key
	Alerts    int           `json:"alerts"`     // number of alerts
	Rules     []string      `json:"rules"`      // sorted ids of the rules that fired
	FirstSeen time.Time     `json:"first_seen"` // earliest event time
	LastSeen  time.Time     `json:"last_seen"`
	OpenedAt  time.Time     `json:"opened_at"`
	UpdatedAt time.Time     `json:"updated_at"`
}

var incidentSpace = uuid.MustParse("0b8e5d1a-94c3-5c7d-8a51-7e3f20c6d9a4")

// IncidentID derives the id of an incident from the id of its first alert.
func IncidentID(firstAlert string) string {
	return uuid.NewSHA1(incidentSpace, []byte(firstAlert)).String()
}

// TimelineEntry is one line of what happened in an incident: alerts, responses and what people did, by time.
type TimelineEntry struct {
	At      time.Time `json:"at"`
	Account string    `json:"account,omitempty"`
	Kind    string    `json:"kind"` // alert, opened, state, response, task, approval, note
	Actor   string    `json:"actor,omitempty"`
	Text    string    `json:"text"`
	Level   Level     `json:"level,omitempty"`
	Ref     string    `json:"ref,omitempty"` // id of the alert, run or task
}
