package directory

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// contact is a person who gets messages about a directory, a folder or a member (ResourceDirectoryMaster 2022-04-19).
type contact struct {
	id, name, email, phone, title string
	types                         []string
	emailOK, phoneOK              bool
	created                       time.Time
	bound                         []contactBinding
}

type contactBinding struct {
	to string
	at time.Time
}

var (
	contactName   = regexp.MustCompile(`^[A-Za-z\p{Han}]{2,12}$`)
	contactTitles = []string{"FinanceDirector", "TechnicalDirector", "MaintenanceDirector", "CEO", "ProjectDirector", "Other"}
	messageTypes  = []string{"ServiceMessage", "FaultMessage", "AccountExpenses", "SecurityMessage", "ActivityMessage", "ProductMessage"}
)

// status is Active once the e-mail address, and the phone if there is one, are verified.
func (p *contact) status() string {
	if p.emailOK && (p.phone == "" || p.phoneOK) {
		return "Active"
	}
	return "Verifying"
}

// minutes is a time of contacts, for example 2023-03-27 17:19:21.
func minutes(t time.Time) string {
	return t.In(time.FixedZone("", 8*60*60)).Format("2006-01-02 15:04:05")
}

func (p *contact) view() object {
	to := []string{}
	for _, b := range p.bound {
		to = append(to, b.to)
	}
	return object{
		"ContactId": p.id, "Name": p.name, "EmailAddress": p.email, "PhoneNumber": p.phone, "Title": p.title,
		"MessageTypes": p.types, "Members": to, "Status": p.status(), "CreateDate": minutes(p.created),
	}
}

// repeated reads name.1, name.2, …
func repeated(c *gateway.Call, name string) (out []string) {
	for n := 1; ; n++ {
		v := c.Get(name + "." + strconv.Itoa(n))
		if v == "" {
			return out
		}
		out = append(out, v)
	}
}

// fill sets what a call gives and checks the whole. MissingParameter and InvalidParameter with the name of the parameter
// are the codes of the pages.
//
// Assumption: a name in use is 400 InvalidParameter.Name.
func (t *tree) fill(p *contact, c *gateway.Call) error {
	for name, field := range map[string]*string{"Name": &p.name, "EmailAddress": &p.email, "PhoneNumber": &p.phone, "Title": &p.title} {
		if v := c.Get(name); v != "" && v != *field {
			*field = v
			p.emailOK, p.phoneOK = p.emailOK && name != "EmailAddress", p.phoneOK && name != "PhoneNumber"
		}
	}
	if types := repeated(c, "MessageTypes"); types != nil {
		p.types = types
	}
	for _, x := range []struct{ name, value string }{
		{"Name", p.name}, {"EmailAddress", p.email}, {"Title", p.title}, {"MessageTypes", strings.Join(p.types, ",")},
	} {
		if x.value == "" {
			return missing(x.name)
		}
	}
	switch {
	case !contactName.MatchString(p.name), slices.ContainsFunc(t.contacts, func(o *contact) bool { return o.name == p.name && o.id != p.id }):
		return invalid("Name", "A name has 2 to 12 letters and is unique in the directory.")
	case !validEmail(p.email):
		return invalid("EmailAddress", "The e-mail address %q is invalid.", p.email)
	case p.phone != "" && !securePhone.MatchString(p.phone):
		return invalid("PhoneNumber", "A phone number is 86-<11 digits>.")
	case !slices.Contains(contactTitles, p.title):
		return invalid("Title", "The title is one of %s.", strings.Join(contactTitles, ", "))
	}
	for _, kind := range p.types {
		if !slices.Contains(messageTypes, kind) {
			return invalid("MessageTypes", "A message type is one of %s.", strings.Join(messageTypes, ", "))
		}
	}
	return nil
}

// unbind takes a folder or member that is gone out of every contact.
func (t *tree) unbind(id string) {
	for _, p := range t.contacts {
		p.bound = slices.DeleteFunc(p.bound, func(b contactBinding) bool { return b.to == id })
	}
}

func (s *Service) handleAddContact(t *tree, c *gateway.Call) (any, error) {
	p := &contact{created: s.o.Clock()}
	if err := t.fill(p, c); err != nil {
		return nil, err
	}
	p.id = s.newID("c", t.master)
	t.contacts = append(t.contacts, p)
	return object{"Contact": object{"ContactId": p.id, "CreateDate": minutes(p.created)}}, nil
}

// contact is the one that ContactId names.
func (t *tree) contact(c *gateway.Call) (*contact, error) {
	id := c.Get("ContactId")
	if id == "" {
		return nil, missing("ContactId")
	}
	for _, p := range t.contacts {
		if p.id == id {
			return p, nil
		}
	}
	return nil, invalid("ContactId", "There is no contact %s.", id)
}

func (s *Service) handleGetContact(t *tree, c *gateway.Call) (any, error) {
	p, err := t.contact(c)
	if err != nil {
		return nil, err
	}
	return object{"Contact": p.view()}, nil
}

