package soc

import (
	"time"

	"github.com/google/uuid"
)

// Level is how severe an alert or incident is: 5 critical, 4 high, 3 medium, 2 low, 1 informational.
type Level int

// The levels, with Sigma's names.
const (
	Informational Level = 1 + iota
	Low
	Medium
	High
	Critical
)

// String returns Sigma's name of the level.
func (l Level) String() string {
	if l < Informational || l > Critical {
		return "unknown"
	}
	return [...]string{"informational", "low", "medium", "high", "critical"}[l-1]
}

// ParseLevel is the inverse of [Level.String]; an unknown or empty name is [Medium], as Sigma leaves it open.
func ParseLevel(name string) Level {
	for l := Informational; l <= Critical; l++ {
		if l.String() == name {
			return l
		}
	}
	return Medium
}

// EntityType says what an entity is.
type EntityType string

// The types of entities.
const (
	EntityIP        EntityType = "ip"
	EntityAccessKey EntityType = "access_key" // long-term or temporary (STS.) key id
	EntityUser      EntityType = "user"
	EntityRole      EntityType = "role"
	EntityBucket    EntityType = "bucket"
	EntityHost      EntityType = "host"
	EntityDomain    EntityType = "domain"
)

// Entity is somebody or something that an alert is about. Two entities are the same when type and value are the same;
// users, roles and hosts are only unique within their account, so for them the account counts too.
type Entity struct {
	Type    EntityType `json:"type"`
	Value   string     `json:"value"`
	Account string     `json:"account,omitempty"` // owner, where one is known
	Part    string     `json:"part,omitempty"`    // attacker, victim, or means; "" when unknown
}

// Key returns the identity of the entity as text.
func (e Entity) Key() string {
	switch e.Type {
	case EntityUser, EntityRole, EntityHost:
		return string(e.Type) + ":" + e.Account + ":" + e.Value
	default:
		return string(e.Type) + ":" + e.Value
	}
}

// Alert says that a rule fired on a record.
type Alert struct {
	ID         string            `json:"id"` // UUIDv5 of rule and record: writing it twice is writing it once
	RuleID     string            `json:"rule_id"`
	RuleTitle  string            `json:"rule_title"`
	RuleSet    string            `json:"rule_set"` // hash of the rule set that fired
	Level      Level             `json:"level"`
	Techniques []string          `json:"techniques,omitempty"` // ATT&CK ids, as T1078.004
	Account    string            `json:"account"`
	Region     string            `json:"region"`
	Template   string            `json:"template"`
	Record     RecordID          `json:"record"`
	EventTime  time.Time         `json:"event_time"` // when it happened, as the log tells
	WrittenAt  time.Time         `json:"written_at"` // time of the log in the member's Logstore, with nanoseconds where it has them
	ReadAt     time.Time         `json:"read_at"`    // when collect read it
	CreatedAt  time.Time         `json:"created_at"` // when the alert was written
	Late       bool              `json:"late"`       // arrived more than LateAfter behind its event time
	Entities   []Entity          `json:"entities,omitempty"`
	Evidence   map[string]string `json:"evidence,omitempty"` // the fields that the rule lists, as they stood in the record
}

// LateAfter is how far behind its event time a record may arrive before it is labelled late: ActionTrail's normal lag.
const LateAfter = 10 * time.Minute

var alertSpace = uuid.MustParse("6f1d9c2e-3a57-5b0e-9d6e-2f9a4d1c7b10")

// AlertID derives the id of the alert that a rule raises on a record.
func AlertID(ruleID string, record RecordID) string {
	return uuid.NewSHA1(alertSpace, []byte(ruleID+"\x00"+record.String())).String()
}
