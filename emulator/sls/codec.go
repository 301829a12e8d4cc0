package sls

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxRawBody is the largest raw body of one PutLogs.
const maxRawBody = 10 << 20

var (
	errCodec   = errors.New("the compress type is not known")
	errRawSize = errors.New("the raw size does not fit the data")
)

// codec compresses and decompresses as x-log-compresstype says: "" plain, lz4 (one raw block), zstd, deflate (zlib).
// It is safe for concurrent use.
type codec struct {
	zstdEnc *zstd.Encoder
	zstdDec *zstd.Decoder
}

func newCodec() *codec {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil { // the options are constants
		panic(err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxRawBody))
	if err != nil {
		panic(err)
	}
	return &codec{enc, dec}
}

// decompress appends the raw bytes of data to dst[:0]; they must be exactly size bytes. Plain data is returned as it is.
func (c *codec) decompress(dst, data []byte, kind string, size int) ([]byte, error) {
	if size < 0 || size > maxRawBody {
		return nil, errRawSize
	}
	var err error
	switch kind {
	case "":
		dst = data
	case "lz4":
		dst = slices.Grow(dst[:0], size)[:size]
		var n int
		if n, err = lz4.UncompressBlock(data, dst); err == nil {
			dst = dst[:n]
		}
	case "zstd":
		dst, err = c.zstdDec.DecodeAll(data, dst[:0])
	case "deflate":
		dst, err = inflate(dst[:0], data, size)
	default:
		return nil, errCodec
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	if len(dst) != size {
		return nil, errRawSize
	}
	return dst, nil
}

func inflate(dst, data []byte, size int) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	buf := bytes.NewBuffer(dst)
	if _, err = io.Copy(buf, io.LimitReader(r, int64(size)+1)); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// compress appends the compressed raw to dst[:0]; for the plain kind it returns raw itself.
func (c *codec) compress(dst, raw []byte, kind string) ([]byte, error) {
	switch kind {
	case "":
		return raw, nil
	case "lz4":
		dst = slices.Grow(dst[:0], lz4.CompressBlockBound(len(raw)))
		dst = dst[:cap(dst)]
		n, err := lz4.CompressBlock(raw, dst, nil)
		if err != nil {
			return nil, fmt.Errorf("lz4: %w", err)
		}
		return dst[:n], nil
	case "zstd":
		return c.zstdEnc.EncodeAll(raw, dst[:0]), nil
	case "deflate":
		var buf bytes.Buffer
		w := zlib.NewWriter(&buf)
		_, _ = w.Write(raw) // a buffer takes everything
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("deflate: %w", err)
		}
		return buf.Bytes(), nil
	}
	return nil, errCodec
}

// accepted is the first codec named by an Accept-Encoding header that the service has; "" = plain.
func accepted(header string) string {
	for _, name := range strings.Split(header, ",") {
		name, _, _ = strings.Cut(name, ";")
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "lz4", "zstd", "deflate":
			return name
		}
	}
	return ""
}
