package products

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// The states of an alert event (EventStatus of DescribeSuspEvents).
const (
	statusPending       = 1
	statusIgnored       = 2
	statusFalsePositive = 8
	statusHandled       = 32
)

// SuspEvent is an alert event of Security Center.
type SuspEvent struct {
	ID         int64
	Name       string // such as WEBSHELL
	Type       string // such as 网站后门
	Level      string // serious, suspicious, remind
	UUID       string // of the server in Security Center
	InstanceID string
	InternetIP string
	IntranetIP string
	Status     int
	Time       time.Time // of the first occurrence
	Handled    *Handled  // nil as long as nobody handled it
}

// Handled is what HandleSecurityEvents did to an event.
type Handled struct {
	Operation string // OperationCode
	Params    string // OperationParams, JSON
	TaskID    int64
	Time      time.Time
}

// SeedSuspEvent gives an account an alert event that is pending.
func (s *Service) SeedSuspEvent(account string, e SuspEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.Status, e.Handled = statusPending, nil
	if e.Time.IsZero() {
		e.Time = s.clock()
	}
	s.events[account] = append(s.events[account], &e)
}

// SuspEvents returns the alert events of an account in the order in which they were made.
func (s *Service) SuspEvents(account string) []SuspEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []SuspEvent
	for _, e := range s.events[account] {
		out = append(out, *e)
	}
	return out
}

func (s *Service) sasOperations() map[string]gateway.Operation {
	locked := func(h handler) handler {
		return func(c *gateway.Call) (any, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return h(c)
		}
	}
	return operations("yundun-sas", map[string]handler{"HandleSecurityEvents": locked(s.handleEvents), "DescribeSuspEvents": locked(s.describeEvents)})
}

// outcomes are the operation codes and the state that an event has afterwards.
//
// Assumption: every operation succeeds at once, and all that are not ignoring or allowing leave an event handled.
var outcomes = map[string]int{
	"ignore": statusIgnored, "advance_mark_mis_info": statusFalsePositive,
	"block_ip": statusHandled, "kill_process": statusHandled, "quara": statusHandled, "kill_and_quara": statusHandled, "cleanup": statusHandled,
	"manual_handled": statusHandled, "disable_malicious_defense": statusHandled, "client_problem_check": statusHandled,
}

// subOperations are those of kill_and_quara.
var subOperations = []string{
	"quaraFileByMd5andPath", "killAndQuaraFileByPidAndMd5andPath", "killByMd5andPath", "killAndQuaraFileByMd5andPath",
	"killProcessByPidandPathandCmdline", "killContainerProcessByMd5AndPath",
}

func (s *Service) handleEvents(c *gateway.Call) (any, error) {
	code := c.Get("OperationCode")
	status, ok := outcomes[code]
	switch {
	case code == "":
		return nil, missing("OperationCode")
	case !ok:
		return nil, invalid("OperationCode", "The operation %s is unknown.", code)
	}
	if err := s.checkOperation(code, c.Get("OperationParams")); err != nil {
		return nil, err
	}
	ids := repeated(c, "SecurityEventIds")
	if len(ids) == 0 {
		return nil, missing("SecurityEventIds")
	}
	var events []*SuspEvent
	for _, id := range ids {
		i := slices.IndexFunc(s.events[c.Caller.AccountID], func(e *SuspEvent) bool { return strconv.FormatInt(e.ID, 10) == id })
		if i < 0 {
			return nil, invalid("SecurityEventIds", "The account has no event %s.", id)
		}
		events = append(events, s.events[c.Caller.AccountID][i])
	}
	task := s.newID()
	for _, e := range events {
		e.Status, e.Handled = status, &Handled{code, c.Get("OperationParams"), task, s.clock()}
	}
	return object{"HandleSecurityEventsResponse": object{"TaskId": task}}, nil
}

