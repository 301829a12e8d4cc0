package sigma

import (
	"encoding/binary"
	"errors"
	"math"
)

// packer writes the compiled form: numbers of four or eight bytes, little endian, and strings as numbers in a table.
type packer struct {
	out     []byte
	strings map[string]uint32
	table   []string
}

func (p *packer) u32(v uint32)  { p.out = binary.LittleEndian.AppendUint32(p.out, v) }
func (p *packer) i32(v int32)   { p.u32(uint32(v)) }
func (p *packer) u64(v uint64)  { p.out = binary.LittleEndian.AppendUint64(p.out, v) }
func (p *packer) f64(v float64) { p.u64(math.Float64bits(v)) }
func (p *packer) n(v int)       { p.u32(uint32(v)) }

func (p *packer) flag(v bool) {
	if v {
		p.u32(1)
	} else {
		p.u32(0)
	}
}

func (p *packer) str(s string) {
	id, ok := p.strings[s]
	if !ok {
		id = uint32(len(p.table))
		p.strings[s] = id
		p.table = append(p.table, s)
	}
	p.u32(id)
}

func (p *packer) strs(list []string) {
	p.n(len(list))
	for _, s := range list {
		p.str(s)
	}
}

func (p *packer) i32s(list []int32) {
	p.n(len(list))
	for _, v := range list {
		p.i32(v)
	}
}

func (p *packer) bytes(b []byte) {
	p.n(len(b))
	p.out = append(p.out, b...)
	for len(p.out)%4 != 0 {
		p.out = append(p.out, 0)
	}
}

var errCompiled = errors.New("the compiled rules are damaged")

// unpacker reads what packer wrote. After the first mistake it yields zeros and fail is set, so that callers check once.
type unpacker struct {
	in    []byte
	table []string
	globs []glob // room for those that are to come
	fail  bool
}

func (u *unpacker) take(n int) []byte {
	if n < 0 || n > len(u.in) {
		u.fail, u.in = true, nil
		return nil
	}
	b := u.in[:n]
	u.in = u.in[n:]
	return b
}

func (u *unpacker) u32() uint32 {
	if len(u.in) < 4 {
		u.fail = true
		return 0
	}
	v := binary.LittleEndian.Uint32(u.in)
	u.in = u.in[4:]
	return v
}

func (u *unpacker) i32() int32   { return int32(u.u32()) }
func (u *unpacker) flag() bool   { return u.u32() != 0 }
func (u *unpacker) f64() float64 { return math.Float64frombits(u.u64()) }

func (u *unpacker) u64() uint64 {
	lo := u.u32()
	return uint64(lo) | uint64(u.u32())<<32
}

// n reads the length of a list whose entries take at least size bytes.
func (u *unpacker) n(size int) int {
	n := u.u32()
	if uint64(n)*uint64(size) > uint64(len(u.in)) {
		u.fail, u.in = true, nil
		return 0
	}
	return int(n)
}

func (u *unpacker) str() string {
	id := u.u32()
	if int(id) >= len(u.table) {
		u.fail = true
		return ""
	}
	return u.table[id]
}

func (u *unpacker) strs() []string {
	n := u.n(4)
	if n == 0 {
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = u.str()
	}
	return out
}

// i32s reads a list of numbers below limit and from least.
func (u *unpacker) i32s(least, limit int) []int32 {
	n := u.n(4)
	b := u.take(4 * n)
	if len(b) == 0 {
		return nil
	}
	out := make([]int32, n)
	for i := range out {
		v := int32(binary.LittleEndian.Uint32(b[4*i:]))
		out[i] = v
		if int(v) < least || int(v) >= limit {
			u.fail = true
		}
	}
	return out
}

func (u *unpacker) bytes() []byte {
	n := u.n(1)
	b := u.take(n)
	u.take((4 - n%4) % 4)
	return b
}
