package main

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
)

// logService is the log service of a member's region, read with the collector role.
type logService struct{ c *sls.Client }

func (s logService) Project(ctx context.Context, project string) error {
	_, err := s.c.Project(project).Get(ctx)
	return err
}

func (s logService) Logstore(ctx context.Context, project, logstore string) error {
	_, err := s.c.Project(project).GetLogstore(ctx, logstore)
	return err
}

func (s logService) Span(ctx context.Context, project, logstore string, shard int) (begin, end int64, err error) {
	p := s.c.Project(project)
	first, err := p.Cursor(ctx, logstore, shard, "begin")
	if err != nil {
		return 0, 0, err
	}
	next, err := p.Cursor(ctx, logstore, shard, "end")
	return int64(first), int64(next), err
}

func (s logService) ArrivedAt(ctx context.Context, project, logstore string, shard int, position int64) (time.Time, error) {
	return s.c.Project(project).CursorTime(ctx, logstore, shard, sls.Cursor(position))
}