// checkOperation checks OperationParams, which two operations need.
func (s *Service) checkOperation(code, params string) error {
	if code != "block_ip" && code != "kill_and_quara" {
		return nil
	}
	var p struct {
		ExpireTime   int64  `json:"expireTime"` // milliseconds
		SubOperation string `json:"subOperation"`
	}
	if params == "" {
		return missing("OperationParams")
	}
	if err := json.Unmarshal([]byte(params), &p); err != nil {
		return invalid("OperationParams", "The parameters are no JSON object.")
	}
	if code == "block_ip" && !time.UnixMilli(p.ExpireTime).After(s.clock()) {
		return invalid("OperationParams", "expireTime is a time to come, in milliseconds.")
	}
	if code == "kill_and_quara" && !slices.Contains(subOperations, p.SubOperation) {
		return invalid("OperationParams", "subOperation is one of %s.", strings.Join(subOperations, ", "))
	}
	return nil
}

// describeEvents lists alert events, newest first. Filters that the emulator does not know are refused: an answer that
// ignores them would be wrong.
func (s *Service) describeEvents(c *gateway.Call) (any, error) {
	for _, name := range []string{"GroupId", "ClusterId", "ContainerFieldName", "TacticId", "OperateErrorCodeList.1", "OperateTimeStart", "OperateTimeEnd", "TimeStart", "TimeEnd"} {
		if c.Get(name) != "" {
			return nil, invalid(name, "The emulator does not filter by %s.", name)
		}
	}
	number, size, err := page(c, "CurrentPage", "PageSize")
	if err != nil {
		return nil, err
	}
	var list []*SuspEvent
	for _, e := range slices.Backward(s.events[c.Caller.AccountID]) {
		if e.fits(c) {
			list = append(list, e)
		}
	}
	out := []object{}
	for _, e := range cut(list, number, size) {
		out = append(out, e.view())
	}
	return object{"CurrentPage": number, "PageSize": size, "TotalCount": len(list), "Count": len(out), "SuspEvents": out}, nil
}

func (e *SuspEvent) fits(c *gateway.Call) bool {
	dealt := map[bool]string{true: "Y", false: "N"}[e.Status != statusPending]
	among := func(name, value string) bool {
		text := c.Get(name)
		return text == "" || slices.Contains(strings.Split(text, ","), value)
	}
	return among("Levels", e.Level) && among("Uuids", e.UUID) && among("EventNames", e.Name) && among("ParentEventTypes", e.Type) &&
		matches(c.Get("Dealed"), dealt) && matches(strings.TrimPrefix(c.Get("Status"), "0"), strconv.Itoa(e.Status)) &&
		matches(c.Get("Id"), strconv.FormatInt(e.ID, 10)) && matches(c.Get("Name"), e.InstanceID) && matches(c.Get("UniqueInfo"), e.unique()) &&
		(c.Get("Remark") == "" || strings.Contains(e.Name+" "+e.InstanceID+" "+e.InternetIP+" "+e.IntranetIP, c.Get("Remark")))
}

func (e *SuspEvent) unique() string { return "event-" + strconv.FormatInt(e.ID, 10) }

// local is the form of times of Security Center.
const local = "2006-01-02 15:04:05"

func (e *SuspEvent) view() object {
	china := time.FixedZone("UTC+8", 8*3600)
	o := object{
		"Id": e.ID, "SecurityEventIds": strconv.FormatInt(e.ID, 10), "UniqueInfo": e.unique(), "AlarmUniqueInfo": e.unique(),
		"AlarmEventName": e.Name, "AlarmEventType": e.Type, "Name": e.Name, "Level": e.Level, "EventStatus": e.Status, "Uuid": e.UUID, "InstanceId": e.InstanceID,
		"InstanceName": e.InstanceID, "InternetIp": e.InternetIP, "IntranetIp": e.IntranetIP, "CanBeDealOnLine": e.Status == statusPending,
		"OccurrenceTime": e.Time.In(china).Format(local), "OccurrenceTimeStamp": e.Time.UnixMilli(), "LastTime": e.Time.In(china).Format(local), "LastTimeStamp": e.Time.UnixMilli(),
	}
	if h := e.Handled; h != nil {
		o["OperateErrorCode"], o["OperateMsg"], o["OperateTime"] = h.Operation+".success", "success", h.Time.UnixMilli()
	}
	return o
}
