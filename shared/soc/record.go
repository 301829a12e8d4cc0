package soc

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// RecordID is the identity of a record: where its LogGroup stands in the member's shard and which log of the group
// it is. Reading the same range again gives the same identity, because cursors grow by one for each LogGroup.
type RecordID struct {
	Project  string `json:"project"`
	Logstore string `json:"logstore"`
	Shard    int    `json:"shard"`
	Cursor   int64  `json:"cursor,string"` // decoded cursor of the LogGroup
	Index    int    `json:"index"`         // position in the LogGroup, from 0
}

// String writes the identity as project/logstore/shard/cursor/index.
func (r RecordID) String() string {
	return r.Project + "/" + r.Logstore + "/" + strconv.Itoa(r.Shard) + "/" +
		strconv.FormatInt(r.Cursor, 10) + "/" + strconv.Itoa(r.Index)
}

// ParseRecordID reads what [RecordID.String] wrote. Its error is of kind [Invalid].
func ParseRecordID(s string) (RecordID, error) {
	p := strings.Split(s, "/")
	bad := func(why string) (RecordID, error) {
		return RecordID{}, &Error{Kind: Invalid, Op: "read record identity", Resource: s, Err: fmt.Errorf("%s", why)}
	}
	if len(p) != 5 || p[0] == "" || p[1] == "" {
		return bad("want project/logstore/shard/cursor/index")
	}
	shard, err1 := strconv.Atoi(p[2])
	cursor, err2 := strconv.ParseInt(p[3], 10, 64)
	index, err3 := strconv.Atoi(p[4])
	if err1 != nil || err2 != nil || err3 != nil || shard < 0 || index < 0 {
		return bad("shard, cursor and index must be numbers")
	}
	return RecordID{Project: p[0], Logstore: p[1], Shard: shard, Cursor: cursor, Index: index}, nil
}

// Origin is what the collector knows of a LogGroup that it forwards: which account it was read from, and with which
// policy. It travels as group tags; it is decided by the role that read, never by a field of the log.
type Origin struct {
	Account  string
	Region   string
	Template string
	Source   string // name of the data source
	Project  string
	Logstore string
	Shard    int
	Cursor   int64     // decoded cursor of the LogGroup in the member's shard
	ReadAt   time.Time // when the collector read it
	First    int       // number of the group's first log in the member's LogGroup: not 0 when that had to be split
}

// Tag keys that carry an [Origin] on a LogGroup of the central stream. In SLS they are searched as __tag__:<key>.
const (
	TagAccount  = "fenghuo_account"
	TagRegion   = "fenghuo_region"
	TagTemplate = "fenghuo_template"
	TagSource   = "fenghuo_source"
	TagProject  = "fenghuo_project"
	TagLogstore = "fenghuo_logstore"
	TagShard    = "fenghuo_shard"
	TagCursor   = "fenghuo_cursor"
	TagReadAt   = "fenghuo_read_at" // Unix milliseconds
	TagFirst    = "fenghuo_first"
)

// Tag is a key and a value on a LogGroup.
type Tag struct{ Key, Value string }

// Tags returns o as group tags, in a fixed order.
func (o Origin) Tags() []Tag {
	return []Tag{
		{TagAccount, o.Account},
		{TagRegion, o.Region},
		{TagTemplate, o.Template},
		{TagSource, o.Source},
		{TagProject, o.Project},
		{TagLogstore, o.Logstore},
		{TagShard, strconv.Itoa(o.Shard)},
		{TagCursor, strconv.FormatInt(o.Cursor, 10)},
		{TagReadAt, strconv.FormatInt(o.ReadAt.UnixMilli(), 10)},
		{TagFirst, strconv.Itoa(o.First)},
	}
}

// ParseOrigin finds the origin among the tags of a group. A member's own log may carry tags with our names: the
// collector appends its tags last, so the last value of each key counts. Its error is of kind [Invalid].
func ParseOrigin(tags func(yield func(key, value string) bool)) (Origin, error) {
	var o Origin
	var shard, cursor, readAt, first string
	for k, v := range tags {
		switch k {
		case TagAccount:
			o.Account = v
		case TagRegion:
			o.Region = v
		case TagTemplate:
			o.Template = v
		case TagSource:
			o.Source = v
		case TagProject:
			o.Project = v
		case TagLogstore:
			o.Logstore = v
		case TagShard:
			shard = v
		case TagCursor:
			cursor = v
		case TagReadAt:
			readAt = v
		case TagFirst:
			first = v
		}
	}
	var err1, err2, err3, err4 error
	var ms int64
	o.Shard, err1 = strconv.Atoi(shard)
	o.Cursor, err2 = strconv.ParseInt(cursor, 10, 64)
	ms, err3 = strconv.ParseInt(readAt, 10, 64)
	o.First, err4 = strconv.Atoi(first)
	if o.Account == "" || o.Project == "" || o.Logstore == "" || o.Template == "" || err1 != nil || err2 != nil || err3 != nil || err4 != nil || o.First < 0 {
		return Origin{}, &Error{
			Kind: Invalid, Op: "read origin of a LogGroup", Resource: o.Project + "/" + o.Logstore,
			Err: fmt.Errorf("identity tags are missing or malformed"), Next: "write to the stream Logstore only through collect",
		}
	}
	o.ReadAt = time.UnixMilli(ms).UTC()
	return o, nil
}

// Record returns the identity of log number index of the group.
func (o Origin) Record(index int) RecordID {
	return RecordID{Project: o.Project, Logstore: o.Logstore, Shard: o.Shard, Cursor: o.Cursor, Index: index}
}
