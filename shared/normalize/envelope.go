package normalize

import (
	"strconv"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Field is a name and a value of a normalised record.
type Field struct{ Key, Value string }

// Envelope returns the fields that all archived records have in common, in a fixed order. The product's own fields are
// kept next to it under their names (the mode "flat"), so nothing is packed. Administrator is the uid of the delegated
// administrator, index the place of the log in its LogGroup, written the time of the log.
func (r *Record) Envelope(origin soc.Origin, administrator string, index int, written time.Time) []Field {
	start, ok := r.EventTime()
	if !ok {
		start = written
	}
	end, ok := r.unix("end_time")
	if !ok || end.Before(start) {
		end = start
	}
	id := cut([]byte(r.identity()), 128)
	if id == "" {
		id = origin.Record(index).String()
	}
	return []Field{
		{"schema", r.schema()},
		{"start_time", strconv.FormatInt(start.Unix(), 10)},
		{"end_time", strconv.FormatInt(end.Unix(), 10)},
		{"vendor_id", "alibaba_cloud"},
		{"product_id", r.template.Product},
		{"log_code", r.template.ID},
		{"main_user_id", administrator},
		{"user_id", origin.Account},
		{"region_id", origin.Region},
		{"log_uuid", id},
		{"raw_project", origin.Project},
		{"raw_logstore", origin.Logstore},
	}
}

// identity returns the product's own id of the record, or "" if it has none.
func (r *Record) identity() string {
	if r.template.ids == "" {
		return ""
	}
	return r.Text(r.template.ids)
}

// schema names the structure of the record.
//
// Assumption: HTTP_ACTIVITY, NETWORK_SESSION_ACTIVITY, PROCESS_START_ACTIVITY and EDR_ALERT_ACTIVITY are published ids; those of the
// other structures are unknown and made after the same pattern from the names of the structures.
func (r *Record) schema() string {
	switch r.template.Source.Service {
	case "waf":
		return "HTTP_ACTIVITY"
	case "cloudfirewall":
		return "NETWORK_SESSION_ACTIVITY"
	case "actiontrail":
		return "CLOUD_OPERATION_ACTIVITY"
	case "oss":
		return "OBJECT_STORAGE_ACTIVITY"
	}
	switch string(r.topic) {
	case "aegis-log-process":
		return "PROCESS_START_ACTIVITY"
	case "sas-security-log":
		return "EDR_ALERT_ACTIVITY"
	case "aegis-log-login":
		return "HOST_LOGIN_ACTIVITY"
	default:
		return "HOST_ACTIVITY"
	}
}
