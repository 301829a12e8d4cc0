package emulator

import (
	"encoding/json"
	"net/http"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
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
}

// InfoTrigger is the address of a function with an HTTP trigger. Send it to the endpoint with this Host.
type InfoTrigger struct {
	Account  string `json:"account"`
	Function string `json:"function"`
	Host     string `json:"host"`
}

// services are the names under which clients look for hosts. All live at one.
var services = []string{"sts", "ram", "ims", "resourcemanager", "resourcedirectory", "sas", "cloud-siem", "ros", "fnf", "fc", "log", "waf-openapi", "cloudfw"}

// Info describes the running emulator.
func (s *Server) Info() Info {
	info := Info{Endpoint: s.endpoint, Region: s.world.Region, Hosts: map[string]string{}, Triggers: []InfoTrigger{}}
	for _, n := range services {
		info.Hosts[n] = s.host
	}
	for _, a := range s.world.Accounts {
		k := s.operator[a.UID]
		info.Accounts = append(info.Accounts, InfoAccount{a.UID, a.Name, a.Kind, k.AccessKeyID, k.AccessKeySecret})
		for _, f := range s.fc.Functions(a.UID) {
			if host := s.TriggerHost(a.UID, f.FunctionName); host != "" {
				info.Triggers = append(info.Triggers, InfoTrigger{a.UID, f.FunctionName, host})
			}
		}
	}
	return info
}

func (s *Server) serveOwn(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.URL.Path != "/_emulator/info" {
		gateway.WriteError(w, gateway.NewRequestID(), r.Host, gateway.Errorf(http.StatusNotFound, "NotFound",
			"The emulator's own interface has GET /_emulator/info and nothing else."))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s.Info()) // the client is gone when this fails
}
