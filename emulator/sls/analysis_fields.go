package sls

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fenghuo-soc/fenghuo/emulator/sls/analytics"
)

// sqlField is a column that SQL may name, with the way to read it from a log.
type sqlField struct {
	analytics.Column
	read func(c *candidate) any
}

// namedTag finds the tags that a statement names.
var namedTag = regexp.MustCompile(`"(__tag__:[^"]+)"`)

// sqlFields are the columns of a Logstore: fields whose index has doc_value, the fields inside JSON that have it, their
// aliases, and the meta fields.
//
// Assumption: a field whose index leaves doc_value out is not analysed. Tags, topic and source need no index. A column of
// type json is text to SQL. SELECT * gives the indexed fields by name and then topic, source and time.
func (idx *index) sqlFields(statement string) []sqlField {
	var list []sqlField
	for _, name := range slices.Sorted(maps.Keys(idx.keys)) {
		key := idx.keys[name]
		if key.DocValue {
			list = append(list, idx.aliased(name, key, contentField(key, name))...)
		}
		for _, sub := range slices.Sorted(maps.Keys(key.JSONKeys)) {
			if k := key.JSONKeys[sub]; k.DocValue {
				list = append(list, idx.aliased(name+"."+sub, k, jsonField(k.Type, key.tokens, name, sub))...)
			}
		}
	}
	list = append(list, metaFields...)
	for _, m := range namedTag.FindAllStringSubmatch(statement, -1) {
		known := slices.ContainsFunc(list, func(f sqlField) bool { return f.Name == m[1] })
		if f, ok := idx.metaField(m[1]); ok && !known {
			list = append(list, sqlField{analytics.Column{Name: m[1], Type: analytics.Varchar, Hidden: true}, idx.reader("text", f)})
		}
	}
	return list
}

// aliased is a field under its name and under its alias.
func (idx *index) aliased(name string, key *keyIndex, f field) []sqlField {
	if tag, ok := idx.metaField(name); ok {
		f = tag
	}
	typ := map[string]analytics.Type{"long": analytics.Bigint, "double": analytics.Double}[key.Type]
	if typ == 0 {
		typ = analytics.Varchar
	}
	list := []sqlField{{analytics.Column{Name: name, Type: typ}, idx.reader(key.Type, f)}}
	if key.Alias != "" && key.Alias != name {
		list = append(list, sqlField{analytics.Column{Name: key.Alias, Type: typ, Hidden: true}, list[0].read})
	}
	return list
}

// reader reads the first value of a field; nil when the log has none, or none of the type of the index. Of a text only
// the begin is analysed.
func (idx *index) reader(kind string, f field) func(*candidate) any {
	return func(c *candidate) (v any) {
		f.values(c, func(text []byte) bool {
			v = idx.typed(kind, text)
			return false
		})
		return v
	}
}

func (idx *index) typed(kind string, text []byte) any {
	switch kind {
	case "long":
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
			return n
		}
		return nil
	case "double":
		if f, ok := analytics.ParseDouble(string(text)); ok {
			return f
		}
		return nil
	}
	if n := idx.maxText; len(text) > n {
		for n > 0 && !utf8.RuneStart(text[n]) { // not in the middle of a character
			n--
		}
		text = text[:n]
	}
	return string(text)
}

// metaFields are columns of every Logstore.
var metaFields = []sqlField{
	{analytics.Column{Name: "__topic__", Type: analytics.Varchar}, func(c *candidate) any { return string(c.group.topic) }},
	{analytics.Column{Name: "__source__", Type: analytics.Varchar}, func(c *candidate) any { return string(c.group.source) }},
	{analytics.Column{Name: "__time__", Type: analytics.Bigint}, func(c *candidate) any { return int64(c.log.time) }},
	{analytics.Column{Name: "__time_ns_part__", Type: analytics.Bigint, Hidden: true}, func(c *candidate) any { return int64(c.log.ns) }},
	{analytics.Column{Name: "__date__", Type: analytics.Timestamp, Hidden: true}, func(c *candidate) any { return int64(c.log.time) * 1000 }},
}

func columnsOf(fields []sqlField) []analytics.Column {
	list := make([]analytics.Column, len(fields))
	for i, f := range fields {
		list[i] = f.Column
	}
	return list
}
