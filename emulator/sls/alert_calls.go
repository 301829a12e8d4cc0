package sls

import (
	"slices"
	"strings"
)

// alertProject opens the project of the call for what happens to one alert, * for all. An alert is a job, too, and has
// the ARN of the route that is taken to it.
func (c *call) alertProject(name string) (*project, error) {
	kind := "/alert/"
	if strings.HasPrefix(c.route.pattern, "/jobs") {
		kind = "/job/"
	}
	return c.s.openProject(c.ctx, c.who(), c.route.action, c.project, kind+name)
}

// createAlert keeps an alert.
//
// Assumption: a new alert is enabled.
func (c *call) createAlert() error {
	name, fields, err := parseAlert(c.body, "")
	if err != nil {
		return err
	}
	p, err := c.alertProject(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch limit := c.s.opts.Quotas.Alerts; {
	case p.alerts[name] != nil:
		return jobExists(name)
	case limit > 0 && len(p.alerts) >= limit:
		return countExceeds("alert")
	case p.alerts == nil:
		p.alerts = map[string]*alert{}
	}
	p.alerts[name] = &alert{fields: fields, enabled: true, created: c.now, modified: c.now}
	return c.empty()
}

// changeAlert puts what change makes of an alert in its place.
func (c *call) changeAlert(change func(alert) (*alert, error)) error {
	name := c.path["a"]
	p, err := c.alertProject(name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.alerts[name]
	if old == nil {
		return jobNotExist(name)
	}
	next, err := change(*old)
	if err != nil {
		return err
	}
	if p.alerts[name] = next; next == nil {
		delete(p.alerts, name)
	}
	return c.empty()
}

func (c *call) updateAlert() error {
	_, fields, err := parseAlert(c.body, c.path["a"])
	if err != nil {
		return err
	}
	return c.changeAlert(func(a alert) (*alert, error) {
		a.fields, a.modified = fields, c.now
		return &a, nil
	})
}

func (c *call) deleteAlert() error {
	return c.changeAlert(func(alert) (*alert, error) { return nil, nil })
}

func (c *call) enableAlert() error { return c.switchAlert(true) }

func (c *call) disableAlert() error { return c.switchAlert(false) }

func (c *call) switchAlert(on bool) error {
	verb := map[bool]string{true: "enable", false: "disable"}[on]
	return c.changeAlert(func(a alert) (*alert, error) {
		if a.enabled == on {
			return nil, invalidf("The job to %s has already %sd", verb, verb)
		}
		a.enabled, a.modified = on, c.now
		return &a, nil
	})
}

func (c *call) getAlert() error {
	p, err := c.alertProject(c.path["a"])
	if err != nil {
		return err
	}
	p.mu.RLock()
	a := p.alerts[c.path["a"]]
	p.mu.RUnlock()
	if a == nil {
		return jobNotExist(c.path["a"])
	}
	return c.reply(a.view(c.path["a"]))
}

// listAlerts answers a page of alerts; with logstore, those of which a query reads it.
func (c *call) listAlerts() error {
	offset, size, err := c.page(100)
	if err != nil {
		return err
	}
	if kind := c.query.Get("jobType"); kind != "" && kind != "Alert" {
		return notImplementedf("jobs of type %s are not offered here, alerts are", kind)
	}
	p, err := c.alertProject("*")
	if err != nil {
		return err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	var names []string
	for name, a := range p.alerts {
		if store := c.query.Get("logstore"); store == "" || a.reads(store) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	part := names[min(offset, len(names)):min(offset+size, len(names))]
	list := []map[string]any{}
	for _, name := range part {
		list = append(list, p.alerts[name].view(name))
	}
	return c.reply(map[string]any{"count": len(list), "total": len(names), "results": list})
}
