package sls

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pierrec/lz4/v4"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// compress returns raw as one lz4 block (sls.md §0.4). The bound of the destination makes it always succeed: data
// that does not shrink becomes one literal run.
func compress(raw []byte) ([]byte, error) {
	dst := make([]byte, lz4.CompressBlockBound(len(raw)))
	n, err := lz4.CompressBlock(raw, dst, nil)
	if err == nil && n == 0 {
		err = errors.New("lz4 wrote nothing")
	}
	if err != nil {
		return nil, &soc.Error{Kind: soc.Internal, Op: "compress logs", Err: err}
	}
	return dst[:n], nil
}

// expand returns the raw body of an answer, in dst's memory where that is large enough. Only what we ask for is
// understood: lz4 blocks and plain bodies.
func expand(resp *response, dst []byte) ([]byte, error) {
	codec, size := resp.header.Get("x-log-compresstype"), resp.header.Get("x-log-bodyrawsize")
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
	case !strings.EqualFold(codec, "lz4"):
		return bad(errors.New("compressed with a codec that was not asked for"))
	case size == "":
		return bad(errors.New("x-log-bodyrawsize is missing"))
	}
	if cap(dst) < n {
		dst = make([]byte, n)
	}
	dst = dst[:n]
	got, err := lz4.UncompressBlock(resp.body, dst)
	if err != nil {
		return bad(fmt.Errorf("lz4: %w", err))
	}
	if got != n {
		return bad(fmt.Errorf("%d bytes after decompression, %d announced", got, n))
	}
	return dst, nil
}
