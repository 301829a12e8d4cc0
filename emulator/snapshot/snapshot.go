// Package snapshot writes the state of services to a file and reads it back.
//
// [Save] walks what hangs on its roots, unexported fields too, and keeps pointers that lead to one object as one object;
// [File.Load] fills fresh roots with it. So a service needs no second copy of its types, and a field that is added later is in
// the snapshot without anybody's doing. What is no state says so: fields that [Stateless] names are left as the fresh
// service has them, and are repaired by [Restorer]. Locks are never state; a struct with a field mu is locked while it is
// written. Functions, channels and contexts must be named: [Check] finds those that are not, without any state.
//
// The format is gzip of one line of JSON and, behind it, the long runs of bytes that the JSON names by number: code, logs
// and the like, each content once. It holds the names of types' fields and is read by the version that wrote it: a field
// more or less is an error that names it.
package snapshot

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"
	"unsafe"
)

// Bytes is a type that writes and reads itself, with a pointer receiver.
type Bytes interface {
	MarshalSnapshot() ([]byte, error)
	UnmarshalSnapshot(b []byte) error
}

// Stateless is a type, with a pointer receiver, some of whose fields are no state: caches, connections, what options give.
type Stateless interface{ NoState() []string }

// Restorer is a root that repairs what is no state after its state was read. Its lock is held meanwhile.
type Restorer interface{ Restored() error }

// format names what is in the file.
const format = "fenghuo-emulator-snapshot/2"

// File is a snapshot that was read. Only one Load may run at a time.
type File struct {
	head
	long [][]byte
}

type head struct {
	Format  string                     `json:"format"`
	Roots   map[string]json.RawMessage `json:"roots"`
	Objects []json.RawMessage          `json:"objects"`
	Long    []int                      `json:"long"` // lengths of what follows
}

// Types are the concrete types that interfaces may hold, beside those of plain JSON. Each is a value of its type.
type Types []any

var plain = Types{"", true, 0, int64(0), 0.0, json.Number(""), []any(nil), map[string]any(nil), map[string]string(nil), []string(nil), []map[string]any(nil)}

func (t Types) names() map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, v := range append(plain, t...) {
		out[reflect.TypeOf(v).String()] = reflect.TypeOf(v)
	}
	return out
}

// Save writes the state below roots, which are pointers to structs, by name. It fails on a value that cannot be written,
// and names the way to it.
func Save(roots map[string]any, types Types) ([]byte, error) {
	s := &saver{types: types.names(), ids: map[pointer]int{}, longIDs: map[[sha256.Size]byte]int{}}
	f := head{Format: format, Roots: map[string]json.RawMessage{}}
	for _, name := range sorted(roots) {
		raw, err := s.value(reflect.ValueOf(roots[name]))
		if err != nil {
			return nil, fmt.Errorf("snapshot of %s: %w", name, err)
		}
		f.Roots[name] = raw
	}
	f.Objects = s.objects
	for _, b := range s.long {
		f.Long = append(f.Long, len(b))
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	err = json.NewEncoder(z).Encode(f) // one line
	for _, b := range s.long {
		if err == nil {
			_, err = z.Write(b)
		}
	}
	if err := errors.Join(err, z.Close()); err != nil {
		return nil, fmt.Errorf("write snapshot: %w", err)
	}
	return out.Bytes(), nil
}

// Read reads a snapshot that [Save] wrote. It fails on anything that is no snapshot of this version.
func Read(b []byte) (*File, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	in, f := bufio.NewReader(z), &File{}
	line, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &f.head)
	}
	if err != nil || f.Format != format {
		return nil, fmt.Errorf("this is no snapshot of this version (%s): %w", format, orFormat(err, f.Format))
	}
	for _, n := range f.Long {
		long, err := io.ReadAll(io.LimitReader(in, int64(n)))
		if err == nil && len(long) != n {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, fmt.Errorf("read snapshot: %w", err)
		}
		f.long = append(f.long, slices.Clip(long)) // whoever appends to it gets bytes of its own
	}
	if n, err := io.Copy(io.Discard, in); err != nil || n > 0 { // the checksum stands at the end
		return nil, fmt.Errorf("read snapshot: %d bytes too many, %w", n, err)
	}
	return f, nil
}

