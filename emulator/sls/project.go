package sls

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// project is one project. Its name, account, region and creation never change; mu guards the rest.
type project struct {
	name, account, region string
	created               time.Time
	visible               time.Time // hidden from calls before this
	group, redundancy     string
	writes, reads         meter // of the minute
	searching             atomic.Int64

	mu          sync.RWMutex
	description string
	recycle     bool // kept and answered, without effect
	modified    time.Time
	stores      map[string]*logstore
	searches    map[string]savedSearch
	alerts      map[string]*alert
}

var projectName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

func (p *project) arn() string {
	return fmt.Sprintf("acs:log:%s:%s:project/%s", p.region, p.account, p.name)
}

// who is a caller with how it reached the service.
type who struct {
	caller auth.Caller
	secure bool
}

// authorize asks for one permission.
func (s *Service) authorize(ctx context.Context, w who, action, resource string) error {
	d := s.opts.Authorizer.Authorize(ctx, auth.Request{
		Caller: w.caller, Action: action, Resource: resource,
		Context: map[string]string{"acs:SecureTransport": strconv.FormatBool(w.secure)},
	})
	if d.Allowed {
		return nil
	}
	return &Error{
		Status: http.StatusUnauthorized, Code: "Unauthorized", Detail: d.Detail,
		Message: fmt.Sprintf("denied by sts or ram, action: %s, resource: %s, caller: %s", action, resource, w.caller.ARN),
	}
}

// lookup finds a project that calls may see.
func (s *Service) lookup(name string) (*project, error) {
	s.mu.RLock()
	p := s.projects[name]
	s.mu.RUnlock()
	if p == nil || s.opts.Clock().Before(p.visible) {
		return nil, projectNotExist(name)
	}
	return p, nil
}

// openProject finds a project and asks whether the caller may do action on it, or on what suffix names in it.
func (s *Service) openProject(ctx context.Context, w who, action, name, suffix string) (*project, error) {
	if err := s.fault(action, w.caller.AccountID); err != nil {
		return nil, err
	}
	p, err := s.lookup(name)
	if err != nil {
		return nil, err
	}
	return p, s.authorize(ctx, w, action, p.arn()+suffix)
}

// newProject is what CreateProject is told.
type newProject struct {
	Name        string `json:"projectName"`
	Description string `json:"description"`
	Group       string `json:"resourceGroupId"`
	Redundancy  string `json:"dataRedundancyType"`
	Recycle     bool   `json:"recycleBinEnabled"`
}

func (s *Service) makeProject(ctx context.Context, w who, region string, n newProject) error {
	const action = "log:CreateProject"
	if err := s.fault(action, w.caller.AccountID); err != nil {
		return err
	}
	if !projectName.MatchString(n.Name) {
		return invalidf("project name %s is invalid", n.Name)
	}
	n.Redundancy = cmp.Or(n.Redundancy, "LRS")
	if n.Redundancy != "LRS" && n.Redundancy != "ZRS" {
		return invalidf("dataRedundancyType must be LRS or ZRS")
	}
	now := s.opts.Clock()
	p := &project{
		name: n.Name, account: w.caller.AccountID, region: cmp.Or(region, s.opts.Region), created: now,
		visible: now.Add(s.opts.PropagationDelay), group: n.Group, redundancy: n.Redundancy,
		description: n.Description, recycle: n.Recycle, modified: now, stores: map[string]*logstore{},
	}
	if err := s.authorize(ctx, w, action, p.arn()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.projects[p.name] != nil {
		return failf(http.StatusBadRequest, "ProjectAlreadyExist", "Project %s already exist", p.name)
	}
	if limit := s.opts.Quotas.Projects; limit > 0 && s.projectsOf(p.account) >= limit {
		return tooMany("projects of an account", limit)
	}
	s.projects[p.name] = p
	return nil
}

// projectsOf counts the projects of an account; s.mu is held.
func (s *Service) projectsOf(account string) int {
	n := 0
	for _, p := range s.projects {
		if p.account == account {
			n++
		}
	}
	return n
}

// CreateProject makes a project of the caller's account. region "" is the service's own region.
func (s *Service) CreateProject(ctx context.Context, caller auth.Caller, region, name, description string) error {
	return s.makeProject(ctx, who{caller, true}, region, newProject{Name: name, Description: description})
}

// DeleteProject removes a project with everything in it.
func (s *Service) DeleteProject(ctx context.Context, caller auth.Caller, name string) error {
	return s.dropProject(ctx, who{caller, true}, name)
}

func (s *Service) dropProject(ctx context.Context, w who, name string) error {
	p, err := s.openProject(ctx, w, "log:DeleteProject", name, "")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.projects[name] != p {
		return projectNotExist(name)
	}
	delete(s.projects, name)
	return nil
}

// Owner is the account and region of a project.
func (s *Service) Owner(name string) (account, region string, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.projects[name]
	if p == nil {
		return "", "", false
	}
	return p.account, p.region, true
}
