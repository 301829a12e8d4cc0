package sls

import (
	"strconv"
)

// bucket is one bar of a histogram.
type bucket struct {
	From     int64  `json:"from"`
	To       int64  `json:"to"`
	Count    int    `json:"count"`
	Progress string `json:"progress"`
}

const (
	usualBuckets = 60
	maxBuckets   = 10_000
)

// usualInterval is the width of a bar when the request gives none.
//
// Assumption: about sixty bars of a whole number of seconds that start at from. How the service chooses and aligns them
// is not stated.
func usualInterval(seconds int64) int64 { return max((seconds+usualBuckets-1)/usualBuckets, 1) }

// getHistograms counts what the search part finds; SQL and SPL behind it do not count.
func (c *call) getHistograms() error {
	q, err := c.queryOf()
	if err != nil {
		return err
	}
	width, err := c.number("interval", 0)
	if err != nil {
		return err
	}
	ls, idx, err := c.searched()
	if err != nil {
		return err
	}
	r, err := c.run(&q, ls, idx)
	if err != nil {
		return err
	}
	interval := int64(width)
	if interval == 0 {
		interval = usualInterval(*q.To - *q.From)
	}
	if interval < 0 || (*q.To-*q.From)/interval > maxBuckets {
		return invalidf("interval must give at most %d bars", maxBuckets)
	}
	progress := progressOf(r.partial)
	buckets := bars(*q.From, *q.To, interval, r.hits, progress)
	c.w.Header().Set("x-log-count", strconv.Itoa(len(r.hits)))
	c.w.Header().Set("x-log-progress", progress)
	return c.reply(buckets)
}

// bars counts hits, all of which lie in [from, to), into bars.
func bars(from, to, interval int64, hits []hit, progress string) []bucket {
	var list []bucket
	for at := from; at < to; at += interval {
		list = append(list, bucket{From: at, To: min(at+interval, to), Progress: progress})
	}
	for _, h := range hits {
		list[(int64(h.time)-from)/interval].Count++
	}
	return list
}
