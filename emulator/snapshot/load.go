package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"
)

type loader struct {
	types map[string]reflect.Type
	raw   []json.RawMessage
	long  [][]byte
	made  map[int]reflect.Value // pointers
	raws  map[int]bool          // filled, or being filled
}

// fill reads an object into the place that was made for it.
func (l *loader) fill(id int) error {
	if l.raws[id] {
		return nil
	}
	l.raws[id] = true
	return l.read(l.raw[id], l.made[id].Elem())
}

// read reads a value into v, which can be set.
func (l *loader) read(raw json.RawMessage, v reflect.Value) error {
	t := v.Type()
	switch {
	case t == timeType:
		return l.time(raw, v)
	case t == locationType:
		return l.location(raw, v)
	case t.Kind() == reflect.Pointer:
		return l.pointer(raw, v)
	case reflect.PointerTo(t).Implements(bytesType):
		b, err := l.bytes(raw)
		if err != nil {
			return err
		}
		return v.Addr().Interface().(Bytes).UnmarshalSnapshot(b)
	}
	switch k := t.Kind(); {
	case !bytes.Equal(raw, null):
	case k == reflect.Slice || k == reflect.Map || k == reflect.Interface:
		v.SetZero()
		return nil
	default: // a struct would lose its lock
		return fmt.Errorf("null for a %s", t)
	}
	switch t.Kind() {
	case reflect.String:
		var b []byte
		err := json.Unmarshal(raw, &b)
		v.SetString(string(b))
		return err
	case reflect.Float32, reflect.Float64:
		var bits uint64
		err := json.Unmarshal(raw, &bits)
		v.SetFloat(math.Float64frombits(bits))
		return err
	case reflect.Slice:
		return l.slice(raw, v)
	case reflect.Array:
		return l.array(raw, v)
	case reflect.Map:
		return l.table(raw, v)
	case reflect.Struct:
		return l.fields(raw, v)
	case reflect.Interface:
		return l.dynamic(raw, v)
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		fresh := reflect.New(t) // a type may read JSON its own way
		if err := json.Unmarshal(raw, plainOf(fresh)); err != nil {
			return err
		}
		v.Set(fresh.Elem())
		return nil
	}
	return fmt.Errorf("a %s cannot be read", t)
}

// plainOf is a pointer to the same place without the methods of a named type.
func plainOf(p reflect.Value) any {
	kinds := map[reflect.Kind]reflect.Type{
		reflect.Bool: reflect.TypeFor[bool](), reflect.Int: reflect.TypeFor[int](), reflect.Int8: reflect.TypeFor[int8](),
		reflect.Int16: reflect.TypeFor[int16](), reflect.Int32: reflect.TypeFor[int32](), reflect.Int64: reflect.TypeFor[int64](),
		reflect.Uint: reflect.TypeFor[uint](), reflect.Uint8: reflect.TypeFor[uint8](), reflect.Uint16: reflect.TypeFor[uint16](),
		reflect.Uint32: reflect.TypeFor[uint32](), reflect.Uint64: reflect.TypeFor[uint64](),
	}
	return p.Convert(reflect.PointerTo(kinds[p.Elem().Kind()])).Interface()
}

func (l *loader) time(raw json.RawMessage, v reflect.Value) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	v.Set(reflect.ValueOf(at))
	return err
}

func (l *loader) location(raw json.RawMessage, v reflect.Value) error {
	var name *string
	if err := json.Unmarshal(raw, &name); err != nil || name == nil {
		v.SetZero()
		return err
	}
	at, err := time.LoadLocation(*name)
	if err != nil {
		return err
	}
	v.Set(reflect.ValueOf(at))
	return nil
}

func (l *loader) pointer(raw json.RawMessage, v reflect.Value) error {
	var id *int
	if err := json.Unmarshal(raw, &id); err != nil || id == nil {
		v.SetZero()
		return err
	}
	if *id < 0 || *id >= len(l.raw) {
		return fmt.Errorf("there is no object %d", *id)
	}
	p, ok := l.made[*id]
	if !ok {
		p = reflect.New(v.Type().Elem())
		l.made[*id] = p
	}
	if p.Type() != v.Type() {
		return fmt.Errorf("object %d is a %s, not a %s", *id, p.Type(), v.Type())
	}
	v.Set(p)
	return l.fill(*id)
}

// bytes reads a run of bytes, which stands in the JSON or behind it.
func (l *loader) bytes(raw json.RawMessage) ([]byte, error) {
	if len(raw) == 0 || raw[0] != '{' {
		var b []byte
		err := json.Unmarshal(raw, &b)
		return b, err
	}
	var run longRun
	if err := json.Unmarshal(raw, &run); err != nil {
		return nil, err
	}
	if run.At == nil || *run.At < 0 || *run.At >= len(l.long) {
		return nil, errors.New("there is no such run of bytes")
	}
	return l.long[*run.At], nil
}

func (l *loader) slice(raw json.RawMessage, v reflect.Value) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b, err := l.bytes(raw)
		if b == nil {
			b = []byte{}
		}
		v.SetBytes(b)
		return err
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		if err := l.read(item, v.Index(i)); err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
	}
	return nil
}

func (l *loader) array(raw json.RawMessage, v reflect.Value) error {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return err
	}
	if len(items) != v.Len() {
		return fmt.Errorf("%d values for a %s", len(items), v.Type())
	}
	for i, item := range items {
		if err := l.read(item, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) table(raw json.RawMessage, v reflect.Value) error {
	var entries [][2]json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return err
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(entries)))
	for _, e := range entries {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if err := l.read(e[0], key); err != nil {
			return err
		}
		if !key.Comparable() {
			return fmt.Errorf("a %s is no key", key.Type())
		}
		if err := l.read(e[1], value); err != nil {
			return fmt.Errorf("%s: %w", e[0], err)
		}
		v.SetMapIndex(key, value)
	}
	return nil
}

func (l *loader) fields(raw json.RawMessage, v reflect.Value) error {
	var in map[string]json.RawMessage
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	for _, f := range state(v.Type()) {
		value, ok := in[f.Name]
		if !ok {
			return fmt.Errorf("the snapshot lacks %s.%s: it is of another version", v.Type(), f.Name)
		}
		if err := l.read(value, open(v.FieldByIndex(f.Index))); err != nil {
			return fmt.Errorf("%s.%s: %w", v.Type(), f.Name, err)
		}
		delete(in, f.Name)
	}
	for name := range in {
		return fmt.Errorf("the snapshot has %s.%s, which is not known: it is of another version", v.Type(), name)
	}
	return nil
}

func (l *loader) dynamic(raw json.RawMessage, v reflect.Value) error {
	var in tagged
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	t, ok := l.types[in.Type]
	if !ok || !t.AssignableTo(v.Type()) {
		return fmt.Errorf("an interface cannot hold a %q", in.Type)
	}
	value := reflect.New(t).Elem()
	if err := l.read(in.Value, value); err != nil {
		return err
	}
	v.Set(value)
	return nil
}
