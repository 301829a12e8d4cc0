package sls

import (
	"net/http"
	"strconv"
	"strings"
)

// SplitAt splits, without permissions, the shard that a request names, or the first writable shard of its Logstore when
// the request names none. It is how a test lets a shard split between two calls of a reader.
func (s *Service) SplitAt(r *http.Request) error {
	project, _ := resolveHost(r, s.opts.BaseHosts)
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 2 || parts[0] != "logstores" {
		return invalidf("%s names no Logstore", r.URL.Path)
	}
	ls, err := s.find(project, parts[1])
	if err != nil {
		return err
	}
	id := -1
	if len(parts) == 4 && parts[2] == "shards" {
		if n, err := strconv.Atoi(parts[3]); err == nil {
			id = n
		}
	}
	for _, sh := range ls.allShards() {
		if id < 0 && sh.status() == "readwrite" {
			id = sh.id
		}
	}
	_, err = ls.split(id, "", 2, s.opts.Clock())
	return err
}
