package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/fenghuo-soc/fenghuo"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/flow"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/function"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/ram"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// cloud is the administrator account as the doctor reads it, and what should be there.
type cloud struct {
	o         Options
	sts       *sts.Client
	directory *directory.Client
	ram       *ram.Client
	flows     *flow.Client
	functions *function.Client // once the account is known
	central   *sls.Project     // once the account is known
	manifest  manifest
}

func connect(o Options) (cloud, error) {
	m, err := readManifest(fenghuo.Manifest, fenghuo.Template)
	if err != nil {
		return cloud{}, err
	}
	return cloud{
		o: o, sts: sts.New(o.API), directory: directory.New(o.API), ram: ram.New(o.API), flows: flow.New(o.API), manifest: m,
	}, nil
}

// in connects with what needs the account's uid.
func (c *cloud) in(account string) {
	region := c.o.API.Region()
	c.functions = function.New(function.Config{Endpoint: c.o.Endpoint, Region: region, Account: account, Credentials: c.o.API.Credentials})
	c.central = sls.New(sls.Config{
		Endpoint: c.o.SLSEndpoint, Region: region, Account: account,
		Credentials: func(ctx context.Context) (sls.Credentials, error) {
			k, err := c.o.API.Credentials(ctx)
			return sls.Credentials(k), err
		},
	}).Project("fenghuo-" + account + "-" + region)
}

// invoke runs a function of ours and reads its answer.
func (c *cloud) invoke(ctx context.Context, name string, request, out any) error {
	payload, err := json.Marshal(request)
	if err != nil {
		return err
	}
	answer, err := c.functions.Invoke(ctx, name, payload)
	if err != nil {
		return err
	}
	var head struct{ Status, Reason string }
	if err := json.Unmarshal(answer, &head); err != nil {
		return &soc.Error{Kind: soc.Internal, Op: "read the answer of " + name, Err: err, Next: "deploy functions of the same version as this command"}
	}
	if head.Status == org.StatusRefused || head.Status == org.StatusFailed {
		return &soc.Error{Kind: soc.Conflict, Op: name, Err: errors.New(head.Reason), Next: "deploy functions of the same version as this command"}
	}
	return json.Unmarshal(answer, out)
}

// roleReader gives package org the RAM of the administrator account.
type roleReader struct{ c *ram.Client }

func (r roleReader) Trust(ctx context.Context, role string) (string, error) {
	x, err := r.c.GetRole(ctx, role)
	return x.TrustPolicy, err
}

func (r roleReader) PolicyDocument(ctx context.Context, policy string) (string, error) {
	p, err := r.c.GetPolicy(ctx, ram.Custom, policy)
	return p.Document, err
}

func (r roleReader) Attachments(ctx context.Context, role string) ([]org.Attachment, error) {
	list, err := r.c.ListPoliciesForRole(ctx, role)
	out := make([]org.Attachment, 0, len(list))
	for _, p := range list {
		out = append(out, org.Attachment{Name: p.Name, Type: p.Type})
	}
	return out, err
}

// manifest is what s.yaml and template.yaml put into the administrator account.
type manifest struct {
	functions []deployed
	flows     []string
	logstores []string
	indexed   []string // Logstores with an index
}

// deployed is a function with its triggers, by name their types.
type deployed struct {
	name     string
	triggers map[string]string
}

func readManifest(s, template []byte) (manifest, error) {
	var d struct {
		Resources map[string]struct {
			Component, Access string
			Props             struct {
				Name         string
				FunctionName string `yaml:"functionName"`
				Triggers     []struct {
					Name string `yaml:"triggerName"`
					Type string `yaml:"triggerType"`
				}
			}
		}
	}
	var t struct {
		Resources map[string]struct {
			Type       string `yaml:"Type"`
			Properties struct {
				LogstoreName string `yaml:"LogstoreName"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := errors.Join(yaml.Unmarshal(s, &d), yaml.Unmarshal(template, &t)); err != nil {
		return manifest{}, &soc.Error{Kind: soc.Internal, Op: "read manifest", Err: err}
	}
	var m manifest
	for _, key := range slices.Sorted(maps.Keys(d.Resources)) {
		r := d.Resources[key]
		switch {
		case r.Access == "management":
		case r.Component == "fc3":
			f := deployed{name: r.Props.FunctionName, triggers: map[string]string{}}
			for _, t := range r.Props.Triggers {
				f.triggers[t.Name] = t.Type
			}
			m.functions = append(m.functions, f)
		case r.Component == "flow":
			m.flows = append(m.flows, r.Props.Name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t.Resources)) {
		switch r := t.Resources[key]; r.Type {
		case "ALIYUN::SLS::Logstore":
			m.logstores = append(m.logstores, r.Properties.LogstoreName)
		case "ALIYUN::SLS::Index":
			m.indexed = append(m.indexed, r.Properties.LogstoreName)
		}
	}
	return m, nil
}
