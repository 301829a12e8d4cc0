// Package cloudfw blocks addresses with Cloud Firewall (Cloudfw 2017-12-07), at the border to the internet.
//
// Start at [New] with an openapi client that calls in the account that owns the firewall; make a policy with [BlockInbound]
// and add it with [Client.AddPolicy]. Adding is not idempotent: look with [Client.Policies] first.
package cloudfw

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Directions of traffic.
const (
	In  = "in"
	Out = "out"
)

// region is where the API of the Chinese mainland is; the other one is ap-southeast-1.
const region = "cn-hangzhou"

// Client calls Cloud Firewall in the account that its openapi client calls as. It is safe for concurrent use.
type Client struct{ api *openapi.Client }

// New returns a client for firewalls of the Chinese mainland.
func New(api *openapi.Client) *Client { return &Client{api.In(region)} }

func (c *Client) request(action, resource string, query map[string]string) openapi.Request {
	return openapi.Request{
		Product: "Cloudfw", Version: "2017-12-07", Action: action, Host: "cloudfw." + region + ".aliyuncs.com",
		Resource: resource, Query: query,
	}
}

// Policy is an access control policy of the internet border.
type Policy struct {
	ID              string // AclUuid
	Direction       string // in, out
	Source          string // CIDR or name of an address book
	SourceType      string // net, group
	Destination     string
	DestinationType string // net, group
	Proto           string // ANY, TCP, UDP, ICMP
	DestPort        string // 0/0 = all
	Application     string // ANY
	Action          string // accept, drop, log
	Description     string
	Order           int // 1 is first
	Enabled         bool
}

// BlockInbound is a policy, ahead of all others, that drops what comes from a CIDR.
//
// Assumption: protocol ANY goes with destination port 0/0 and application ANY; the reference that was found shows these
// values one by one, not together.
func BlockInbound(cidr, description string) Policy {
	return Policy{
		Direction: In, Source: cidr, SourceType: "net", Destination: "0.0.0.0/0", DestinationType: "net", Proto: "ANY",
		DestPort: "0/0", Application: "ANY", Action: "drop", Description: description, Order: 1, Enabled: true,
	}
}

// AddPolicy adds a policy and returns its id. It is not idempotent, and is not sent twice when the outcome is unknown
// (Unavailable): look before trying again.
func (c *Client) AddPolicy(ctx context.Context, p Policy) (string, error) {
	r := c.request("AddControlPolicy", p.Source, map[string]string{
		"Direction": p.Direction, "Source": p.Source, "SourceType": p.SourceType, "Destination": p.Destination,
		"DestinationType": p.DestinationType, "Proto": p.Proto, "DestPort": p.DestPort, "DestPortType": "port",
		"ApplicationName": p.Application, "AclAction": p.Action, "Description": p.Description,
		"NewOrder": strconv.Itoa(p.Order), "Release": strconv.FormatBool(p.Enabled),
	})
	r.Once = true
	var out struct{ AclUuid string }
	err := c.api.Do(ctx, r, &out)
	return out.AclUuid, err
}

// pageSize is asked for in lists; page and size travel as text.
//
// Assumption: the service takes pages of 50; its maximum was not found.
const pageSize = 50

// Policies returns the policies of a direction that have a source, "" for all.
func (c *Client) Policies(ctx context.Context, direction, source string) ([]Policy, error) {
	var all []Policy
	q := map[string]string{"Direction": direction, "PageSize": strconv.Itoa(pageSize)}
	if source != "" {
		q["Source"] = source
	}
	for page := 1; ; page++ {
		q["CurrentPage"] = strconv.Itoa(page)
		var out struct {
			Policys []struct {
				AclUuid, Direction, Source, SourceType, Destination, DestinationType string
				Proto, DestPort, ApplicationName, AclAction, Description             string
				Order                                                                int
				Release                                                              json.RawMessage // text or boolean
			}
			TotalCount number
		}
		if err := c.api.Do(ctx, c.request("DescribeControlPolicy", direction, q), &out); err != nil {
			return nil, err
		}
		for _, p := range out.Policys {
			all = append(all, Policy{
				ID: p.AclUuid, Direction: p.Direction, Source: p.Source, SourceType: p.SourceType,
				Destination: p.Destination, DestinationType: p.DestinationType, Proto: p.Proto, DestPort: p.DestPort,
				Application: p.ApplicationName, Action: p.AclAction, Description: p.Description, Order: p.Order,
				Enabled: strings.Trim(string(p.Release), `"`) == "true",
			})
		}
		if len(out.Policys) == 0 || len(all) >= int(out.TotalCount) {
			return all, nil
		}
	}
}

// number is a count that the service writes as text or as a number.
type number int

// UnmarshalJSON reads either form.
func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.Atoi(strings.Trim(string(b), `"`))
	*n = number(v)
	return err
}

// DeletePolicy deletes a policy. When it is gone already, that is success: which code the service has for it is not known,
// so after a refusal the policy is looked for.
func (c *Client) DeletePolicy(ctx context.Context, direction, id string) error {
	err := c.api.Do(ctx, c.request("DeleteControlPolicy", id, map[string]string{"AclUuid": id, "Direction": direction}), nil)
	if !refused(err) {
		return err
	}
	all, errRead := c.Policies(ctx, direction, "")
	if errRead == nil && !slices.ContainsFunc(all, func(p Policy) bool { return p.ID == id }) {
		return nil
	}
	return err
}

// refused tells whether an error can mean that what was named does not exist.
func refused(err error) bool {
	return soc.KindOf(err) == soc.NotFound || soc.KindOf(err) == soc.Invalid
}
