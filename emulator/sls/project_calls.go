package sls

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func (c *call) who() who { return who{c.caller, c.r.TLS != nil} }

func (c *call) createProject() error {
	var n newProject
	if err := c.decodeJSON(&n, "ParameterInvalid"); err != nil {
		return err
	}
	n.Name = cmp.Or(n.Name, c.project)
	if c.project != "" && n.Name != c.project {
		return invalidf("the host names project %s, the body %s", c.project, n.Name)
	}
	if err := c.s.makeProject(c.ctx, c.who(), c.region, n); err != nil {
		return err
	}
	return c.empty()
}

func (c *call) deleteProject() error {
	name := c.project
	if name == "" && len(c.body) > 0 {
		var body newProject
		if err := c.decodeJSON(&body, "ParameterInvalid"); err != nil {
			return err
		}
		name = body.Name
	}
	if err := c.s.dropProject(c.ctx, c.who(), name); err != nil {
		return err
	}
	return c.empty()
}

// updateProject changes what the body names.
func (c *call) updateProject() error {
	var body struct {
		Description *string `json:"description"`
		Recycle     *bool   `json:"recycleBinEnabled"`
	}
	if err := c.decodeJSON(&body, "ParameterInvalid"); err != nil {
		return err
	}
	p, err := c.s.openProject(c.ctx, c.who(), c.route.action, c.project, "")
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if body.Description != nil {
		p.description = *body.Description
	}
	if body.Recycle != nil {
		p.recycle = *body.Recycle
	}
	p.modified = c.now
	return c.empty()
}

func (c *call) getOrListProjects() error {
	if c.project == "" {
		return c.listProjects()
	}
	p, err := c.s.openProject(c.ctx, c.who(), "log:GetProject", c.project, "")
	if err != nil {
		return err
	}
	return c.reply(c.s.describe(p, true))
}

func (c *call) listProjects() error {
	const action = "log:ListProject"
	account := c.caller.AccountID
	if err := c.s.fault(action, account); err != nil {
		return err
	}
	region := cmp.Or(c.region, c.s.opts.Region)
	if err := c.s.authorize(c.ctx, c.who(), action, fmt.Sprintf("acs:log:%s:%s:project/*", region, account)); err != nil {
		return err
	}
	offset, size, err := c.page(100)
	if err != nil {
		return err
	}
	var all []*project
	c.s.mu.RLock()
	for _, p := range c.s.projects {
		if p.account == account && (c.region == "" || p.region == c.region) && !c.now.Before(p.visible) && c.wants(p) {
			all = append(all, p)
		}
	}
	c.s.mu.RUnlock()
	slices.SortFunc(all, func(a, b *project) int { return cmp.Compare(a.name, b.name) })
	list := []map[string]any{}
	for _, p := range all[min(offset, len(all)):min(offset+size, len(all))] {
		list = append(list, c.s.describe(p, c.query.Get("fetchQuota") == "true"))
	}
	return c.reply(map[string]any{"count": len(list), "total": len(all), "projects": list})
}

// wants tells whether a project passes the filters of ListProject.
func (c *call) wants(p *project) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	group := c.query.Get("resourceGroupId")
	return strings.Contains(p.name, c.query.Get("projectName")) &&
		strings.Contains(p.description, c.query.Get("description")) && (group == "" || group == p.group)
}

// page reads offset and size; size defaults to def and is at most 500.
func (c *call) page(def int) (offset, size int, err error) {
	if offset, err = c.number("offset", 0); err != nil {
		return 0, 0, err
	}
	if size, err = c.number("size", def); err != nil {
		return 0, 0, err
	}
	if offset < 0 || size < 0 {
		return 0, 0, invalidf("offset and size must not be negative")
	}
	return offset, min(size, 500), nil
}

// number reads an integer query parameter that fits 32 bits.
func (c *call) number(name string, def int) (int, error) {
	text := c.query.Get(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, invalidf("The parameter %s must be an integer", name)
	}
	return int(n), nil
}

// describe is a project as GetProject answers it.
func (s *Service) describe(p *project, quota bool) map[string]any {
	p.mu.RLock()
	defer p.mu.RUnlock()
	m := map[string]any{
		"projectName": p.name, "description": p.description, "status": "Normal", "owner": p.account, "region": p.region,
		"createTime": strconv.FormatInt(p.created.Unix(), 10), "lastModifyTime": strconv.FormatInt(p.modified.Unix(), 10),
		"dataRedundancyType": p.redundancy, "resourceGroupId": p.group, "location": "", "recycleBinEnabled": p.recycle,
		"internetEndpoint": p.region + ".log.aliyuncs.com", "intranetEndpoint": p.region + "-intranet.log.aliyuncs.com",
	}
	if quota {
		m["quota"] = map[string]int{"logstore": cmp.Or(s.opts.Quotas.Logstores, documentedLogstores)}
	}
	return m
}

// describeRegions lists the regions that this service knows: its own and those of its projects.
func (c *call) describeRegions() error {
	regions := []string{c.s.opts.Region}
	c.s.mu.RLock()
	for _, p := range c.s.projects {
		regions = append(regions, p.region)
	}
	c.s.mu.RUnlock()
	slices.Sort(regions)
	list := []map[string]any{}
	for _, r := range slices.Compact(regions) {
		list = append(list, map[string]any{
			"region": r, "localName": r, "internetEndpoint": r + ".log.aliyuncs.com",
			"intranetEndpoint": r + "-intranet.log.aliyuncs.com", "internalEndpoint": r + "-intranet.log.aliyuncs.com",
			"dataRedundancyType": []string{"LRS", "ZRS"},
		})
	}
	return c.reply(map[string]any{"regions": list})
}
