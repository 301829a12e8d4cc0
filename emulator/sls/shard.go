package sls

import (
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// shard is one shard. id, range and creation never change; mu guards the rest. Groups are only appended and, when they
// expire, cut off into a new slice, so a slice taken under the lock stays valid.
type shard struct {
	id         int
	begin, end string // 32 hex digits each; the range is half-open, except at the end of the space
	created    time.Time
	write      meter
	read       meter

	mu       sync.RWMutex
	readonly time.Time // zero = readwrite
	base     int64     // position of groups[0]
	groups   []group
	last     time.Time // receive time of the newest group ever, or the creation
}

const (
	firstKey = "00000000000000000000000000000000"
	lastKey  = "ffffffffffffffffffffffffffffffff"
)

var hexKey = regexp.MustCompile(`^[0-9a-fA-F]{1,32}$`)

// ShardInfo describes a shard. Positions are what [EncodeCursor] turns into cursors.
type ShardInfo struct {
	ID         int
	Status     string // readwrite or readonly
	Begin, End int64  // position of the oldest group, and of the next group to be written
}

// shardView is a shard as ListShards answers it.
type shardView struct {
	ID         int    `json:"shardID"`
	Status     string `json:"status"`
	Begin      string `json:"inclusiveBeginKey"`
	End        string `json:"exclusiveEndKey"`
	CreateTime int64  `json:"createTime"`
}

// addShard adds a shard; ls.mu is held or ls is not shared yet. Positions start at the creation time in nanoseconds.
func (ls *logstore) addShard(begin, end string, now time.Time) *shard {
	sh := &shard{id: ls.nextShard, begin: begin, end: end, created: now, base: now.UnixNano(), last: now}
	ls.nextShard++
	ls.shards = append(ls.shards, sh)
	return sh
}

func (sh *shard) status() string {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if sh.readonly.IsZero() {
		return "readwrite"
	}
	return "readonly"
}

func (sh *shard) view() shardView {
	return shardView{sh.id, sh.status(), sh.begin, sh.end, sh.created.Unix()}
}

// bounds are the position of the oldest group and that of the next one to be written.
func (sh *shard) bounds() (begin, end int64) {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.base, sh.base + int64(len(sh.groups))
}

// since is the position of the first group received at or after t; the end when there is none.
func (sh *shard) since(t time.Time) int64 {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.base + int64(firstSince(sh.groups, t))
}

func firstSince(groups []group, t time.Time) int {
	limit := t.UnixNano()
	return sort.Search(len(groups), func(i int) bool { return groups[i].received >= limit })
}

// timeAt is the receive time, in unix seconds, of the group at a position.
//
// Assumption: at the end, where there is no group, it is the receive time of the newest group, or the creation time of
// a shard that never held one; a position before the oldest group counts as the oldest.
func (sh *shard) timeAt(position int64) int64 {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if i := max(position-sh.base, 0); i < int64(len(sh.groups)) {
		return time.Unix(0, sh.groups[i].received).Unix()
	}
	return sh.last.Unix()
}

// expire drops groups received before limit.
func (sh *shard) expire(limit time.Time) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if n := firstSince(sh.groups, limit); n > 0 {
		sh.groups = slices.Clone(sh.groups[n:])
		sh.base += int64(n)
	}
}

// expire drops what is older than the ttl, and read-only shards whose data is all gone.
func (ls *logstore) expire(now time.Time) {
	ls.mu.RLock()
	ttl, shards := ls.cfg.TTL, ls.shards
	ls.mu.RUnlock()
	if ttl >= forever {
		return
	}
	limit := now.AddDate(0, 0, -ttl)
	dead := false
	for _, sh := range shards {
		sh.mu.RLock()
		old := len(sh.groups) > 0 && sh.groups[0].received < limit.UnixNano()
		dead = dead || sh.isDead(limit)
		sh.mu.RUnlock()
		if old {
			sh.expire(limit)
		}
	}
	if dead {
		ls.mu.Lock()
		ls.shards = slices.DeleteFunc(slices.Clone(ls.shards), func(sh *shard) bool {
			sh.mu.RLock()
			defer sh.mu.RUnlock()
			return sh.isDead(limit)
		})
		ls.mu.Unlock()
	}
}

// isDead tells whether a shard became read-only so long ago that it can hold no data; sh.mu is held.
func (sh *shard) isDead(limit time.Time) bool {
	return !sh.readonly.IsZero() && sh.readonly.Before(limit)
}

func (ls *logstore) shard(id int) (*shard, error) {
	ls.mu.RLock()
	defer ls.mu.RUnlock()
	for _, sh := range ls.shards {
		if sh.id == id {
			return sh, nil
		}
	}
	return nil, shardNotExist(strconv.Itoa(id))
}

// allShards is the current list; it is not changed in place.
func (ls *logstore) allShards() []*shard {
	ls.mu.RLock()
	defer ls.mu.RUnlock()
	return ls.shards
}

// fullKey reads a hash key; a short one is a prefix.
func fullKey(key string) (string, error) {
	if !hexKey.MatchString(key) {
		return "", invalidf("invalid hash key")
	}
	return strings.ToLower(key) + firstKey[len(key):], nil
}

func (sh *shard) holds(key string) bool {
	return sh.begin <= key && (key < sh.end || sh.end == lastKey)
}

func (c *call) listShards() error {
	ls, err := c.logstore()
	if err != nil {
		return err
	}
	ls.expire(c.now)
	views := []shardView{}
	for _, sh := range ls.allShards() {
		views = append(views, sh.view())
	}
	return c.reply(views)
}
