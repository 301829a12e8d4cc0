package normalize

import (
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/sigma"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// The parts an entity can play in an alert.
const (
	attacker = "attacker"
	means    = "means"
	victim   = "victim"
)

// maxEntities bounds what one record may name.
const maxEntities = 24

// Entities returns whom and what the record is about. Account is the account of the record's origin; only where a record
// states the owner of a key, user or role in the shape of an account does that count instead.
func (r *Record) Entities(account string) []soc.Entity {
	x := &extractor{Record: r, account: account}
	r.template.entities(x)
	return x.found
}

type extractor struct {
	*Record
	account string
	found   []soc.Entity
}

func (x *extractor) add(t soc.EntityType, value, account, part string) {
	e := soc.Entity{Type: t, Value: value, Account: account, Part: part}
	for _, f := range x.found {
		if f.Key() == e.Key() {
			return
		}
	}
	if len(x.found) < maxEntities {
		x.found = append(x.found, e)
	}
}

// peer adds the address of an attacker: one that can be reached from outside. A private one says nothing across accounts.
func (x *extractor) peer(field string) bool {
	a, ok := address(x.Text(field))
	if ok && !a.IsPrivate() && !a.IsLinkLocalUnicast() {
		x.add(soc.EntityIP, a.String(), "", attacker)
		return true
	}
	return false
}

// host adds hosts of the account by their addresses; several may stand in a field, separated by commas.
func (x *extractor) host(field, part string) {
	for s := range strings.SplitSeq(x.Text(field), ",") {
		if a, ok := address(strings.TrimSpace(s)); ok {
			x.add(soc.EntityHost, a.String(), x.account, part)
		}
	}
}

func (x *extractor) key(value, account, part string) {
	if keyID.MatchString(value) {
		x.add(soc.EntityAccessKey, value, account, part)
	}
}

func (x *extractor) user(value, account, part string) {
	if userName.MatchString(value) {
		x.add(soc.EntityUser, value, account, part)
	}
}

func (x *extractor) bucket(value, part string) {
	if bucketName.MatchString(value) {
		x.add(soc.EntityBucket, value, x.account, part)
	}
}

func (x *extractor) domain(value, part string) {
	value, _, _ = strings.Cut(strings.ToLower(value), ":")
	if _, isIP := address(value); !isIP && domainName.MatchString(value) && len(value) <= 253 {
		x.add(soc.EntityDomain, value, "", part)
	}
}

func actiontrailEntities(x *extractor) {
	x.peer("sourceIpAddress")
	owner := x.account
	if uid := x.Text("userIdentity.accountId"); accountUID.MatchString(uid) {
		owner = uid
	}
	x.key(x.Text("userIdentity.accessKeyId"), owner, attacker)
	switch name := x.Text("userIdentity.userName"); x.Text("userIdentity.type") {
	case "ram-user":
		x.user(name, owner, means)
	case "root-account":
		x.user("root", owner, means)
	case "assumed-role":
		if role, _, _ := strings.Cut(name, ":"); userName.MatchString(role) {
			x.add(soc.EntityRole, role, owner, means)
		}
	}
	x.assumedRole()
	x.key(x.Text("responseElements.AccessKey.AccessKeyId"), x.account, means)
	if service := strings.ToLower(x.Text("serviceName")); service == "ram" || service == "ims" {
		x.user(x.Text("requestParameters.UserName"), x.account, means)
	}
	x.resources()
}

// assumedRole adds the role that was assumed and the key that was handed out for it.
func (x *extractor) assumedRole() {
	m := roleARN.FindStringSubmatch(x.Text("requestParameters.RoleArn"))
	if m == nil {
		return
	}
	x.add(soc.EntityRole, m[2], m[1], means)
	x.key(x.Text("responseElements.Credentials.AccessKeyId"), m[1], means)
}

// resources adds buckets and instances that the event names in its parallel lists of types and names.
func (x *extractor) resources() {
	types := strings.Split(x.Text("resourceType"), ";")
	names := strings.Split(x.Text("resourceName"), ";")
	for i := range min(len(types), len(names), maxEntities) {
		for name := range strings.SplitSeq(names[i], ",") {
			switch types[i] {
			case "ACS::OSS::Bucket":
				x.bucket(name, victim)
			case "ACS::ECS::Instance":
				if hostName.MatchString(name) {
					x.add(soc.EntityHost, name, x.account, victim)
				}
			}
		}
	}
}

func wafEntities(x *extractor) {
	if !x.peer("real_client_ip") {
		x.peer("remote_addr")
	}
	x.domain(x.Text("host"), victim)
	x.host("upstream_addr", victim)
}

func cfwEntities(x *extractor) {
	if x.Text("direction") == "in" {
		x.peer("src_ip")
	} else {
		x.peer("dst_ip")
		x.domain(x.Text("domain"), attacker)
	}
	x.host("src_private_ip", victim)
}

func sasEntities(x *extractor) {
	x.host("host_ip", victim)
	x.host("intranet_ip", victim)
	if id := x.Text("instance_id"); hostName.MatchString(id) {
		x.add(soc.EntityHost, id, x.account, victim)
	}
	switch topic := string(x.topic); topic {
	case "aegis-log-login", "aegis-log-crack", "sas-net-block", "sas-rasp-log":
		x.peer("src_ip")
	case "aegis-log-network":
		if x.Text("net_connect_dir") == "out" {
			x.peer("dst_ip")
		} else {
			x.peer("src_ip")
		}
	case "aegis-log-dns-query":
		x.domain(x.Text("domain"), attacker)
	}
}

func ossEntities(x *extractor) {
	x.peer("client_ip")
	x.key(x.Text("access_id"), "", attacker)
	x.bucket(x.Text("bucket"), victim)
	// requesterParentId,roleName,roleSessionName,roleOwnerId
	if part := strings.Split(x.Text("extend_information"), ","); len(part) >= 4 && userName.MatchString(part[1]) && accountUID.MatchString(part[3]) {
		x.add(soc.EntityRole, part[1], part[3], means)
	}
}

var _ sigma.Event = (*Record)(nil)
