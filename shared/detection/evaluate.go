package detection

import (
	"fmt"
	"iter"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/normalize"
	"github.com/fenghuo-soc/fenghuo/shared/sigma"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Log is one log of a group: its time and its fields in order.
type Log interface {
	Time() (sec, ns uint32)
	normalize.Fields
}

// Group is what is read of a LogGroup. L is the client's type of a log.
type Group[L Log] interface {
	Topic() []byte
	Logs() iter.Seq2[int, L]
}

// Stats counts what happened to a group.
type Stats struct {
	Records int      // logs seen
	Alerts  int      // alerts made
	Late    int      // alerts on records that arrived more than soc.LateAfter behind their event time
	Poison  []Poison // logs that could not be judged
}

// Poison is a log that could not be judged. The others of its group were.
type Poison struct {
	Index  int
	Reason string // never holds text of the log
}

// Bounds on the evidence that an alert carries.
const (
	maxEvidence      = 16
	maxEvidenceBytes = 1024
)

// Evaluate runs the rules of d on every log of a group that was read from origin and returns the alerts in the order of the logs
// and rules. The same group gives the same alerts with the same ids. A log that cannot be read is counted in the
// stats and the others go on. An origin with a template that has no format here is an error of kind Unsupported.
func Evaluate[L Log](d *Detector, group Group[L], origin soc.Origin, now time.Time) ([]soc.Alert, Stats, error) {
	var stats Stats
	template, ok := normalize.Lookup(origin.Template)
	if !ok {
		return nil, stats, &soc.Error{
			Kind: soc.Unsupported, Op: "evaluate a LogGroup", Account: origin.Account, Resource: origin.Template,
			Err: fmt.Errorf("the template has no log format"), Next: "switch the policy off, or add the format to shared/normalize",
		}
	}
	w := d.workers.Get().(*worker)
	defer d.workers.Put(w)
	var alerts []soc.Alert
	topic := group.Topic()
	source := template.SourceOf(topic)
	for index, log := range group.Logs() {
		stats.Records++
		w.record.Reset(template, topic, log)
		w.hits = d.set.Match(w.record, source, w.scratch, w.hits[:0])
		if err := w.record.Err(); err != nil {
			stats.Poison = append(stats.Poison, Poison{Index: index, Reason: err.Error()})
			continue
		}
		for i := range w.hits {
			sec, ns := log.Time()
			a := d.alert(w.record, &w.hits[i], origin, origin.Record(index), time.Unix(int64(sec), int64(ns)).UTC(), now)
			if a.Late {
				stats.Late++
			}
			alerts = append(alerts, a)
		}
	}
	stats.Alerts = len(alerts)
	return alerts, stats, nil
}

// alert writes down a hit.
func (d *Detector) alert(r *normalize.Record, hit *sigma.Hit, origin soc.Origin, id soc.RecordID, written, now time.Time) soc.Alert {
	happened, ok := r.EventTime()
	if !ok {
		happened = written
	}
	a := soc.Alert{
		ID: soc.AlertID(hit.Rule.ID, id), RuleID: hit.Rule.ID, RuleTitle: hit.Rule.Title, RuleSet: d.set.Hash(),
		Level: soc.ParseLevel(hit.Rule.Level), Techniques: Techniques(hit.Rule.Tags),
		Account: origin.Account, Region: origin.Region, Template: origin.Template, Record: id,
		EventTime: happened, WrittenAt: written, ReadAt: origin.ReadAt, CreatedAt: now,
		Late: origin.ReadAt.Sub(happened) > soc.LateAfter, Entities: r.Entities(origin.Account),
	}
	for _, f := range hit.Fields[:min(len(hit.Fields), maxEvidence)] {
		if v := r.Evidence(f, maxEvidenceBytes); v != "" {
			if a.Evidence == nil {
				a.Evidence = map[string]string{}
			}
			a.Evidence[f.Name] = v
		}
	}
	return a
}
