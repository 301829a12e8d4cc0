package sls

import (
	"encoding/binary"
	"hash/maphash"
	"unicode/utf8"
)

// maxKeys is how many keys of a page are numbered once. A key beyond it gets a number at each place it stands.
const maxKeys = 4096

// keyTable numbers the keys of a page and remembers which key followed which. Number 0 is no key: it stands before the
// first key of every log.
type keyTable struct {
	list  []keyEntry
	slots []uint32 // open addressing over list; 0 = free
	known int      // keys in slots
	seed  maphash.Seed
	ready bool
}

// keyEntry is a key: where it stands, its bytes in two words for the check, and the number of the key that followed it
// last.
type keyEntry struct {
	head, tail uint64 // the first and, when there are more than eight bytes, the last eight
	mask       uint64 // of head
	at, n      uint32
	next       uint32
	own        []byte // where the bytes are, for the check of long keys
}

func (t *keyTable) reset() {
	if !t.ready {
		t.seed, t.ready = maphash.MakeSeed(), true
		t.slots = make([]uint32, 2*maxKeys)
	}
	if t.known > 0 {
		clear(t.slots)
		t.known = 0
	}
	clear(t.list) // they hold bytes of the last page
	t.list = append(t.list[:0], keyEntry{n: 1 << 31})
}

// same tells whether the key stands at b[at:], where its length was checked to fit. It may read behind the key: a caller
// gives it bytes of the whole content.
func (k *keyEntry) same(b []byte, at int) bool {
	if at+8 > len(b) {
		return false
	}
	if binary.LittleEndian.Uint64(b[at:])&k.mask != k.head {
		return false
	}
	if k.n <= 8 {
		return true
	}
	if binary.LittleEndian.Uint64(b[at+int(k.n)-8:]) != k.tail {
		return false
	}
	return k.n <= 16 || string(b[at+8:at+int(k.n)-8]) == string(k.own[8:k.n-8])
}

// intern returns the number of a key that follows prev, and false when it is not UTF-8.
func (t *keyTable) intern(raw []byte, s span, prev uint32) (uint32, bool) {
	key := raw[s.at : s.at+s.n : s.at+s.n]
	slot := maphash.Bytes(t.seed, key) % uint64(len(t.slots))
	for ; t.slots[slot] != 0; slot = (slot + 1) % uint64(len(t.slots)) {
		if id := t.slots[slot]; string(t.list[id].own) == string(key) {
			t.list[prev].next = id
			return id, true
		}
	}
	if !utf8.Valid(key) {
		return 0, false
	}
	id := uint32(len(t.list))
	e := keyEntry{at: s.at, n: s.n, own: key}
	var word [8]byte
	copy(word[:], key)
	e.head = binary.LittleEndian.Uint64(word[:])
	e.mask = ^uint64(0)
	if s.n < 8 {
		e.mask = 1<<(8*s.n) - 1
	} else {
		e.tail = binary.LittleEndian.Uint64(key[len(key)-8:])
	}
	t.list = append(t.list, e)
	if t.known < maxKeys {
		t.slots[slot] = id
		t.known++
	}
	t.list[prev].next = id
	return id, true
}
