package ros

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

type view = map[string]any

var stackName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,254}$`)

func (s *Service) handleCreate(ctx context.Context, c *gateway.Call) (any, error) {
	name := c.Get("StackName")
	switch {
	case name == "":
		return nil, missing("StackName")
	case !stackName.MatchString(name):
		return nil, invalid("StackName", "the name starts with a letter and has at most 255 letters, digits, - and _")
	case c.Get("RegionId") == "":
		return nil, missing("RegionId")
	}
	body, err := templateBody(c)
	if err != nil {
		return nil, err
	}
	if body == "" {
		return nil, missing("TemplateBody")
	}
	st := &stack{
		name: name, account: c.Caller.AccountID, region: c.Get("RegionId"), created: s.o.Clock(), busy: "CREATE",
		status: "CREATE_IN_PROGRESS", disableRollback: c.Get("DisableRollback") == "true", body: body,
	}
	if err := s.add(st); err != nil {
		return nil, err
	}
	p, err := prepare(body, readParameters(c), st)
	if err != nil {
		s.drop(st)
		return nil, asAPI(err)
	}
	st.params = p.params
	work := *st
	s.create(ctx, s.env(c), &work, p)
	s.finish(st, &work)
	return view{"StackId": st.id}, nil
}

// add gives the stack an id and makes it visible; the name must be free in account and region.
func (s *Service) add(st *stack) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.stacks {
		if other.name == st.name && other.account == st.account && other.region == st.region && other.status != "DELETE_COMPLETE" {
			return stackExists(st.name)
		}
	}
	st.id = s.newID(st.account, st.name)
	s.stacks[st.id] = st
	return nil
}

func (s *Service) drop(st *stack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.stacks, st.id)
}

// begin reserves an idle stack for an action and returns a copy to work on.
func (s *Service) begin(c *gateway.Call, action string) (st *stack, work stack, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err = s.find(c)
	if err != nil {
		return nil, stack{}, err
	}
	if st.busy != "" {
		return nil, stack{}, actionInProgress(st.name, st.busy)
	}
	if st.status == "DELETE_COMPLETE" {
		return nil, stack{}, stackNotFound(st.id)
	}
	st.busy = action
	work = *st
	work.resources = nil
	for _, d := range st.resources {
		own := *d
		work.resources = append(work.resources, &own)
	}
	st.status = action + "_IN_PROGRESS"
	return st, work, nil
}

// finish publishes the result of an action.
func (s *Service) finish(st, work *stack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	work.busy, work.updated = "", s.o.Clock()
	*st = *work
}

// find is the stack of a call, in the caller's account and region. The caller holds the lock.
func (s *Service) find(c *gateway.Call) (*stack, error) {
	id := c.Get("StackId")
	if id == "" {
		return nil, missing("StackId")
	}
	st := s.stacks[id]
	if st == nil || st.account != c.Caller.AccountID || st.region != c.Get("RegionId") {
		return nil, stackNotFound(id)
	}
	return st, nil
}

func (s *Service) handleUpdate(ctx context.Context, c *gateway.Call) (any, error) {
	body, err := templateBody(c)
	if err != nil {
		return nil, err
	}
	if c.Get("ReplacementOption") == "Enabled" {
		return nil, invalid("ReplacementOption", "the emulator does not replace resources")
	}
	st, work, err := s.begin(c, "UPDATE")
	if err != nil {
		return nil, err
	}
	before := work
	p, err := s.prepareUpdate(c, &work, body)
	if err != nil {
		before.busy = ""
		s.mu.Lock()
		*st = before
		s.mu.Unlock()
		return nil, err
	}
	s.update(ctx, s.env(c), &work, p)
	s.finish(st, &work)
	return view{"StackId": st.id}, nil
}

func (s *Service) prepareUpdate(c *gateway.Call, work *stack, body string) (*plan, error) {
	if body == "" {
		body = work.body
	}
	given := readParameters(c)
	if c.Get("UsePreviousParameters") == "true" {
		if slices.ContainsFunc(work.params, func(p parameterValue) bool { return p.value == "******" && !hasKey(given, p.key) }) {
			return nil, invalid("UsePreviousParameters", "the emulator does not keep secret parameters, give them again")
		}
		for _, p := range work.params {
			if !hasKey(given, p.key) {
				given = append(given, p)
			}
		}
	}
	if v := c.Get("DisableRollback"); v != "" {
		work.disableRollback = v == "true"
	}
	p, err := prepare(body, given, work)
	if err != nil {
		return nil, asAPI(err)
	}
	return p, nil
}

func hasKey(list []parameterValue, key string) bool {
	return slices.ContainsFunc(list, func(p parameterValue) bool { return p.key == key })
}

func (s *Service) handleDelete(ctx context.Context, c *gateway.Call) (any, error) {
	st, work, err := s.begin(c, "DELETE")
	if err != nil {
		return nil, err
	}
	s.remove(ctx, s.env(c), &work, readList(c, "RetainResources"), c.Get("RetainAllResources") == "true")
	s.finish(st, &work)
	return nil, nil
}

func (s *Service) handleGet(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(c)
	if err != nil {
		return nil, err
	}
	v := st.view()
	params := []view{
		{"ParameterKey": "ALIYUN::AccountId", "ParameterValue": st.account},
		{"ParameterKey": "ALIYUN::Region", "ParameterValue": st.region},
		{"ParameterKey": "ALIYUN::StackId", "ParameterValue": st.id},
		{"ParameterKey": "ALIYUN::StackName", "ParameterValue": st.name},
	}
	for _, p := range st.params {
		params = append(params, view{"ParameterKey": p.key, "ParameterValue": p.value})
	}
	outputs := []view{}
	for _, o := range st.outputs {
		outputs = append(outputs, view{"OutputKey": o.key, "OutputValue": o.value, "Description": o.description})
	}
	v["Parameters"], v["Outputs"] = params, outputs
	return v, nil
}

func (st *stack) view() view {
	v := view{
		"StackId": st.id, "StackName": st.name, "RegionId": st.region, "Status": st.status, "StatusReason": st.reason,
		"DisableRollback": st.disableRollback, "CreateTime": iso(st.created),
	}
	if !st.updated.IsZero() {
		v["UpdateTime"] = iso(st.updated)
	}
	return v
}

// iso is a time as ROS writes it: seconds, without zone.
//
// Assumption: 2006-01-02T15:04:05 in UTC.
func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

// handleList lists stacks, newest first; StackName.N and Status.N filter. Deleted stacks are left out.
func (s *Service) handleList(_ context.Context, c *gateway.Call) (any, error) {
	number, err := c.Int("PageNumber", 1)
	size, err2 := c.Int("PageSize", 10)
	if err := cmp.Or(err, err2); err != nil {
		return nil, err
	}
	if number < 1 || number > 1_000_000 || size < 1 || size > 50 {
		return nil, invalid("PageSize", "the page number starts from 1 and the page size is 1 to 50")
	}
	names, states := readList(c, "StackName"), readList(c, "Status")
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*stack
	for _, st := range s.stacks {
		if st.account == c.Caller.AccountID && st.region == c.Get("RegionId") && st.status != "DELETE_COMPLETE" &&
			(len(names) == 0 || slices.Contains(names, st.name)) && (len(states) == 0 || slices.Contains(states, st.status)) {
			list = append(list, st)
		}
	}
	slices.SortFunc(list, func(a, b *stack) int { return cmp.Or(b.created.Compare(a.created), cmp.Compare(a.id, b.id)) })
	out := []view{}
	for _, st := range list[min((number-1)*size, len(list)):min(number*size, len(list))] {
		out = append(out, st.view())
	}
	return view{"Stacks": out, "TotalCount": len(list), "PageNumber": number, "PageSize": size}, nil
}

func (s *Service) handleResources(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(c)
	if err != nil {
		return nil, err
	}
	out := []view{}
	for _, d := range st.resources {
		out = append(out, view{
			"LogicalResourceId": d.logicalID, "PhysicalResourceId": d.physicalID, "ResourceType": d.kind,
			"Status": d.status, "StatusReason": d.reason, "StackId": st.id, "StackName": st.name, "UpdateTime": iso(d.changed),
		})
	}
	return view{"Resources": out}, nil
}

// handleTemplate answers the template of a stack as text.
func (s *Service) handleTemplate(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(c)
	if err != nil {
		return nil, err
	}
	return view{"TemplateBody": st.body}, nil
}

// Resource is one resource of a stack, for tests and for the console of the emulator.
type Resource struct{ Stack, Account, LogicalID, Type, PhysicalID, Status string }

// Resources lists the resources of all stacks of an account, sorted.
func (s *Service) Resources(account string) []Resource {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Resource
	for _, st := range s.stacks {
		for _, d := range st.resources {
			if st.account == account {
				out = append(out, Resource{st.name, st.account, d.logicalID, d.kind, d.physicalID, d.status})
			}
		}
	}
	slices.SortFunc(out, func(a, b Resource) int {
		return cmp.Or(cmp.Compare(a.Stack, b.Stack), cmp.Compare(a.LogicalID, b.LogicalID))
	})
	return out
}
