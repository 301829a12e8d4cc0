package main

import (
	"context"
	"sync"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/collect"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// renewing reads as the collector role of a member. When a read is denied it assumes the role again and reads once more:
// the credentials of a role that was deleted and made again are dead before their time, and collecting is to go on.
type renewing struct {
	collect.Reader
	roles interface {
		Get(ctx context.Context, role sts.Role) (sts.Credentials, error)
		Forget(role sts.Role, stale sts.Credentials)
	}
	role sts.Role

	mu   sync.Mutex
	used sts.Credentials
}

// Pull reads a page.
func (r *renewing) Pull(ctx context.Context, logstore string, shard int, from sls.Cursor, o sls.PullOptions) (*sls.Page, error) {
	p, err := r.Reader.Pull(ctx, logstore, shard, from, o)
	if r.renewed(ctx, err) {
		return r.Reader.Pull(ctx, logstore, shard, from, o)
	}
	return p, err
}

// Cursor reads a position.
func (r *renewing) Cursor(ctx context.Context, logstore string, shard int, from string) (sls.Cursor, error) {
	c, err := r.Reader.Cursor(ctx, logstore, shard, from)
	if r.renewed(ctx, err) {
		return r.Reader.Cursor(ctx, logstore, shard, from)
	}
	return c, err
}

// ListShards reads the shards of a Logstore.
func (r *renewing) ListShards(ctx context.Context, logstore string) ([]sls.Shard, error) {
	list, err := r.Reader.ListShards(ctx, logstore)
	if r.renewed(ctx, err) {
		return r.Reader.ListShards(ctx, logstore)
	}
	return list, err
}

// renewed tells whether the read was denied and the role gave other credentials since.
func (r *renewing) renewed(ctx context.Context, err error) bool {
	if soc.KindOf(err) != soc.Denied {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.roles.Forget(r.role, r.used)
	fresh, err := r.roles.Get(ctx, r.role)
	if err != nil || fresh.AccessKeyID == r.used.AccessKeyID {
		return false
	}
	r.used = fresh
	return true
}
