package cloudflow

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// body is what an execution runs: that of the flow as it is, or of a version.
type body struct {
	def                        *Definition
	text, description, roleARN string
}

// version is a published state of a flow. It is immutable.
type version struct {
	body
	number      string
	description string
	created     time.Time
}

// alias leads to one version, or to two with weights.
type alias struct {
	name, description string
	routes            []routing
	created, modified time.Time
}

type routing struct {
	Version string
	Weight  int
}

// body finds what a qualifier means: nothing or LATEST is the flow as it is, a number a version, else an alias. The
// caller holds the lock.
//
// Assumption: a version keeps definition, description and role of the moment when it was published; versions are
// numbered from 1. The codes for what is not there are FlowVersionNotExists and FlowAliasNotExists, 404.
func (s *Service) body(f *flow, qualifier string) (body, *gateway.Error) {
	if qualifier == "" || qualifier == "LATEST" {
		return body{f.def, f.text, f.description, f.roleARN}, nil
	}
	if _, err := strconv.Atoi(qualifier); err != nil {
		a := f.aliases[qualifier]
		if a == nil {
			return body{}, gateway.Errorf(404, "FlowAliasNotExists", "Alias '%s' of flow '%s' does not exist", qualifier, f.name)
		}
		qualifier = a.routes[0].Version
		if len(a.routes) > 1 {
			weights := map[string]int{}
			for _, r := range a.routes {
				weights[r.Version] = r.Weight
			}
			qualifier = s.assume.PickVersion(weights)
		}
	}
	for _, v := range f.versions {
		if v.number == qualifier {
			return v.body, nil
		}
	}
	return body{}, gateway.Errorf(404, "FlowVersionNotExists", "Version '%s' of flow '%s' does not exist", qualifier, f.name)
}

func (v *version) view(f *flow) map[string]any {
	return map[string]any{"FlowName": f.name, "Version": v.number, "Description": v.description, "CreatedTime": stamp(v.created)}
}

// named takes the flow that a call names, under the lock, which unlock gives back.
func (s *Service) named(c *gateway.Call, alsoRequired ...string) (f *flow, unlock func(), err error) {
	if err := required(c, append([]string{"FlowName"}, alsoRequired...)...); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	f, gerr := s.flow(c.Caller.AccountID, c.Get("FlowName"))
	if gerr != nil {
		s.mu.Unlock()
		return nil, nil, gerr
	}
	return f, s.mu.Unlock, nil
}

func (s *Service) publishVersion(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c)
	if err != nil {
		return nil, err
	}
	defer unlock()
	f.lastVersion++
	v := &version{body: body{f.def, f.text, f.description, f.roleARN}, number: strconv.Itoa(f.lastVersion), description: c.Get("Description"), created: s.clock()}
	f.versions = append(f.versions, v)
	return v.view(f), nil
}

func (s *Service) listVersions(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var all []map[string]any
	for _, v := range slices.Backward(f.versions) {
		all = append(all, v.view(f))
	}
	return listed(c, "FlowVersions", all)
}

// deleteVersion deletes a version that no alias leads to.
//
// Assumption: one that an alias leads to is 412 PreconditionFailed.
func (s *Service) deleteVersion(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c, "FlowVersion")
	if err != nil {
		return nil, err
	}
	defer unlock()
	n := c.Get("FlowVersion")
	if i := slices.IndexFunc(f.versions, func(v *version) bool { return v.number == n }); i >= 0 {
		for _, a := range f.aliases {
			if slices.ContainsFunc(a.routes, func(r routing) bool { return r.Version == n }) {
				return nil, gateway.Errorf(412, "PreconditionFailed", "Alias '%s' leads to version '%s'", a.name, n)
			}
		}
		f.versions = slices.Delete(f.versions, i, i+1)
		return nil, nil
	}
	_, gerr := s.body(f, n)
	return nil, gerr
}

func (a *alias) view() map[string]any {
	return map[string]any{
		"Name": a.name, "Description": a.description, "RoutingConfigurations": a.routes,
		"CreatedTime": stamp(a.created), "LastModifiedTime": stamp(a.modified),
	}
}

// routes reads RoutingConfigurations: one or two versions that exist.
//
// Assumption: the weights of two versions are 0 to 100 and sum up to 100.
func (f *flow) routes(text string) ([]routing, error) {
	var list []routing
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) < 1 || len(list) > 2 {
		return nil, invalid(`RoutingConfigurations is a JSON list of one or two {"Version": "1", "Weight": 100}`)
	}
	sum := 0
	for _, r := range list {
		if !slices.ContainsFunc(f.versions, func(v *version) bool { return v.number == r.Version }) {
			return nil, gateway.Errorf(404, "FlowVersionNotExists", "Version '%s' of flow '%s' does not exist", r.Version, f.name)
		}
		if r.Weight < 0 || r.Weight > 100 {
			return nil, invalid("a Weight is 0 to 100")
		}
		sum += r.Weight
	}
	if len(list) == 2 && (sum != 100 || list[0].Version == list[1].Version) {
		return nil, invalid("two versions must differ, and their weights must sum up to 100")
	}
	return list, nil
}

