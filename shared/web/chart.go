package web

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Charts are computed here, in pixels of a fixed drawing, and drawn by templates/charts.html. Texts in them are escaped
// like all others.

// levelBar is one bar of the open events by severity.
type levelBar struct {
	Level soc.Level
	N     int
	Width int // of 240
	Old   time.Time
}

func levelBars(open []soc.Incident) []levelBar {
	out := make([]levelBar, len(levels))
	most := 1
	for i, l := range levels {
		out[i].Level = l
		for _, e := range open {
			if e.Level != l {
				continue
			}
			out[i].N++
			if out[i].Old.IsZero() || e.OpenedAt.Before(out[i].Old) {
				out[i].Old = e.OpenedAt
			}
		}
		most = max(most, out[i].N)
	}
	for i := range out {
		if out[i].N > 0 {
			out[i].Width = max(4, 240*out[i].N/most)
		}
	}
	return out
}

// hourChart is the alerts of the last 24 hours, by hour and in three bands of severity.
type hourChart struct {
	Hours []hour
	Most  int
	Total int
}

type hour struct {
	From          time.Time
	X             int
	Top, Mid, Low int // counts: critical and high, medium, low and below
	YTop, YMid    int
	YLow          int
	HTop, HMid    int
	HLow          int
	Label         string // of the axis, "" for most
	Sum           int
}

// chartHeight is the height of the columns, hourWidth the step from one to the next.
const (
	chartHeight = 120
	hourWidth   = 20
)

func alertHours(alerts []soc.Alert, now time.Time) hourChart {
	end := now.UTC().Truncate(time.Hour).Add(time.Hour)
	c := hourChart{Hours: make([]hour, 24)}
	for i := range c.Hours {
		h := &c.Hours[i]
		h.From, h.X = end.Add(time.Duration(i-24)*time.Hour), 40+i*hourWidth
		if i%4 == 3 {
			h.Label = h.From.Format("15:04")
		}
	}
	for _, a := range alerts {
		i := 24 - int((end.Sub(a.EventTime)+time.Hour-1)/time.Hour)
		if i < 0 || i >= 24 {
			continue
		}
		h := &c.Hours[i]
		switch {
		case a.Level >= soc.High:
			h.Top++
		case a.Level == soc.Medium:
			h.Mid++
		default:
			h.Low++
		}
		h.Sum++
		c.Total++
		c.Most = max(c.Most, h.Sum)
	}
	for i := range c.Hours {
		h := &c.Hours[i]
		scale := func(n int) int {
			if n == 0 {
				return 0
			}
			return max(2, n*chartHeight/c.Most)
		}
		h.HLow, h.HMid, h.HTop = scale(h.Low), scale(h.Mid), scale(h.Top)
		h.YLow = 10 + chartHeight - h.HLow
		h.YMid = h.YLow - h.HMid
		h.YTop = h.YMid - h.HTop
	}
	return c
}

// sourceGrid is the health of the sources, one row an account and one column a template.
type sourceGrid struct {
	Templates []string
	Rows      []gridRow
}

type gridRow struct {
	Account string
	Cells   [][]soc.DataSource // per template; one source a region
}

