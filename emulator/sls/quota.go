package sls

import (
	"net/http"
	"sync"
	"time"
)

// Quotas limit what one shard takes and gives in one second, and how many Logstores a project may have. Zero means no
// limit. The documented values are 5 MB/s and 500 calls/s for writing, 10 or 20 MB/s and 100 calls/s for reading.
type Quotas struct {
	WriteBytes int `yaml:"shard_write_bytes"` // a second; beyond: 403 ShardWriteQuotaExceed
	WriteCalls int `yaml:"shard_write_calls"` // a second; beyond: 403 ShardWriteQuotaExceed
	ReadBytes  int `yaml:"shard_read_bytes"`  // a second; beyond: 403 ShardReadQuotaExceed
	ReadCalls  int `yaml:"shard_read_calls"`  // a second; beyond: 403 ShardReadQuotaExceed
	Logstores  int `yaml:"logstores"`         // of a project; beyond: 400 ProjectQuotaExceed
}

const documentedLogstores = 200

// meter counts the calls and bytes of the current second.
type meter struct {
	mu     sync.Mutex
	second int64
	calls  int
	bytes  int
}

// take counts one call of n bytes and reports whether it is within the limits. A call is let through while the second
// still has room, so one large call can pass the limit but not the next.
func (m *meter) take(now time.Time, n, maxCalls, maxBytes int) bool {
	if maxCalls == 0 && maxBytes == 0 {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := now.Unix(); s != m.second {
		m.second, m.calls, m.bytes = s, 0, 0
	}
	if maxCalls > 0 && m.calls >= maxCalls || maxBytes > 0 && m.bytes >= maxBytes {
		return false
	}
	m.calls++
	m.bytes += n
	return true
}

func quotaExceed(code string, shard int) error {
	return failf(http.StatusForbidden, code, "shard %d exceeds its quota of this second", shard)
}
