package sls

import (
	"encoding/base64"
	"errors"
	"strconv"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Cursor is a position in a shard. It grows by one for each LogGroup (sls.md §0.13), so the difference of two cursors
// is a number of groups, and a group keeps its cursor for as long as it is stored.
type Cursor int64

// String returns the form that travels on the wire: base64 of the decimal number.
func (c Cursor) String() string {
	return base64.StdEncoding.EncodeToString(strconv.AppendInt(nil, int64(c), 10))
}

// ParseCursor reads what [Cursor.String] wrote. Its error is of kind Invalid.
func ParseCursor(s string) (Cursor, error) {
	bad := func(err error) (Cursor, error) {
		return 0, &soc.Error{Kind: soc.Invalid, Op: "read cursor", Err: err}
	}
	if len(s) > 64 {
		return bad(errors.New("longer than a cursor can be"))
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return bad(err)
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 {
		return bad(errors.New("not a decimal number of 64 bits"))
	}
	return Cursor(n), nil
}
