package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"
)

// pointer is an object: the first field of a struct has the address of the struct, so the type belongs to it.
type pointer struct {
	at uintptr
	of reflect.Type
}

type saver struct {
	types   map[string]reflect.Type
	ids     map[pointer]int
	objects []json.RawMessage
	long    [][]byte
	longIDs map[[sha256.Size]byte]int
}

// longBytes is how many bytes stand behind the JSON and not in it.
const longBytes = 256

// longRun is what the JSON has in the place of a long run of bytes.
type longRun struct {
	At *int `json:"long"`
}

var null = json.RawMessage("null")

func (s *saver) value(v reflect.Value) (json.RawMessage, error) {
	t := v.Type()
	switch {
	case t == timeType:
		return json.Marshal(v.Interface().(time.Time).Format(time.RFC3339Nano))
	case t == locationType:
		if v.IsNil() {
			return null, nil
		}
		return json.Marshal(v.Interface().(*time.Location).String())
	case t.Kind() == reflect.Pointer:
		return s.pointer(v)
	case reflect.PointerTo(t).Implements(bytesType):
		b, err := addressable(v).Addr().Interface().(Bytes).MarshalSnapshot()
		if err != nil {
			return nil, err
		}
		return s.bytes(b)
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return s.scalar(v)
	case reflect.Float32, reflect.Float64:
		return json.Marshal(math.Float64bits(v.Float())) // JSON has no infinities
	case reflect.Slice:
		if v.IsNil() {
			return null, nil
		}
		if t.Elem().Kind() == reflect.Uint8 {
			return s.bytes(v.Bytes())
		}
		return s.list(v)
	case reflect.Array:
		return s.list(addressable(v))
	case reflect.Map:
		return s.table(v)
	case reflect.Struct:
		return s.fields(addressable(v))
	case reflect.Interface:
		return s.dynamic(v)
	}
	if v.IsZero() {
		return null, nil
	}
	return nil, fmt.Errorf("a %s cannot be written", t)
}

// bytes is a run of bytes: a long one stands behind the JSON, once for each content.
func (s *saver) bytes(b []byte) (json.RawMessage, error) {
	if len(b) < longBytes {
		return json.Marshal(b)
	}
	sum := sha256.Sum256(b)
	at, ok := s.longIDs[sum]
	if !ok {
		at = len(s.long)
		s.longIDs[sum] = at
		s.long = append(s.long, bytes.Clone(b)) // its owner may go on before the file is written
	}
	return json.Marshal(longRun{&at})
}

// scalar is a plain value. A text is written as bytes when it is not valid UTF-8.
func (s *saver) scalar(v reflect.Value) (json.RawMessage, error) {
	if v.Kind() == reflect.String {
		return json.Marshal([]byte(v.String()))
	}
	switch {
	case v.CanInt():
		return json.Marshal(v.Int())
	case v.CanUint():
		return json.Marshal(v.Uint())
	}
	return json.Marshal(v.Bool())
}

func (s *saver) pointer(v reflect.Value) (json.RawMessage, error) {
	if v.IsNil() {
		return null, nil
	}
	key := pointer{v.Pointer(), v.Type()}
	id, ok := s.ids[key]
	if !ok {
		id = len(s.objects)
		s.ids[key] = id
		s.objects = append(s.objects, nil)
		raw, err := s.value(v.Elem())
		if err != nil {
			return nil, err
		}
		s.objects[id] = raw
	}
	return json.Marshal(id)
}

func (s *saver) list(v reflect.Value) (json.RawMessage, error) {
	out := bytes.NewBufferString("[")
	for i := range v.Len() {
		raw, err := s.value(v.Index(i))
		if err != nil {
			return nil, fmt.Errorf("%d: %w", i, err)
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(raw)
	}
	out.WriteByte(']')
	return out.Bytes(), nil
}

// table is a map as a list of keys and values, sorted, so that one state has one text.
func (s *saver) table(v reflect.Value) (json.RawMessage, error) {
	if v.IsNil() {
		return null, nil
	}
	type entry struct {
		key   json.RawMessage
		value reflect.Value
	}
	var entries []entry
	for it := v.MapRange(); it.Next(); {
		k, err := s.value(it.Key())
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{k, it.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	out := bytes.NewBufferString("[")
	for i, e := range entries {
		raw, err := s.value(e.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.key, err)
		}
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(out, "[%s,%s]", e.key, raw)
	}
	out.WriteByte(']')
	return out.Bytes(), nil
}

func (s *saver) fields(v reflect.Value) (json.RawMessage, error) {
	defer lock(v, true)()
	out := map[string]json.RawMessage{}
	for _, f := range state(v.Type()) {
		raw, err := s.value(open(v.FieldByIndex(f.Index)))
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", v.Type(), f.Name, err)
		}
		out[f.Name] = raw
	}
	return json.Marshal(out)
}

type tagged struct {
	Type  string          `json:"t"`
	Value json.RawMessage `json:"v"`
}

func (s *saver) dynamic(v reflect.Value) (json.RawMessage, error) {
	if v.IsNil() {
		return null, nil
	}
	in := v.Elem()
	name := in.Type().String()
	if s.types[name] != in.Type() {
		return nil, fmt.Errorf("an interface holds a %s, which is not among the known types", name)
	}
	raw, err := s.value(in)
	if err != nil {
		return nil, err
	}
	return json.Marshal(tagged{name, raw})
}
