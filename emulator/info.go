package emulator

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/fenghuo-soc/fenghuo/emulator/record"
)

// Info is what GET /_emulator/info answers.
type Info struct {
	Endpoint string            `json:"endpoint"`
	Region   string            `json:"region"`
	Accounts []InfoAccount     `json:"accounts"`
	Hosts    map[string]string `json:"hosts"` // host:port of each service
	Triggers []InfoTrigger     `json:"http_triggers"`
}

// InfoAccount is an account with the keys of its operator.
type InfoAccount struct {
	UID             string `json:"uid"`
	Name            string `json:"name"`
	Kind            string `json:"kind"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	// Of the account itself, when the world gives it a key.
	RootKeyID     string `json:"root_access_key_id,omitempty"`
	RootKeySecret string `json:"root_access_key_secret,omitempty"`
}

// InfoTrigger is the address of a function with an HTTP trigger. Send it to the endpoint with this Host.
type InfoTrigger struct {
	Account  string `json:"account"`
	Function string `json:"function"`
	Host     string `json:"host"`
}

// services are the names under which clients look for hosts. All live at one.
var services = []string{"sts", "ram", "ims", "resourcemanager", "resourcedirectory", "sas", "cloud-siem", "ros", "fnf", "fc", "log", "waf-openapi", "cloudfw", "ecs", "oss"}

// Info describes the running emulator.
func (s *cloud) info() Info {
	info := Info{Endpoint: s.endpoint, Region: s.world.Region, Hosts: map[string]string{}, Triggers: []InfoTrigger{}}
	for _, n := range services {
		info.Hosts[n] = s.host
	}
	for _, a := range s.world.Accounts {
		k := s.operator[a.UID]
		info.Accounts = append(info.Accounts, InfoAccount{a.UID, a.Name, a.Kind, k.AccessKeyID, k.AccessKeySecret, s.root[a.UID].AccessKeyID, s.root[a.UID].AccessKeySecret})
		for _, f := range s.fc.Functions(a.UID) {
			if host := s.triggerHost(a.UID, f.FunctionName); host != "" {
				info.Triggers = append(info.Triggers, InfoTrigger{a.UID, f.FunctionName, host})
			}
		}
	}
	return info
}

// callFilter reads the query of GET /_emulator/calls. Names that do not exist are errors: a typo would show everything.
func callFilter(q url.Values) (f record.Filter, err error) {
	f.Limit = 1000
	for name := range q {
		switch v := q.Get(name); name {
		case "service":
			f.Service = v
		case "operation":
			f.Operation = v
		case "account":
			f.Account = v
		case "caller":
			f.Caller = v
		case "action":
			f.Action = v
		case "resource":
			f.Resource = v
		case "verdict":
			if f.Verdict = record.Verdict(v); !slices.Contains(record.Verdicts(), f.Verdict) {
				err = fmt.Errorf("verdict %q is none of %v", v, record.Verdicts())
			}
		case "fault":
			f.Fault, err = strconv.ParseBool(v)
		case "limit":
			if f.Limit, err = strconv.Atoi(v); f.Limit < 1 {
				err = errors.New("limit is a number from 1")
			}
		default:
			err = fmt.Errorf("unknown filter %q: there are service, operation, account, caller, action, resource, verdict, fault and limit", name)
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}
