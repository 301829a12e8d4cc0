package products

import (
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// book is an address book of type ip: a named list of networks that policies refer to by name.
type book struct {
	uuid, name, description string
	addresses               []string
}

func (f *firewall) book(name string) *book {
	for _, b := range f.books {
		if b.name == name {
			return b
		}
	}
	return nil
}

// uses counts the policies that refer to a book.
func (f *firewall) uses(b *book) int {
	n := 0
	for _, p := range slices.Concat(f.in, f.out) {
		if p.sourceType == "group" && p.source == b.name || p.destinationType == "group" && p.destination == b.name {
			n++
		}
	}
	return n
}

// addBook makes an address book of the type ip; the other types (domain, port, tag) are not supported.
func (s *Service) addBook(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.owned(c)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"GroupName", "GroupType", "Description", "AddressList"} {
		if c.Get(name) == "" {
			return nil, missing(name)
		}
	}
	switch {
	case c.Get("GroupType") != "ip":
		return nil, invalid("GroupType", "The emulator has address books of the type ip only.")
	case f.book(c.Get("GroupName")) != nil:
		return nil, invalid("GroupName", "The address book %q exists.", c.Get("GroupName"))
	}
	b := &book{name: c.Get("GroupName"), description: c.Get("Description")}
	for ip := range strings.SplitSeq(c.Get("AddressList"), ",") {
		if ip = strings.TrimSpace(ip); !validNet(ip) {
			return nil, invalid("AddressList", "%q is no CIDR block.", ip)
		}
		b.addresses = append(b.addresses, ip)
	}
	b.uuid = s.newUUID(c.Caller.AccountID)
	f.books = append(f.books, b)
	return object{"GroupUuid": b.uuid}, nil
}

func (s *Service) describeBooks(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.owned(c)
	if err != nil {
		return nil, err
	}
	number, size, err := page(c, "CurrentPage", "PageSize")
	if err != nil {
		return nil, err
	}
	var rows []object
	for _, b := range f.books {
		query := c.Get("Query")
		found := strings.Contains(b.name, query) || strings.Contains(b.description, query) || slices.Contains(b.addresses, query)
		if found && matches(c.Get("GroupType"), "ip") {
			rows = append(rows, object{
				"GroupUuid": b.uuid, "GroupName": b.name, "GroupType": "ip", "Description": b.description,
				"AddressList": b.addresses, "AddressListCount": len(b.addresses), "ReferenceCount": f.uses(b), "AutoAddTagEcs": 0,
			})
		}
	}
	return textPage("Acls", rows, number, size), nil
}

// deleteBook removes a book that no policy uses.
//
// Assumption: the codes for an unknown book and for one in use are not documented; 400 InvalidParameter.GroupUuid.
func (s *Service) deleteBook(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.owned(c)
	if err != nil {
		return nil, err
	}
	uuid := c.Get("GroupUuid")
	if uuid == "" {
		return nil, missing("GroupUuid")
	}
	i := slices.IndexFunc(f.books, func(b *book) bool { return b.uuid == uuid })
	switch {
	case i < 0:
		return nil, invalid("GroupUuid", "The address book %s does not exist.", uuid)
	case f.uses(f.books[i]) > 0:
		return nil, invalid("GroupUuid", "The address book is used by a policy.")
	}
	f.books = slices.Delete(f.books, i, i+1)
	return nil, nil
}
