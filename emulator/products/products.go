// Package products emulates the operations of products that responses call: WAF 3.0 (waf-openapi 2021-10-01), Cloud
// Firewall (Cloudfw 2017-12-07), the security groups of ECS (2014-05-26), and alert events of Security Center (Sas
// 2018-12-03). OSS has a package of its own.
//
// Start with [New], give accounts the products with [Service.SeedWAF], [Service.SeedCloudFirewall] and the other seeds,
// and serve them with [Service.Register]. What became of them is readable in Go: [Service.BlockedIPs],
// [Service.SecurityGroups], [Service.Instances], [Service.SuspEvents]. The emulator filters no
// traffic. Parameter names are those of the public API reference and, for Cloud Firewall, of the official SDK.
package products

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// Options configure a Service; the zero value works.
type Options struct {
	Clock func() time.Time // default time.Now
}

// Service holds the products of all accounts. It is safe for concurrent use.
type Service struct {
	clock func() time.Time

	mu        sync.Mutex
	wafs      map[string]*waf      // by account
	firewalls map[string]*firewall // by account
	computes  map[string]*compute  // by account
	events    map[string][]*SuspEvent
	answered  map[string]answered // by account, operation and ClientToken
	ids       int64
}

// New returns a Service in which no account has a product.
func New(o Options) *Service {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Service{
		clock: o.Clock, wafs: map[string]*waf{}, firewalls: map[string]*firewall{},
		computes: map[string]*compute{}, events: map[string][]*SuspEvent{}, answered: map[string]answered{},
	}
}

// Register adds all operations to the gateway.
func (s *Service) Register(g *gateway.Gateway) {
	g.Register("waf-openapi", "2021-10-01", operations("yundun-waf", map[string]handler{
		"DescribeInstance": s.describeInstance, "DescribeDefenseTemplates": s.describeTemplates,
		"CreateDefenseTemplate": s.createTemplate, "CreateDefenseRule": s.createRule,
		"DescribeDefenseRules": s.describeRules, "DeleteDefenseRule": s.deleteRule,
	}))
	g.Register("Ecs", "2014-05-26", s.ecsOperations())
	g.Register("Sas", "2018-12-03", s.sasOperations())
	g.Register("Cloudfw", "2017-12-07", operations("yundun-cloudfirewall", map[string]handler{
		"AddControlPolicy": s.addPolicy, "DescribeControlPolicy": s.describePolicies, "DeleteControlPolicy": s.deletePolicy,
		"AddAddressBook": s.addBook, "DescribeAddressBook": s.describeBooks, "DeleteAddressBook": s.deleteBook,
	}))
}

// handler runs one operation under the lock.
type handler func(c *gateway.Call) (any, error)

type object = map[string]any

// operations asks for <service>:<action> on *, as the API reference says for both products.
func operations(service string, handlers map[string]handler) map[string]gateway.Operation {
	ops := map[string]gateway.Operation{}
	for action, h := range handlers {
		ops[action] = gateway.Operation{
			Permissions: func(*gateway.Call) []gateway.Permission {
				return []gateway.Permission{{Action: service + ":" + action, Resource: "*"}}
			},
			Denied: deniedCode(),
			Handle: func(_ context.Context, c *gateway.Call) (any, error) { return h(c) },
		}
	}
	return ops
}

// deniedCode is the error code of a denied call.
//
// Assumption: Forbidden.RAM, "in many product APIs"; the two products are not named there.
func deniedCode() string { return "Forbidden.RAM" }

func missing(parameter string) error {
	return gateway.Errorf(400, "Missing"+parameter, "The parameter %s is missing.", parameter)
}

// invalid answers a value that is not allowed.
//
// Assumption: the products' own codes for bad values are not documented in what was found; 400 InvalidParameter.<name>.
func invalid(parameter, format string, args ...any) error {
	return gateway.Errorf(400, "InvalidParameter."+parameter, format, args...)
}

// newID makes numbers for rules and templates, rising as in the cloud.
func (s *Service) newID() int64 {
	s.ids++
	return 10_000_000 + s.ids
}

// newUUID makes the same identifier in every run.
func (s *Service) newUUID(account string) string {
	b := sha256.Sum256(fmt.Appendf(nil, "%s/%d", account, s.newID()))
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// Block is one source address that a product blocks in an account.
type Block struct {
	Product string // waf or cloudfirewall
	ID      string // rule id or AclUuid
	IP      string // address or CIDR block as written in the rule
	Name    string // name of the rule, description of the policy
}

// BlockedIPs lists what WAF rules (action block, enabled) and Cloud Firewall policies (action drop, released, inbound)
// of an account block by source, sorted. Address books are resolved.
func (s *Service) BlockedIPs(account string) []Block {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Block
	if w := s.wafs[account]; w != nil {
		out = w.blocks(out)
	}
	if f := s.firewalls[account]; f != nil {
		out = f.blocks(out)
	}
	slices.SortFunc(out, func(a, b Block) int {
		return cmp.Or(strings.Compare(a.Product, b.Product), strings.Compare(a.ID, b.ID), strings.Compare(a.IP, b.IP))
	})
	return out
}

// validNet tells whether a text is an IP address or a CIDR block.
func validNet(s string) bool {
	if _, err := netip.ParsePrefix(s); err == nil {
		return true
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == ""
}

// page reads a page number and a page size; both have to be 1 or more, the size at most 100.
func page(c *gateway.Call, numberName, sizeName string) (number, size int, err error) {
	if number, err = c.Int(numberName, 1); err != nil {
		return 0, 0, err
	}
	if size, err = c.Int(sizeName, 10); err != nil {
		return 0, 0, err
	}
	if number < 1 || number > 1_000_000 {
		return 0, 0, invalid(numberName, "The page number starts from 1.")
	}
	if size < 1 || size > 100 {
		return 0, 0, invalid(sizeName, "The page size is 1 to 100.")
	}
	return number, size, nil
}

func cut[T any](list []T, number, size int) []T {
	from := min((number-1)*size, len(list))
	return list[from:min(from+size, len(list))]
}
