package sls

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Codec is how a body is compressed (sls.md §0.4).
type Codec uint8

// The codecs. LZ4 is the fastest by far; zstd sends a third less at more than three times the cost (sls.md §7).
const (
	LZ4     Codec = iota // one raw block
	Zstd                 // a frame
	Deflate              // zlib, RFC 1950
	Plain
)

// String returns the name on the wire; Plain has none.
func (c Codec) String() string {
	return [...]string{"lz4", "zstd", "deflate", ""}[min(c, Plain)]
}

// zstdCoders makes the coders of zstd when they are needed first; they are safe for concurrent use.
type zstdCoders struct {
	once sync.Once
	enc  *zstd.Encoder
	dec  *zstd.Decoder
	err  error
}

func (z *zstdCoders) get() (*zstd.Encoder, *zstd.Decoder, error) {
	z.once.Do(func() {
		z.enc, z.err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if z.err == nil {
			z.dec, z.err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBody))
		}
	})
	return z.enc, z.dec, z.err
}

// appendCompressed appends raw, compressed, to dst. An lz4 block of data that does not shrink is one literal run.
func (c *Client) appendCompressed(dst, raw []byte, codec Codec) ([]byte, error) {
	var err error
	switch codec {
	case LZ4:
		return appendLZ4(dst, raw)
	case Zstd:
		var enc *zstd.Encoder
		if enc, _, err = c.zstd.get(); err == nil {
			return enc.EncodeAll(raw, dst), nil
		}
	case Deflate:
		buf := bytes.NewBuffer(dst)
		w := zlib.NewWriter(buf)
		_, err = w.Write(raw)
		if err = errors.Join(err, w.Close()); err == nil {
			return buf.Bytes(), nil
		}
	default:
		return append(dst, raw...), nil
	}
	return nil, &soc.Error{Kind: soc.Internal, Op: "compress logs", Err: err}
}

func appendLZ4(dst, raw []byte) ([]byte, error) {
	at := len(dst)
	dst = slices.Grow(dst, lz4.CompressBlockBound(len(raw)))
	n, err := lz4.CompressBlock(raw, dst[at:cap(dst)], nil)
	if err == nil && n == 0 && len(raw) > 0 {
		err = errors.New("lz4 wrote nothing")
	}
	if err != nil {
		return nil, &soc.Error{Kind: soc.Internal, Op: "compress logs", Err: err}
	}
	return dst[:at+n], nil
}

// expand returns the raw body of an answer, in dst's memory where that is large enough. Only the codec that was asked
// for is understood, and plain bodies.
func (c *Client) expand(resp *response, dst []byte, asked Codec) ([]byte, error) {
	codec, size := resp.header.Get(hCompressType), resp.header.Get(hBodyRawSize)
	bad := func(err error) ([]byte, error) {
		return nil, &soc.Error{Kind: soc.Internal, Op: "read compressed answer", Err: err}
	}
	n := len(resp.body)
	if size != "" {
		var err error
		if n, err = strconv.Atoi(size); err != nil || n < 0 {
			return bad(errors.New("x-log-bodyrawsize is not a size"))
		}
	}
	switch {
	case n > maxBody:
		return bad(tooLarge(int64(n)))
	case n == 0:
		return dst[:0], nil // the body counts for nothing: sls.md §3.5
	case codec == "":
		return append(dst[:0], resp.body...), nil
	case !strings.EqualFold(codec, asked.String()):
		return bad(errors.New("compressed with a codec that was not asked for"))
	case size == "":
		return bad(errors.New("x-log-bodyrawsize is missing"))
	}
	dst, err := c.decompress(slices.Grow(dst[:0], n), resp.body, n, asked)
	if err != nil {
		return bad(fmt.Errorf("%s: %w", asked, err))
	}
	if len(dst) != n {
		return bad(fmt.Errorf("%d bytes after decompression, %d announced", len(dst), n))
	}
	return dst, nil
}

// decompress fills dst, which has room for n bytes, with at most n bytes, or one more to show that there are more.
func (c *Client) decompress(dst, body []byte, n int, codec Codec) ([]byte, error) {
	switch codec {
	case Zstd:
		_, dec, err := c.zstd.get()
		if err != nil {
			return nil, err
		}
		return dec.DecodeAll(body, dst)
	case Deflate:
		r, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		w := bytes.NewBuffer(dst)
		_, err = io.Copy(w, io.LimitReader(r, int64(n)+1))
		return w.Bytes(), err
	default:
		got, err := lz4.UncompressBlock(body, dst[:n])
		if err != nil {
			return nil, err
		}
		return dst[:got], nil
	}
}
