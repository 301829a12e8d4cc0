package sls

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// MaxGroupBytes is the largest serialized LogGroup that SLS takes in one write (sls.md §3.4).
const MaxGroupBytes = 10 << 20

// PutLogs writes one serialized LogGroup, uncompressed as [Builder.Bytes] and [AppendTags] make it. hashKey, a prefix
// of 32 hex digits, chooses the shard; empty leaves it to the service. It is sent again when the outcome is unknown,
// so a group can be written twice. Kinds: Invalid when it is empty, too large or refused; NotFound, Denied, Throttled,
// Unavailable, Timeout.
func (p *Project) PutLogs(ctx context.Context, logstore string, raw []byte, hashKey string) error {
	r := p.request("put logs", "log:PostLogStoreLogs", logstore, "")
	if len(raw) == 0 || len(raw) > MaxGroupBytes {
		e := p.c.failure(r, soc.Invalid, errors.New("a LogGroup has 1 byte to 10 MiB"))
		e.Next = "split the group"
		return e
	}
	r.method = http.MethodPost
	if hashKey != "" {
		r.path += "/shards/route"
		r.query = url.Values{"key": {hashKey}}
	}
	body, err := compress(raw)
	if err != nil {
		return err
	}
	r.body, r.rawSize = body, len(raw)
	r.header = map[string]string{"Content-Type": "application/x-protobuf", "x-log-compresstype": "lz4"}
	_, err = p.c.do(ctx, r)
	return err
}