// Load fills roots with what [Save] wrote of roots with the same names, and lets those that are [Restorer] repair the
// rest. Long runs of bytes are shared with the file and among the places that have them: whoever loads does not change them
// in place.
func (f *File) Load(roots map[string]any, types Types) error {
	l := &loader{types: types.names(), raw: f.Objects, long: f.long, made: map[int]reflect.Value{}, raws: map[int]bool{}}
	names := sorted(roots)
	for _, name := range names { // first, so that objects that point to roots find them
		var id int
		if err := json.Unmarshal(f.Roots[name], &id); err != nil || id < 0 || id >= len(f.Objects) {
			return fmt.Errorf("the snapshot has no %s", name)
		}
		l.made[id] = reflect.ValueOf(roots[name])
		defer lock(l.made[id].Elem(), false)() // the service may look at itself already
	}
	for _, name := range names {
		var id int
		_ = json.Unmarshal(f.Roots[name], &id) // was read above
		if err := l.fill(id); err != nil {
			return fmt.Errorf("snapshot of %s: %w", name, err)
		}
	}
	for _, name := range names {
		if r, ok := roots[name].(Restorer); ok {
			if err := r.Restored(); err != nil {
				return fmt.Errorf("restore %s: %w", name, err)
			}
		}
	}
	return nil
}

func orFormat(err error, got string) error {
	if err == nil {
		err = fmt.Errorf("it says %q", got)
	}
	return err
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	locationType = reflect.TypeFor[*time.Location]()
	rawType      = reflect.TypeFor[json.RawMessage]()
	bytesType    = reflect.TypeFor[Bytes]()
)

// state are the fields of a struct that are state: not locks, nor what the type itself excludes.
func state(t reflect.Type) []reflect.StructField {
	var not []string
	if s, ok := reflect.New(t).Interface().(Stateless); ok {
		not = s.NoState()
	}
	var out []reflect.StructField
	for i := range t.NumField() {
		if f := t.Field(i); f.Name != "_" && f.Type.PkgPath() != "sync" && !slices.Contains(not, f.Name) {
			out = append(out, f)
		}
	}
	return out
}

// open makes an unexported field readable and writable. v is addressable.
func open(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

// addressable returns v, or a copy that has an address.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

// lock locks a struct, for reading where it has a lock for that, and returns how to unlock it. It does nothing when the
// struct has no field mu of package sync.
func lock(v reflect.Value, read bool) (unlock func()) {
	f := v.FieldByName("mu")
	if !f.IsValid() {
		return func() {}
	}
	switch m := open(f).Addr().Interface().(type) {
	case *sync.RWMutex:
		if read {
			m.RLock()
			return m.RUnlock
		}
		m.Lock()
		return m.Unlock
	case *sync.Mutex:
		m.Lock()
		return m.Unlock
	}
	return func() {}
}

// Check lists the fields below the types of roots that hold functions, channels or foreign interfaces and that
// [Stateless] does not name, as Type.field: such a field could not be written.
func Check(roots map[string]any, types Types) []string {
	c := checker{known: types.names(), seen: map[reflect.Type]bool{}}
	for _, name := range sorted(roots) {
		c.walk(reflect.TypeOf(roots[name]), name)
	}
	return c.bad
}

type checker struct {
	known map[string]reflect.Type
	seen  map[reflect.Type]bool
	bad   []string
}

func (c *checker) walk(t reflect.Type, at string) {
	if c.seen[t] || t == timeType || t == locationType || t == rawType || reflect.PointerTo(t).Implements(bytesType) {
		return
	}
	c.seen[t] = true
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Uintptr, reflect.Complex64, reflect.Complex128:
		c.bad = append(c.bad, at+" is a "+t.String())
		c.seen[t] = false // each place is told
	case reflect.Interface:
		if t.NumMethod() > 0 {
			c.bad = append(c.bad, at+" is a "+t.String())
			c.seen[t] = false
		}
	case reflect.Pointer, reflect.Slice, reflect.Array:
		c.walk(t.Elem(), at)
	case reflect.Map:
		c.walk(t.Key(), at)
		c.walk(t.Elem(), at)
	case reflect.Struct:
		for _, f := range state(t) {
			c.walk(f.Type, t.String()+"."+f.Name)
		}
	}
}

func sorted(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
