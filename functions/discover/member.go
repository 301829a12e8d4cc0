package main

import (
	"context"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
)

// logService is the log service of a member's region, read with the collector role.
type logService struct{ c *sls.Client }

func (s logService) Projects(ctx context.Context) ([]string, error) {
	const page = 100
	var out []string
	for {
		infos, total, err := s.c.ListProjects(ctx, len(out), page, "")
		if err != nil {
			return nil, err
		}
		for _, p := range infos {
			out = append(out, p.Name)
		}
		if len(infos) == 0 || len(out) >= total {
			return out, nil
		}
	}
}

func (s logService) Logstores(ctx context.Context, project string) ([]string, error) {
	return s.c.Project(project).ListLogstores(ctx)
}

func (s logService) Shards(ctx context.Context, project, logstore string) ([]sls.Shard, error) {
	return s.c.Project(project).ListShards(ctx, logstore)
}

func (s logService) Position(ctx context.Context, project, logstore string, shard int, from string) (int64, error) {
	c, err := s.c.Project(project).Cursor(ctx, logstore, shard, from)
	return int64(c), err
}
