package sls

import (
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"net/url"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// MaxGroupBytes is the largest serialized LogGroup that SLS takes in one write (sls.md §3.4).
const MaxGroupBytes = 10 << 20

// PutOptions choose the way of one write. The zero value is what [Project.PutLogs] does without a hash key.
type PutOptions struct {
	HashKey  string // a prefix of 32 hex digits that chooses the shard; "" leaves it to the service
	Balanced bool   // say .../shards/lb, as most clients do, instead of leaving it out; they mean the same (sls.md §0.2)
	Metrics  bool   // write to a metric store
	Codec    Codec
}

// PutLogs writes one serialized LogGroup, uncompressed as [Builder.Bytes] and [AppendTags] make it. hashKey, a prefix
// of 32 hex digits, chooses the shard; empty leaves it to the service. It is sent again when the outcome is unknown,
// so a group can be written twice. Kinds: Invalid when it is empty, too large or refused; NotFound, Denied, Throttled,
// Unavailable, Timeout.
func (p *Project) PutLogs(ctx context.Context, logstore string, raw []byte, hashKey string) error {
	return p.Put(ctx, logstore, raw, PutOptions{HashKey: hashKey})
}

// Put is [Project.PutLogs] with a choice of route and codec.
func (p *Project) Put(ctx context.Context, logstore string, raw []byte, o PutOptions) error {
	r := p.put(logstore, o)
	if len(raw) == 0 || len(raw) > MaxGroupBytes {
		e := p.c.failure(r, soc.Invalid, errors.New("a LogGroup has 1 byte to 10 MiB"))
		e.Next = "split the group"
		return e
	}
	body, err := p.c.appendCompressed(nil, raw, o.Codec)
	if err != nil {
		return err
	}
	r.body, r.rawSize = body, len(raw)
	if o.Codec < Plain {
		r.header["x-log-compresstype"] = o.Codec.String()
	}
	_, err = p.c.do(ctx, r)
	return err
}

func (p *Project) put(logstore string, o PutOptions) *request {
	r := p.request("put logs", "log:PostLogStoreLogs", logstore, "")
	r.method = http.MethodPost
	r.header = map[string]string{"Content-Type": "application/x-protobuf"}
	switch {
	case o.Metrics:
		r.path = "/prometheus/" + url.PathEscape(p.name) + "/" + url.PathEscape(logstore) + "/api/v1/write"
	case o.HashKey != "":
		r.path += "/shards/route"
		r.query = url.Values{"key": {o.HashKey}}
	case o.Balanced:
		r.path += "/shards/lb"
	}
	return r
}

// Batch is several serialized LogGroups for one write, compressed one by one (SlsLogPackageList, sls.md §2). The zero
// value is ready; Reset makes it ready again and keeps its memory. It is not safe for concurrent use.
type Batch struct {
	body, block []byte
	groups, raw int
}

// Add compresses a group into the batch. The group may change afterwards.
func (b *Batch) Add(raw []byte) error {
	block, err := appendLZ4(b.block[:0], raw)
	if err != nil {
		return err
	}
	b.block = block
	const lz4Type = 2 // of SlsLogPackage
	inner := 1 + uvarintLen(len(block)) + len(block) + 1 + uvarintLen(len(raw)) + 2
	b.body = append(b.body, 1<<3|wireBytes)
	b.body = binary.AppendUvarint(b.body, uint64(inner))
	b.body = append(b.body, 1<<3|wireBytes)
	b.body = binary.AppendUvarint(b.body, uint64(len(block)))
	b.body = append(b.body, block...)
	b.body = append(b.body, 2<<3|wireVarint)
	b.body = binary.AppendUvarint(b.body, uint64(len(raw)))
	b.body = append(b.body, 3<<3|wireVarint, lz4Type)
	b.groups++
	b.raw += len(raw)
	return nil
}

// Reset empties the batch.
func (b *Batch) Reset() { b.body, b.groups, b.raw = b.body[:0], 0, 0 }

// Len returns the number of groups.
func (b *Batch) Len() int { return b.groups }

// RawSize returns the size of the groups before compression.
func (b *Batch) RawSize() int { return b.raw }

// PutBatch writes the groups of a batch in one request, in the batch_group mode of the vendor's agent. The public SDKs do
// not use the mode: a caller should be able to do without, as [Forwarder] is. The write is not atomic: after an error
// some of the groups may be stored. hashKey and kinds as [Project.PutLogs].
func (p *Project) PutBatch(ctx context.Context, logstore string, b *Batch, hashKey string) error {
	r := p.put(logstore, PutOptions{HashKey: hashKey, Balanced: true})
	if b.groups == 0 || b.raw > MaxGroupBytes {
		e := p.c.failure(r, soc.Invalid, errors.New("a batch has 1 byte to 10 MiB before compression"))
		e.Next = "split the batch"
		return e
	}
	r.header["x-log-mode"] = "batch_group"
	r.header["x-log-compresstype"] = LZ4.String()
	r.body, r.rawSize = b.body, len(b.body) // as the agent does: the packages name their own raw sizes
	_, err := p.c.do(ctx, r)
	return err
}
