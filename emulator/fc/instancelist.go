package fc

import (
	"encoding/json"
	"slices"
	"strings"
)

// InstanceInfo is an instance as ListInstances shows it.
type InstanceInfo struct {
	InstanceID    string `json:"instanceId"`
	VersionID     string `json:"versionId"` // "0" for LATEST
	Qualifier     string `json:"qualifier"`
	Status        string `json:"status"`
	ResourceType  string `json:"resourceType"`
	CreatedTimeMs int64  `json:"createdTimeMs"`
}

// listInstances lists the instances that live. Those that were destroyed are not remembered.
//
// Assumption: the status is Running, the resource type CPU; the qualifier is the one that the instance was started for.
func (s *Service) listInstances(q *apiCall) (any, *Error) {
	var ids, states []string
	for name, dst := range map[string]*[]string{"instanceIds": &ids, "instanceStatus": &states} {
		if text := q.query.Get(name); text != "" {
			if err := json.Unmarshal([]byte(text), dst); err != nil {
				return nil, invalid("%s must be a JSON list of strings", name)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	list := []InstanceInfo{}
	for _, in := range f.allInstances() {
		info := InstanceInfo{
			InstanceID: in.id, VersionID: orDefault(in.rev.version, "0"), Qualifier: in.qualifier,
			Status: "Running", ResourceType: "CPU", CreatedTimeMs: in.created.UnixMilli(),
		}
		qualifier := q.query.Get("qualifier")
		if in.dead || qualifier != "" && qualifier != in.qualifier || len(ids) > 0 && !slices.Contains(ids, in.id) ||
			len(states) > 0 && !slices.Contains(states, info.Status) {
			continue
		}
		list = append(list, info)
	}
	slices.SortFunc(list, func(a, b InstanceInfo) int { return strings.Compare(a.InstanceID, b.InstanceID) })
	return map[string]any{"instances": list, "requestId": q.requestID}, nil
}
