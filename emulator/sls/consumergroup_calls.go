package sls

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// groupView is a consumer group as it is listed, and the body that makes or changes one.
type groupView struct {
	Name    string `json:"name"`
	Timeout int    `json:"timeout"`
	Order   bool   `json:"order"`
}

// checkpointView is a checkpoint as it is answered.
type checkpointView struct {
	Shard      int    `json:"shard"`
	Checkpoint string `json:"checkpoint"`
	UpdateTime int64  `json:"updateTime"` // microseconds
	Consumer   string `json:"consumer"`
}

func groupNotExist(name string) error {
	return failf(http.StatusNotFound, "ConsumerGroupNotExist", "consumer group %s does not exist", name)
}

// groupStore asks for the permission of the route on a consumer group, * for all, and finds its Logstore.
func (c *call) groupStore(group string) (*logstore, error) {
	name := c.path["n"]
	p, err := c.s.openProject(c.ctx, c.who(), c.route.action, c.project, "/logstore/"+name+"/consumergroup/"+group)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	ls := p.stores[name]
	if ls == nil || c.now.Before(ls.visible) {
		return nil, logstoreNotExist(name)
	}
	return ls, nil
}

// withGroup runs f on the group that the path names, under the Logstore's lock, with its shards.
func (c *call) withGroup(f func(g *consumerGroup, shards []*shard) error) error {
	ls, err := c.groupStore(c.path["cg"])
	if err != nil {
		return err
	}
	ls.expire(c.now)
	ls.mu.Lock()
	defer ls.mu.Unlock()
	g := ls.consumers[c.path["cg"]]
	if g == nil {
		return groupNotExist(c.path["cg"])
	}
	return f(g, ls.shards)
}

func (c *call) createConsumerGroup() error {
	var in struct {
		Name    string `json:"consumerGroup"`
		Timeout int    `json:"timeout"`
		Order   bool   `json:"order"`
	}
	if err := c.decodeJSON(&in, "JsonInfoInvalid"); err != nil {
		return err
	}
	if in.Name == "" || in.Timeout <= 0 {
		return failf(http.StatusBadRequest, "JsonInfoInvalid", "consumerGroup and a timeout above 0 are required")
	}
	ls, err := c.groupStore(in.Name)
	if err != nil {
		return err
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	switch limit := c.s.opts.Quotas.ConsumerGroups; {
	case ls.consumers[in.Name] != nil:
		return failf(http.StatusBadRequest, "ConsumerGroupAlreadyExist", "consumer group %s already exists", in.Name)
	case limit > 0 && len(ls.consumers) >= limit:
		return countExceeds("consumer group")
	case ls.consumers == nil:
		ls.consumers = map[string]*consumerGroup{}
	}
	ls.consumers[in.Name] = newConsumerGroup(in.Name, time.Duration(in.Timeout)*time.Second, in.Order)
	return c.empty()
}

func (c *call) updateConsumerGroup() error {
	return c.withGroup(func(g *consumerGroup, _ []*shard) error {
		in := groupView{Timeout: int(g.timeout / time.Second), Order: g.order}
		if err := c.decodeJSON(&in, "JsonInfoInvalid"); err != nil {
			return err
		}
		if in.Timeout <= 0 {
			return failf(http.StatusBadRequest, "JsonInfoInvalid", "a timeout is above 0")
		}
		g.timeout, g.order = time.Duration(in.Timeout)*time.Second, in.Order
		return c.empty()
	})
}

func (c *call) deleteConsumerGroup() error {
	ls, err := c.groupStore(c.path["cg"])
	if err != nil {
		return err
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.consumers[c.path["cg"]] == nil {
		return groupNotExist(c.path["cg"])
	}
	delete(ls.consumers, c.path["cg"])
	return c.empty()
}

func (c *call) listConsumerGroups() error {
	ls, err := c.groupStore("*")
	if err != nil {
		return err
	}
	ls.mu.RLock()
	defer ls.mu.RUnlock()
	list := []groupView{}
	for _, g := range ls.consumers {
		list = append(list, groupView{g.name, int(g.timeout / time.Second), g.order})
	}
	slices.SortFunc(list, func(a, b groupView) int { return strings.Compare(a.Name, b.Name) })
	return c.reply(list)
}

func (c *call) heartbeat() error {
	consumer := c.query.Get("consumer")
	if consumer == "" {
		return invalidf("consumer is required")
	}
	var held []int
	if err := json.Unmarshal(c.body, &held); err != nil {
		return failf(http.StatusBadRequest, "JsonInfoInvalid", "the body is not a list of shards")
	}
	return c.withGroup(func(g *consumerGroup, shards []*shard) error {
		mine, err := g.beat(consumer, held, shards, c.now)
		if err != nil {
			return err
		}
		return c.reply(mine)
	})
}

func (c *call) updateCheckpoint() error {
	var in struct {
		Shard      *int   `json:"shard"`
		Checkpoint string `json:"checkpoint"`
	}
	if err := c.decodeJSON(&in, "JsonInfoInvalid"); err != nil {
		return err
	}
	force, consumer := strings.EqualFold(c.query.Get("forceSuccess"), "true"), c.query.Get("consumer")
	if consumer == "" && !force {
		return invalidf("without a consumer forceSuccess must be true")
	}
	position, err := decodeCursor(in.Checkpoint)
	if err != nil || in.Shard == nil {
		return failf(http.StatusBadRequest, "InvalidShardCheckPoint", "the checkpoint is not a cursor")
	}
	return c.withGroup(func(g *consumerGroup, shards []*shard) error {
		if !slices.ContainsFunc(shards, func(sh *shard) bool { return sh.id == *in.Shard }) {
			err := shardNotExist(strconv.Itoa(*in.Shard))
			var e *Error
			if errors.As(err, &e) {
				e.Status = http.StatusNotFound // on checkpoints
			}
			return err
		}
		if err := g.save(consumer, *in.Shard, checkpoint{in.Checkpoint, position, c.now, consumer}, force); err != nil {
			return err
		}
		return c.empty()
	})
}

func (c *call) getCheckpoints() error {
	only := c.query.Get("shard")
	return c.withGroup(func(g *consumerGroup, shards []*shard) error {
		g.expire(c.now)
		list := []checkpointView{}
		for _, sh := range shards {
			if only != "" && only != strconv.Itoa(sh.id) {
				continue
			}
			v := checkpointView{Shard: sh.id, Consumer: g.owners[sh.id]}
			if p, ok := g.points[sh.id]; ok {
				v.Checkpoint, v.UpdateTime, v.Consumer = p.cursor, p.updated.UnixMicro(), p.consumer
			}
			list = append(list, v)
		}
		return c.reply(list)
	})
}
