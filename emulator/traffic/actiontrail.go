package traffic

import (
	"encoding/json"
	"strconv"
	"time"
)

// call is an API call as ActionTrail records it.
type call struct {
	service, name string
	read          bool
	account       string // that the record belongs to
	by            caller
	from          string // address
	agent         string
	params        map[string]any
	response      map[string]any
	resourceType  string
	resourceName  string
	errorCode     string
	more          map[string]any // further fields of the event
}

// caller is who made a call.
type caller struct {
	kind    string // userIdentity.type
	account string
	id      string // principalId
	name    string
	key     string
	player  string // role sessions from another account: that account
	session string // role/session
}

func user(account, name, key string) caller {
	return caller{kind: "ram-user", account: account, id: "2" + account[1:13] + digits(name), name: name, key: key}
}

// digits makes the last digits of an id out of a name.
func digits(name string) string {
	sum := 0
	for _, c := range []byte(name) {
		sum = (sum*31 + int(c)) % 9000
	}
	return strconv.Itoa(1000 + sum)
}

// role is a session of a role; player is the account that assumed it.
func role(account, name, session, key, player string) caller {
	return caller{
		kind: "assumed-role", account: account, id: "3" + account[1:13] + "001:" + session, name: name + ":" + session,
		key: key, player: player, session: name + "/" + session,
	}
}

const (
	goAgent      = "AlibabaCloud (Linux; amd64) Golang/1.21 Core/0.0.1"
	consoleAgent = "AliyunConsole"
)

// call writes the record of a call at a time.
func (s *source) call(at time.Time, c call) Log {
	id := s.uuid()
	params := map[string]any{}
	for k, v := range c.params {
		params[k] = v
	}
	plain, _ := json.Marshal(params) // of strings and numbers only: cannot fail
	if c.by.session != "" {
		params["stsTokenPrincipalName"], params["stsTokenPlayerUid"] = c.by.session, json.Number(c.by.player)
	}
	params["AcsProduct"], params["RegionId"] = c.service, s.world.Region
	rw := "Write"
	if c.read {
		rw = "Read"
	}
	identity := map[string]any{"type": c.by.kind, "accountId": c.by.account, "principalId": c.by.id, "userName": c.by.name}
	if c.by.key != "" {
		identity["accessKeyId"] = c.by.key
	}
	event := map[string]any{
		"eventId": id, "requestId": id, "eventVersion": "1", "eventCategory": "Management", "eventType": "ApiCall", "eventRW": rw,
		"eventName": c.name, "serviceName": c.service, "eventSource": lower(c.service) + ".aliyuncs.com", "apiVersion": "2015-05-01",
		"eventTime": at.UTC().Format(time.RFC3339), "acsRegion": s.world.Region, "recipientAccountId": c.account,
		"sourceIpAddress": c.from, "userAgent": c.agent, "userIdentity": identity, "requestParameters": params,
		"requestParameterJson": string(plain), "errorCode": c.errorCode, "errorMessage": "",
	}
	if c.errorCode != "" {
		event["errorMessage"] = "You are not authorized to do this action."
	}
	if c.response != nil {
		event["responseElements"] = c.response
	}
	if c.resourceType != "" {
		event["resourceType"], event["resourceName"] = c.resourceType, c.resourceName
	}
	for k, v := range c.more {
		event[k] = v
	}
	text, _ := json.Marshal(event)
	return s.log(at, KV{"event", string(text)})
}

func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// log stamps fields with a time.
func (s *source) log(at time.Time, fields ...KV) Log {
	return Log{Time: uint32(at.Unix()), Nano: uint32(at.Nanosecond()), Fields: fields}
}

// assume is a call of AssumeRole that hands out key.
func assume(account string, by caller, from, target, roleName, session, key string) call {
	return call{
		service: "Sts", name: "AssumeRole", account: account, by: by, from: from, agent: goAgent,
		params: map[string]any{"RoleArn": "acs:ram::" + target + ":role/" + roleName, "RoleSessionName": session, "DurationSeconds": 3600},
		response: map[string]any{
			"Credentials":     map[string]any{"AccessKeyId": key, "Expiration": "2099-01-01T00:00:00Z"},
			"AssumedRoleUser": map[string]any{"Arn": "acs:ram::" + target + ":role/" + roleName + "/" + session},
		},
		resourceType: "ACS::RAM::Role", resourceName: roleName,
	}
}
