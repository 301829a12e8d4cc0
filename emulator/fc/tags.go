package fc

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// resourceTypes are the names of the one kind of resource that has tags here (models of the official client).
var resourceTypes = []string{"function", "aliyun::fc::function", "aliyun::fc:function"}

// maxTags is how many tags a function may have (fc.md §4.4).
const maxTags = 20

// TagResource is one tag of one resource as ListTagResources shows it. Operations on tags and regions write their fields
// with a capital letter (models of the official client).
type TagResource struct {
	ResourceID   string `json:"ResourceId"` // ARN
	ResourceType string `json:"ResourceType"`
	TagKey       string `json:"TagKey"`
	TagValue     string `json:"TagValue"`
}

func checkTags(tags []Tag) *Error {
	seen := map[string]bool{}
	for _, t := range tags {
		lower := strings.ToLower(t.Key)
		switch {
		case t.Key == "" || len(t.Key) > 64 || strings.HasPrefix(lower, "aliyun") || strings.HasPrefix(lower, "acs:") ||
			strings.Contains(lower, "http://") || strings.Contains(lower, "https://"):
			return invalid("tag key %q: 1 to 64 characters, not aliyun or acs: at the start, no http:// or https://", t.Key)
		case len(t.Value) > 128:
			return invalid("the value of tag %s has more than 128 characters", t.Key)
		case seen[t.Key]:
			return invalid("tag key %q stands twice", t.Key)
		}
		seen[t.Key] = true
	}
	if len(tags) > maxTags {
		return errorf(http.StatusBadRequest, "LimitExceeded", "at most %d tags", maxTags)
	}
	return nil
}

// tagged needs s.mu. It finds the functions that a list of ARNs names; all must exist.
func (s *Service) tagged(q *apiCall, kind string, ids []string) ([]*function, *Error) {
	if !slices.Contains(resourceTypes, strings.ToLower(kind)) {
		return nil, invalid("resourceType %q is not offered by the emulator: use function", kind)
	}
	if len(ids) > 50 {
		return nil, invalid("resourceId names %d resources, at most 50 are allowed", len(ids))
	}
	var out []*function
	for _, id := range ids {
		m := functionTarget.FindStringSubmatch(id)
		if m == nil || m[4] != "" || m[1] != s.o.Region || m[2] != q.caller.AccountID {
			return nil, invalid("resourceId %q is not the ARN of a function of the account", id)
		}
		f := s.lookup(q.caller.AccountID, m[3])
		if f == nil {
			return nil, notFound("Function", m[3])
		}
		out = append(out, f)
	}
	return out, nil
}

// tagResources adds tags, or gives them other values; all or none of the functions get them.
func (s *Service) tagResources(q *apiCall) (any, *Error) {
	var in struct {
		ResourceType string   `json:"resourceType"`
		ResourceID   []string `json:"resourceId"`
		Tag          []Tag    `json:"tag"`
	}
	if err := strictJSON(q.body, &in); err != nil {
		return nil, invalid("%v", err)
	}
	if len(in.ResourceID) == 0 || len(in.Tag) == 0 {
		return nil, invalid("resourceId and tag are required")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fns, err := s.tagged(q, in.ResourceType, in.ResourceID)
	if err != nil {
		return nil, err
	}
	next := make([][]Tag, len(fns))
	for i, f := range fns {
		next[i] = slices.Clone(f.current.spec.Tags)
		for _, t := range in.Tag {
			if at := slices.IndexFunc(next[i], func(old Tag) bool { return old.Key == t.Key }); at >= 0 {
				next[i][at] = t
			} else {
				next[i] = append(next[i], t)
			}
		}
		if err := checkTags(next[i]); err != nil {
			return nil, err
		}
	}
	for i, f := range fns {
		f.current.spec.Tags = next[i] // tags belong to the function and not to the program: no instance is replaced
	}
	return nil, nil
}

// untagResources removes the tags that TagKey lists, or all with All=true.
func (s *Service) untagResources(q *apiCall) (any, *Error) {
	var ids, keys []string
	if err := queryLists(q, map[string]any{"ResourceId": &ids, "TagKey": &keys}); err != nil {
		return nil, err
	}
	all := q.query.Get("All") == "true"
	if len(ids) == 0 || len(keys) == 0 && !all {
		return nil, invalid("ResourceId, and TagKey or All, are required")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fns, err := s.tagged(q, q.query.Get("ResourceType"), ids)
	if err != nil {
		return nil, err
	}
	for _, f := range fns {
		f.current.spec.Tags = slices.DeleteFunc(slices.Clone(f.current.spec.Tags), func(t Tag) bool { return all || slices.Contains(keys, t.Key) })
	}
	return nil, nil
}

// listTagResources lists the tags of the functions that are named, or of all; a function must have every tag that is
// asked for.
func (s *Service) listTagResources(q *apiCall) (any, *Error) {
	var ids []string
	var want []struct {
		Key   string
		Value *string
	}
	if err := queryLists(q, map[string]any{"ResourceId": &ids, "Tag": &want}); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fns, err := s.tagged(q, q.query.Get("ResourceType"), ids)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		for _, f := range s.accountOf(q.caller.AccountID).functions {
			fns = append(fns, f)
		}
	}
	list := []TagResource{}
	for _, f := range fns {
		tags := f.current.spec.Tags
		for _, w := range want {
			if !slices.ContainsFunc(tags, func(t Tag) bool { return t.Key == w.Key && (w.Value == nil || t.Value == *w.Value) }) {
				tags = nil
			}
		}
		for _, t := range tags {
			list = append(list, TagResource{s.functionARN(f.account, f.name), "function", t.Key, t.Value})
		}
	}
	name := func(t TagResource) string { return t.ResourceID + " " + t.TagKey }
	slices.SortFunc(list, func(a, b TagResource) int { return strings.Compare(name(a), name(b)) })
	q.query.Set("limit", q.query.Get("Limit"))
	q.query.Set("nextToken", q.query.Get("NextToken"))
	page, next, err := paginate(q, list, name)
	return map[string]any{"TagResources": page, "NextToken": next, "RequestId": q.requestID}, err
}

// queryLists reads query parameters that hold JSON lists.
func queryLists(q *apiCall, lists map[string]any) *Error {
	for name, dst := range lists {
		if text := q.query.Get(name); text != "" {
			if err := json.Unmarshal([]byte(text), dst); err != nil {
				return invalid("%s must be a JSON list", name)
			}
		}
	}
	return nil
}

// describeRegions lists the one region of this cloud.
//
// Assumption: its local name is its id; the names of regions are not listed anywhere that was read.
func (s *Service) describeRegions(*apiCall) (any, *Error) {
	region := map[string]string{"RegionId": s.o.Region, "LocalName": s.o.Region}
	return map[string]any{"Regions": map[string]any{"Region": []any{region}}}, nil
}