// createAlias makes an alias. Assumption: a name that is taken is 409 FlowAliasAlreadyExists; names follow the rule for
// flows and are neither numbers nor LATEST.
func (s *Service) createAlias(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c, "Name", "RoutingConfigurations")
	if err != nil {
		return nil, err
	}
	defer unlock()
	name := c.Get("Name")
	if !nameRule.MatchString(name) || name == "LATEST" {
		return nil, invalid("alias name %q: a letter or _ first, then letters, digits, _ and -, at most 128, and not LATEST", name)
	}
	if f.aliases[name] != nil {
		return nil, gateway.Errorf(409, "FlowAliasAlreadyExists", "Alias '%s' already exists", name)
	}
	list, err := f.routes(c.Get("RoutingConfigurations"))
	if err != nil {
		return nil, err
	}
	now := s.clock()
	f.aliases[name] = &alias{name, c.Get("Description"), list, now, now}
	return f.aliases[name].view(), nil
}

func (f *flow) alias(name string) (*alias, error) {
	if a := f.aliases[name]; a != nil {
		return a, nil
	}
	return nil, gateway.Errorf(404, "FlowAliasNotExists", "Alias '%s' of flow '%s' does not exist", name, f.name)
}

func (s *Service) updateAlias(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c, "Name")
	if err != nil {
		return nil, err
	}
	defer unlock()
	a, err := f.alias(c.Get("Name"))
	if err != nil {
		return nil, err
	}
	if text := c.Get("RoutingConfigurations"); text != "" {
		if a.routes, err = f.routes(text); err != nil {
			return nil, err
		}
	}
	if v := c.Get("Description"); v != "" {
		a.description = v
	}
	a.modified = s.clock()
	return a.view(), nil
}

func (s *Service) describeAlias(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c, "Name")
	if err != nil {
		return nil, err
	}
	defer unlock()
	a, err := f.alias(c.Get("Name"))
	if err != nil {
		return nil, err
	}
	return a.view(), nil
}

func (s *Service) deleteAlias(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c, "Name")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := f.alias(c.Get("Name")); err != nil {
		return nil, err
	}
	delete(f.aliases, c.Get("Name"))
	return nil, nil
}

func (s *Service) listAliases(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var all []map[string]any
	for _, name := range slices.Sorted(maps.Keys(f.aliases)) {
		all = append(all, f.aliases[name].view())
	}
	return listed(c, "FlowAliases", all)
}

// listed cuts one page.
func listed(c *gateway.Call, name string, all []map[string]any) (any, error) {
	limit, err := limitOf(c, 60, 1000)
	if err != nil {
		return nil, err
	}
	views, next := page(all, c.Get("NextToken"), limit)
	return listAnswer(name, views, next), nil
}

// environment is what Environment holds. It is kept and shown; the expression that reads it is not documented.
type environment struct {
	Variables []struct {
		Name, Value string
		Description string `json:",omitempty"`
	}
}

func parseEnvironment(text string) (*environment, *gateway.Error) {
	if text == "" {
		return nil, nil
	}
	var e environment
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return nil, invalid(`Environment is {"Variables": [{"Name": "…", "Value": "…"}]}: %v`, err)
	}
	for _, v := range e.Variables {
		if v.Name == "" {
			return nil, invalid("a variable of Environment has no Name")
		}
	}
	return &e, nil
}

// noMapRuns refuses what belongs to distributed Map, which is not emulated: too much of its language is not documented.
func noMapRuns(_ context.Context, c *gateway.Call) (any, error) {
	return nil, gateway.Errorf(400, "ActionNotSupported", "%s needs distributed Map, which the emulator does not have", c.Action)
}

// describeRegions lists the regions of the service.
func (s *Service) describeRegions(context.Context, *gateway.Call) (any, error) {
	var out []map[string]any
	for _, id := range []string{"cn-hangzhou", "cn-shanghai", "cn-beijing", "cn-qingdao", "cn-shenzhen", "ap-southeast-1", "us-west-1"} {
		out = append(out, map[string]any{"RegionId": id, "RegionEndpoint": id + ".fnf.aliyuncs.com"})
	}
	return map[string]any{"Regions": map[string]any{"Region": out}}, nil
}

// started reads the window of ListExecutions.
func started(c *gateway.Call) (from, to time.Time, err error) {
	to = time.Unix(1<<40, 0)
	for name, t := range map[string]*time.Time{"StartedTimeBegin": &from, "StartedTimeEnd": &to} {
		if text := c.Get(name); text != "" {
			if *t, err = time.Parse(time.RFC3339, text); err != nil {
				return from, to, invalid("%s is a time such as 2019-01-01T01:01:01.001Z: %v", name, fmt.Errorf("%q is none", text))
			}
		}
	}
	return from, to, nil
}