func (s *Service) handleListContacts(t *tree, c *gateway.Call) (any, error) {
	page, err := readPage(c)
	if err != nil {
		return nil, err
	}
	id, to := c.Get("ContactId"), c.Get("Member")
	list := []object{}
	for _, p := range t.contacts {
		i := slices.IndexFunc(p.bound, func(b contactBinding) bool { return b.to == to })
		if id != "" && id != p.id || to != "" && i < 0 {
			continue
		}
		v := p.view()
		if i >= 0 {
			v["AssociatedDate"] = minutes(p.bound[i].at)
		}
		list = append(list, v)
	}
	return object{"Contacts": cut(page, list), "TotalCount": len(list), "PageNumber": page.number, "PageSize": page.size}, nil
}

// handleUpdateContact changes what is given; a new address or phone has to be verified.
//
// Assumption: the change shows at once, and the contact is Verifying until then.
func (s *Service) handleUpdateContact(t *tree, c *gateway.Call) (any, error) {
	p, err := t.contact(c)
	if err != nil {
		return nil, err
	}
	next := *p
	if err := t.fill(&next, c); err != nil {
		return nil, err
	}
	*p = next
	return object{"ContactId": p.id}, nil
}

// handleDeleteContact deletes a contact at once.
//
// Assumption: the deletion, which has a status Deleting in the documents, is done when it is answered.
func (s *Service) handleDeleteContact(t *tree, c *gateway.Call) (any, error) {
	p, err := t.contact(c)
	if err != nil {
		return nil, err
	}
	t.contacts = slices.DeleteFunc(t.contacts, func(o *contact) bool { return o == p })
	return object{"Status": "Success"}, nil
}

// verify is SendEmail- and SendPhoneVerificationForMessageContact. Nobody has a mailbox or a phone here, so what was sent
// is taken as confirmed.
//
// Assumption: an address other than that of the contact is InvalidParameter with its name.
func (s *Service) verify(name string, have func(*contact) string, done func(*contact)) func(*tree, *gateway.Call) (any, error) {
	return func(t *tree, c *gateway.Call) (any, error) {
		p, err := t.contact(c)
		switch {
		case err != nil:
			return nil, err
		case c.Get(name) == "":
			return nil, missing(name)
		case c.Get(name) != have(p):
			return nil, invalid(name, "%q is not that of the contact.", c.Get(name))
		}
		done(p)
		return nil, nil
	}
}

// handleAssociate binds a contact to up to five of: the directory, folders, members. The codes are those of the page.
//
// Assumption: what is bound already stays as it is; LimitExceeded.ContactMembers is for more than five in one call; the
// contact must be Active, otherwise 400 ContactStatusMismatchAction.
func (s *Service) handleAssociate(t *tree, c *gateway.Call) (any, error) {
	p, targets, err := t.associated(c)
	switch {
	case err != nil:
		return nil, err
	case p.status() != "Active":
		return nil, gateway.Errorf(400, "ContactStatusMismatchAction", "The contact is %s.", p.status())
	}
	out := []object{}
	for _, to := range targets {
		if !slices.ContainsFunc(p.bound, func(b contactBinding) bool { return b.to == to }) {
			p.bound = append(p.bound, contactBinding{to, s.o.Clock()})
		}
		out = append(out, object{"ContactId": p.id, "MemberId": to, "ModifyDate": minutes(s.o.Clock())})
	}
	return object{"Members": out}, nil
}

func (s *Service) handleDisassociate(t *tree, c *gateway.Call) (any, error) {
	p, targets, err := t.associated(c)
	if err != nil {
		return nil, err
	}
	out := []object{}
	for _, to := range targets {
		p.bound = slices.DeleteFunc(p.bound, func(b contactBinding) bool { return b.to == to })
		out = append(out, object{"ContactId": p.id, "MemberId": to, "ModifyDate": minutes(s.o.Clock())})
	}
	return object{"Members": out}, nil
}

// associated reads contact and targets of a binding.
func (t *tree) associated(c *gateway.Call) (*contact, []string, error) {
	p, err := t.contact(c)
	if err != nil {
		return nil, nil, err
	}
	targets := repeated(c, "Members")
	switch {
	case len(targets) == 0:
		return nil, nil, invalid("Members", "At least one member is needed.")
	case len(targets) > 5:
		return nil, nil, gateway.Errorf(400, "LimitExceeded.ContactMembers", "At most 5 members are bound at once.")
	}
	for i, to := range targets {
		if slices.Contains(targets[:i], to) {
			return nil, nil, invalid("Members.Duplicate", "%s is there twice.", to)
		}
		if to != t.id && !t.hasFolder(to) && t.members[to] == nil {
			return nil, nil, gateway.Errorf(400, "InvalidMember", "%s is not in the resource directory.", to)
		}
	}
	return p, targets, nil
}
