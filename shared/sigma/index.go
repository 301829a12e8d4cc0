package sigma

// index finds the rules of a program that an event may fire. It is a handful of flat tables: nothing in it points anywhere.
type index struct {
	plans   []plan   // by key
	lits    []lit    // every text that is looked for
	blob    []byte   // their folded texts
	rules   []int32  // lists of rules
	always  []int32  // rules without a witness
	scans   [3]grams // of texts of minLong bytes and more, of shorter ones or all, of those of minSub bytes
	words   bool     // some texts are looked for in every value
	decides []int32  // by predicate: the literal +1 without which it cannot hold, or 0
	minWord int      // length of the shortest of those
	affixes affixes
}

// lit is a text that is looked for, with the rules that it makes candidates.
type lit struct {
	text, size uint32 // in blob
	key        int32
	kind       atomKind
	rules      list
}

type list struct{ from, to uint32 }

// plan says what is done with the value of a field.
type plan struct {
	does    work
	scan    bool // substrings are looked for
	numbers bool // numbers are looked for
	affix   bool // exact values, beginnings or ends are looked for
	exact   affixHeads
	heads   affixHeads
	tails   affixHeads
	present list // rules that only want the field to be there
	all     list // rules of every atom of the field, for values that are lists
}

// work is what a field needs, so that most fields are done with after one test.
type work uint8

const (
	doText  work = 1 << iota // substrings of this field
	doWords                  // substrings of any field
	doMore                   // anything else
)

func (p *plan) sum(words bool) {
	if p.scan {
		p.does |= doText
	}
	if words {
		p.does |= doWords
	}
	if p.numbers || p.affix || p.present.from != p.present.to {
		p.does |= doMore
	}
}

func (x *index) text(l *lit) []byte { return x.blob[l.text : l.text+l.size] }

func (x *index) list(l list) []int32 { return x.rules[l.from:l.to] }