func gridOf(accounts []soc.Account, sources []soc.DataSource) sourceGrid {
	templates, rows := map[string]bool{}, map[string]map[string][]soc.DataSource{}
	for _, a := range accounts {
		if a.State != soc.AccountLeft {
			rows[a.UID] = map[string][]soc.DataSource{}
		}
	}
	for _, d := range byAccount(sources) {
		d.Health = healthOf(d)
		templates[d.Template] = true
		if rows[d.Account] == nil {
			rows[d.Account] = map[string][]soc.DataSource{}
		}
		rows[d.Account][d.Template] = append(rows[d.Account][d.Template], d)
	}
	g := sourceGrid{Templates: slices.Sorted(maps.Keys(templates))}
	for _, uid := range slices.Sorted(maps.Keys(rows)) {
		row := gridRow{Account: uid, Cells: make([][]soc.DataSource, len(g.Templates))}
		for i, t := range g.Templates {
			row.Cells[i] = rows[uid][t]
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

// laneChart is an event's timeline: one lane an account, one dot an alert.
type laneChart struct {
	Lanes  []lane
	Height int
	From   time.Time
	To     time.Time
}

type lane struct {
	Account string
	Y       int
	Dots    []dot
}

type dot struct {
	X     int
	Alert soc.Alert
}

// Lanes begin at laneLeft and are laneWidth long; laneStep is from one to the next.
const (
	laneLeft  = 190
	laneWidth = 520
	laneStep  = 44
	maxDots   = 400 // of the newest alerts
)

func lanesOf(e event) laneChart {
	alerts := slices.SortedFunc(slices.Values(e.Alerts), func(a, b soc.Alert) int { return cmp.Or(a.EventTime.Compare(b.EventTime), cmp.Compare(a.ID, b.ID)) })
	alerts = alerts[max(0, len(alerts)-maxDots):]
	if len(alerts) == 0 {
		return laneChart{}
	}
	c := laneChart{From: alerts[0].EventTime, To: alerts[len(alerts)-1].EventTime}
	span := max(c.To.Sub(c.From), time.Second)
	at := map[string]int{}
	for _, a := range alerts {
		i, ok := at[a.Account]
		if !ok {
			i = len(c.Lanes)
			at[a.Account] = i
			c.Lanes = append(c.Lanes, lane{Account: a.Account, Y: 28 + i*laneStep})
		}
		x := laneLeft + 10 + int(float64(laneWidth-20)*float64(a.EventTime.Sub(c.From))/float64(span))
		c.Lanes[i].Dots = append(c.Lanes[i].Dots, dot{x, a})
	}
	c.Height = 28 + len(c.Lanes)*laneStep + 10
	return c
}

// entityPicture shows which account saw which entity: accounts on the left, entities on the right.
type entityPicture struct {
	Accounts []node
	Entities []node
	Lines    []line
	Height   int
	Hidden   int // entities beyond maxNodes
}

type node struct {
	Y       int
	Account string
	Entity  soc.Entity
}

type line struct{ Y1, Y2 int }

// maxNodes is how many entities are drawn, nodeStep the room of one.
const (
	maxNodes = 16
	nodeStep = 44
)

func pictureOf(e event) entityPicture {
	entities := slices.SortedStableFunc(slices.Values(e.Event.Entities), func(a, b soc.Entity) int {
		return cmp.Compare(partOrder[a.Part], partOrder[b.Part])
	})
	p := entityPicture{Hidden: max(0, len(entities)-maxNodes)}
	entities = entities[:min(maxNodes, len(entities))]
	rows := max(len(entities), len(e.Event.Accounts))
	p.Height = rows*nodeStep + 8
	place := func(i, n int) int { return 4 + nodeStep/2 + i*nodeStep + (rows-n)*nodeStep/2 }
	accountY, entityY := map[string]int{}, map[string]int{}
	for i, uid := range e.Event.Accounts {
		accountY[uid] = place(i, len(e.Event.Accounts))
		p.Accounts = append(p.Accounts, node{Y: accountY[uid], Account: uid})
	}
	for i, x := range entities {
		entityY[x.Key()] = place(i, len(entities))
		p.Entities = append(p.Entities, node{Y: entityY[x.Key()], Entity: x})
	}
	seen := map[line]bool{}
	for _, a := range e.Alerts {
		for _, x := range a.Entities {
			y1, ok1 := accountY[a.Account]
			y2, ok2 := entityY[x.Key()]
			if l := (line{y1, y2}); ok1 && ok2 && !seen[l] {
				seen[l] = true
				p.Lines = append(p.Lines, l)
			}
		}
	}
	return p
}

var partOrder = map[string]int{"attacker": 0, "means": 1, "victim": 2, "": 3}
