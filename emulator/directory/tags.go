package directory

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// tagsPerResource is how many tags a member or folder may have.
//
// Assumption: 20, the number that the create operations take; codes are InvalidParameter.<parameter> and
// LimitExceeded.Tag.
const tagsPerResource = 20

// tagged is what a tag operation is about: the lists of tags by id, of one type.
type tagged struct {
	kind string
	of   map[string]*[]tag
}

// taggable lists the members or the folders of a directory. Resource groups, the default type of the 2020 version, are
// not offered.
func (t *tree) taggable(c *gateway.Call) (tagged, error) {
	out := tagged{c.Get("ResourceType"), map[string]*[]tag{}}
	switch strings.ToLower(out.kind) {
	case "account":
		out.kind = "Account"
		for id, m := range t.members {
			out.of[id] = &m.tags
		}
	case "folder":
		out.kind = "Folder"
		for id, f := range t.folders {
			out.of[id] = &f.tags
		}
	case "", "resourcegroup":
		return out, notSupported("ResourceType", "tags of resource groups")
	default:
		return out, invalid("ResourceType", "The type %q is none of Account and Folder.", out.kind)
	}
	return out, nil
}

// chosen are the ids that ResourceId.N names, all of which must exist.
func (g tagged) chosen(c *gateway.Call) ([]string, error) {
	ids := numbered(c, "ResourceId")
	for _, id := range ids {
		if g.of[id] == nil && g.kind == "Folder" {
			return nil, noFolder(id)
		}
		if g.of[id] == nil {
			return nil, noAccount(id)
		}
	}
	return ids, nil
}

func numbered(c *gateway.Call, name string) []string {
	var out []string
	for n := 1; ; n++ {
		v := c.Get(name + "." + strconv.Itoa(n))
		if v == "" {
			return out
		}
		out = append(out, v)
	}
}

// checkTags checks the tags that a request gives to a resource.
func checkTags(list []tag) error {
	if len(list) > tagsPerResource {
		return conflict("LimitExceeded.Tag", "A request has at most %d tags.", tagsPerResource)
	}
	for i, t := range list {
		switch {
		case slices.ContainsFunc(list[:i], func(o tag) bool { return o.Key == t.Key }):
			return invalid("TagKey", "The tag key %q is there twice.", t.Key)
		case utf8.RuneCountInString(t.Key) > 128, strings.HasPrefix(t.Key, "acs:"), strings.HasPrefix(t.Key, "aliyun"), strings.Contains(t.Key, "http://"), strings.Contains(t.Key, "https://"):
			return invalid("TagKey", "The tag key %q is not allowed.", t.Key)
		case utf8.RuneCountInString(t.Value) > 128, strings.HasPrefix(t.Value, "acs:"), strings.Contains(t.Value, "http://"), strings.Contains(t.Value, "https://"):
			return invalid("TagValue", "The tag value %q is not allowed.", t.Value)
		}
	}
	return nil
}

func (s *Service) handleTag(t *tree, c *gateway.Call) (any, error) {
	g, err := t.taggable(c)
	if err != nil {
		return nil, err
	}
	ids, err := g.chosen(c)
	added := readTags(c)
	switch {
	case err != nil:
		return nil, err
	case len(ids) == 0:
		return nil, missing("ResourceId")
	case len(added) == 0:
		return nil, missing("Tag")
	}
	if err := checkTags(added); err != nil {
		return nil, err
	}
	merged := map[string][]tag{}
	for _, id := range ids {
		list := slices.Clone(*g.of[id])
		for _, n := range added {
			list = append(slices.DeleteFunc(list, func(x tag) bool { return x.Key == n.Key }), n)
		}
		if len(list) > tagsPerResource {
			return nil, conflict("LimitExceeded.Tag", "The resource %s would have more than %d tags.", id, tagsPerResource)
		}
		merged[id] = list
	}
	for id, list := range merged {
		*g.of[id] = list
	}
	return nil, nil
}

func (s *Service) handleUntag(t *tree, c *gateway.Call) (any, error) {
	g, err := t.taggable(c)
	if err != nil {
		return nil, err
	}
	ids, err := g.chosen(c)
	keys, all := numbered(c, "TagKey"), c.Get("All") == "true"
	switch {
	case err != nil:
		return nil, err
	case len(ids) == 0:
		return nil, missing("ResourceId")
	case len(keys) == 0 && !all:
		return nil, missing("TagKey")
	}
	for _, id := range ids {
		*g.of[id] = slices.DeleteFunc(slices.Clone(*g.of[id]), func(x tag) bool { return slices.Contains(keys, x.Key) || all && len(keys) == 0 })
	}
	return nil, nil
}

// rows are all tags of the chosen resources, or of all, by id and key.
func (g tagged) rows(ids []string) (out []tagRow) {
	for id, list := range g.of {
		if len(ids) > 0 && !slices.Contains(ids, id) {
			continue
		}
		for _, x := range *list {
			out = append(out, tagRow{id, x})
		}
	}
	slices.SortFunc(out, func(a, b tagRow) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.tag.Key, b.tag.Key)) })
	return out
}

type tagRow struct {
	id  string
	tag tag
}

func (s *Service) handleListTagResources(t *tree, c *gateway.Call) (any, error) {
	g, err := t.taggable(c)
	if err != nil {
		return nil, err
	}
	ids, err := g.chosen(c)
	if err != nil {
		return nil, err
	}
	filter := readTags(c)
	rows := slices.DeleteFunc(g.rows(ids), func(r tagRow) bool {
		return !(&member{tags: *g.of[r.id]}).matches(filter)
	})
	return tokened(c, "TagResources", rows, func(r tagRow) object {
		return object{"ResourceId": r.id, "ResourceType": g.kind, "TagKey": r.tag.Key, "TagValue": r.tag.Value}
	})
}

func (s *Service) handleListTagKeys(t *tree, c *gateway.Call) (any, error) {
	return listTagWords(t, c, "Key", "KeyFilter", func(x tag) (string, bool) { return x.Key, true })
}

func (s *Service) handleListTagValues(t *tree, c *gateway.Call) (any, error) {
	key := c.Get("TagKey")
	if key == "" {
		return nil, missing("TagKey")
	}
	return listTagWords(t, c, "Value", "ValueFilter", func(x tag) (string, bool) { return x.Value, x.Key == key })
}

func listTagWords(t *tree, c *gateway.Call, name, filter string, word func(tag) (string, bool)) (any, error) {
	g, err := t.taggable(c)
	if err != nil {
		return nil, err
	}
	var words []string
	for _, r := range g.rows(nil) {
		if w, ok := word(r.tag); ok && strings.Contains(w, c.Get(filter)) {
			words = append(words, w)
		}
	}
	slices.Sort(words)
	return tokened(c, "Tags", slices.Compact(words), func(w string) object { return object{name: w} })
}

// tokened is one page by NextToken of a list without wrapper; NextToken is empty on the last page.
func tokened[T any](c *gateway.Call, name string, all []T, view func(T) object) (any, error) {
	offset, limit, err := readToken(c)
	if err != nil {
		return nil, err
	}
	offset = min(offset, len(all))
	end := min(offset+limit, len(all))
	out := make([]object, 0, end-offset)
	for _, x := range all[offset:end] {
		out = append(out, view(x))
	}
	next := ""
	if end < len(all) {
		next = nextToken(end)
	}
	return object{name: out, "NextToken": next}, nil
}
