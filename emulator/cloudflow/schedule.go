package cloudflow

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// Schedule is a parsed cron expression.
type Schedule interface {
	// Next is the first time after t; the zero time when there is none.
	Next(t time.Time) time.Time
}

// schedule starts a flow by the clock.
type schedule struct {
	id, name, cron, payload, description string
	enabled                              bool
	next                                 time.Time // zero = never again
	times                                Schedule
	created, modified                    time.Time
}

// maxMissed is how many missed times are made up for when the clock jumps; older ones are dropped.
const maxMissed = 8

func (x *schedule) view() map[string]any {
	return map[string]any{
		"ScheduleId": x.id, "ScheduleName": x.name, "CronExpression": x.cron, "Payload": x.payload, "Enable": x.enabled,
		"Description": x.description, "CreatedTime": stamp(x.created), "LastModifiedTime": stamp(x.modified),
	}
}

// change applies the parameters of CreateSchedule and UpdateSchedule to a copy.
func (x schedule) change(s *Service, c *gateway.Call) (*schedule, error) {
	now := s.clock()
	if v := c.Get("CronExpression"); v != "" && v != x.cron {
		if s.cron == nil {
			return nil, gateway.Errorf(400, "ActionNotSupported", "this emulator has no clock for schedules")
		}
		times, err := s.cron(v)
		if err != nil {
			return nil, invalid("CronExpression: %v", err)
		}
		x.cron, x.times, x.next = v, times, times.Next(now)
	}
	if v := c.Get("Payload"); v != "" {
		if _, err := decodeObject(v); err != nil {
			return nil, invalid("Payload must be a JSON object: %v", err)
		}
		x.payload = v
	}
	switch v := c.Get("Enable"); v {
	case "":
	case "true", "false":
		if on := v == "true"; on != x.enabled {
			x.enabled, x.next = on, x.times.Next(now) // what was due meanwhile is not made up for
		}
	default:
		return nil, invalid("Enable is true or false")
	}
	if v := c.Get("Description"); v != "" {
		x.description = v
	}
	x.modified = now
	return &x, nil
}

// createSchedule makes a schedule. Assumption: a name that is taken is 409 ScheduleAlreadyExists; express flows have no
// schedules, since StartExecution does not take them.
func (s *Service) createSchedule(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c, "ScheduleName", "CronExpression")
	if err != nil {
		return nil, err
	}
	defer unlock()
	name := c.Get("ScheduleName")
	switch {
	case !nameRule.MatchString(name):
		return nil, invalid("schedule name %q: a letter or _ first, then letters, digits, _ and -, at most 128", name)
	case f.schedules[name] != nil:
		return nil, gateway.Errorf(409, "ScheduleAlreadyExists", "Schedule '%s' already exists", name)
	case f.mode == "Express":
		return nil, gateway.Errorf(400, "ActionNotSupported", "the execution mode of flow %s is Express", f.name)
	}
	x, err := schedule{id: uuid.NewString(), name: name, enabled: s.assume.ScheduleEnabled(c.Get("Enable")), created: s.clock()}.change(s, c)
	if err != nil {
		return nil, err
	}
	f.schedules[name] = x
	return x.view(), nil
}

func (f *flow) schedule(name string) (*schedule, error) {
	if x := f.schedules[name]; x != nil {
		return x, nil
	}
	return nil, gateway.Errorf(404, "ScheduleNotExists", "Schedule '%s' of flow '%s' does not exist", name, f.name)
}

func (s *Service) updateSchedule(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c, "ScheduleName")
	if err != nil {
		return nil, err
	}
	defer unlock()
	x, err := f.schedule(c.Get("ScheduleName"))
	if err != nil {
		return nil, err
	}
	if x, err = x.change(s, c); err != nil {
		return nil, err
	}
	f.schedules[x.name] = x
	return x.view(), nil
}

func (s *Service) describeSchedule(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c, "ScheduleName")
	if err != nil {
		return nil, err
	}
	defer unlock()
	x, err := f.schedule(c.Get("ScheduleName"))
	if err != nil {
		return nil, err
	}
	return x.view(), nil
}

func (s *Service) deleteSchedule(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c, "ScheduleName")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := f.schedule(c.Get("ScheduleName")); err != nil {
		return nil, err
	}
	delete(f.schedules, c.Get("ScheduleName"))
	return nil, nil
}

func (s *Service) listSchedules(_ context.Context, c *gateway.Call) (any, error) {
	f, unlock, err := s.named(c)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var all []map[string]any
	for _, name := range slices.Sorted(maps.Keys(f.schedules)) {
		all = append(all, f.schedules[name].view())
	}
	return listed(c, "Schedules", all)
}

func (s *Service) poll(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
			s.Tick()
		}
	}
}

// Tick looks at the clock once and starts one execution for each time of a schedule that has come. The Service calls it
// by itself unless Options.Poll is negative.
//
// Assumption: the flow's input is the payload alone, {} when there is none.
func (s *Service) Tick() {
	now := s.clock()
	var due []startOptions
	s.mu.Lock()
	for _, f := range s.flows {
		for _, x := range f.schedules {
			n := 0
			for x.enabled && !x.next.IsZero() && !x.next.After(now) {
				x.next = x.times.Next(x.next)
				n++
			}
			for range min(n, maxMissed) {
				due = append(due, startOptions{account: f.account, flow: f.name, input: x.payload})
			}
		}
	}
	s.mu.Unlock()
	for _, o := range due {
		_, _ = s.start(o) // the flow was deleted meanwhile: nobody is left to tell
	}
}
