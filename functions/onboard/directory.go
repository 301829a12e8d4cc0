package main

import (
	"context"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// directoryMembers lists the members. Whether an account is being closed is not in the list: it is asked for the
// accounts that look names.
func (h *handler) directoryMembers(ctx context.Context, look ...string) ([]org.DirectoryMember, error) {
	list, err := h.members.ListMembers(ctx)
	if err != nil {
		return nil, err
	}
	asked := map[string]bool{}
	for _, uid := range look {
		asked[uid] = true
	}
	out := make([]org.DirectoryMember, 0, len(list))
	for _, m := range list {
		d := org.DirectoryMember{UID: m.ID, Name: m.Name, Status: m.Status, Path: m.Path}
		for _, t := range m.Tags.Tag {
			d.Tags = append(d.Tags, org.Tag(t))
		}
		if asked[m.ID] {
			a, err := h.members.GetAccount(ctx, m.ID)
			if err != nil && soc.KindOf(err) != soc.NotFound { // gone since: the next look sees it
				return nil, err
			}
			d.Closing = a.Closing()
		}
		out = append(out, d)
	}
	return out, nil
}

// memberList reads the members of the directory.
type memberList interface {
	ListMembers(ctx context.Context) ([]directory.Member, error)
	GetAccount(ctx context.Context, uid string) (directory.Account, error)
}
