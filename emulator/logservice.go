package emulator

import (
	"reflect"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/sls"
)

// WorldLogService says how strict and how slow the Log Service is. The zero value knows no quotas and shows at once
// what was made and written.
type WorldLogService struct {
	DocumentedQuotas bool       `yaml:"documented_quotas"` // all quotas that Quotas does not set are those of the documentation
	Quotas           sls.Quotas `yaml:"quotas"`            // zero = none
	// PropagationDelay hides new projects and Logstores from calls for this long. The real service takes up to a minute.
	PropagationDelay time.Duration `yaml:"propagation_delay"`
	// SearchDelay hides new logs from searches for this long. The real service takes about three seconds.
	SearchDelay time.Duration `yaml:"search_delay"`
	// SearchLogs is how many logs a search looks at before it answers Incomplete; 0 = all.
	SearchLogs int `yaml:"search_logs"`
}

func (l WorldLogService) check() error {
	if l.PropagationDelay < 0 || l.SearchDelay < 0 {
		return wrong("log_service", "a delay is below 0")
	}
	if l.SearchLogs < 0 {
		return wrong("log_service.search_logs", "a number of logs is below 0")
	}
	for _, v := range reflect.ValueOf(l.Quotas).Fields() {
		if v.Int() < 0 {
			return wrong("log_service.quotas", "a quota is below 0")
		}
	}
	return nil
}

// options are those of the service, with these settings.
func (l WorldLogService) options(o sls.Options) sls.Options {
	o.Quotas, o.PropagationDelay, o.SearchDelay, o.SearchLogs = l.Quotas, l.PropagationDelay, l.SearchDelay, l.SearchLogs
	if l.DocumentedQuotas {
		o.Quotas = o.Quotas.Or(sls.DocumentedQuotas())
	}
	return o
}
