package sls

import (
	"encoding/base64"
	"math"
	"net/http"
	"strconv"
	"time"
)

// EncodeCursor is the text of a position in a shard: base64 of the decimal number.
func EncodeCursor(position int64) string {
	return base64.StdEncoding.EncodeToString(strconv.AppendInt(nil, position, 10))
}

// decodeCursor reads what EncodeCursor writes.
func decodeCursor(text string) (int64, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return 0, invalidf("invalid cursor: not base64")
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < 0 {
		return 0, invalidf("invalid cursor: not a position")
	}
	return n, nil
}

func (c *call) getCursor() error {
	_, sh, err := c.shard()
	if err != nil {
		return err
	}
	from := c.query.Get("from")
	var position int64
	switch from {
	case "begin":
		position, _ = sh.bounds()
	case "end":
		_, position = sh.bounds()
	default:
		sec, err := strconv.ParseInt(from, 10, 64)
		if err != nil || sec < 0 {
			return invalidf("from must be begin, end or a time in unix seconds")
		}
		position = sh.since(time.Unix(min(sec, math.MaxInt64/1_000_000_000), 0)) // of a later one nanoseconds leave 64 bits
	}
	return c.reply(map[string]string{"cursor": EncodeCursor(position)})
}

func (c *call) getCursorTime() error {
	_, sh, err := c.shard()
	if err != nil {
		return err
	}
	position, err := decodeCursor(c.query.Get("cursor"))
	if err != nil {
		return err
	}
	return c.reply(map[string]int64{"cursor_time": sh.timeAt(position)})
}

// shard opens the shard that the path names, for the action of the route.
func (c *call) shard() (*logstore, *shard, error) {
	ls, err := c.logstore()
	if err != nil {
		return nil, nil, err
	}
	id, err := strconv.Atoi(c.path["id"])
	if err != nil || id < 0 {
		return nil, nil, failf(http.StatusBadRequest, "ParameterInvalid", "invalid shard id")
	}
	ls.expire(c.now)
	sh, err := ls.shard(id)
	return ls, sh, err
}
