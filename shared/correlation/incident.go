package correlation

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// MaxEntities bounds the entities that an incident lists; attackers and keys come before victims when it cuts.
const MaxEntities = 200

// fill computes everything of an incident that follows from its alerts. Id, state and opening time stay.
func fill(inc *soc.Incident, alerts []soc.Alert, in Input) {
	accounts, rules := map[string]bool{}, map[string]bool{}
	inc.FirstSeen, inc.LastSeen = alerts[0].EventTime, alerts[len(alerts)-1].EventTime
	inc.Level = 0
	for _, a := range alerts {
		inc.Level = max(inc.Level, a.Level)
		accounts[a.Account], rules[a.RuleID] = true, true
	}
	inc.Accounts = slices.Sorted(maps.Keys(accounts))
	inc.Rules = slices.Sorted(maps.Keys(rules))
	inc.Entities = entities(alerts)
	inc.Alerts = len(alerts)
	inc.UpdatedAt = in.Now
	inc.Title, inc.TitleZH = title(inc, alerts, in.TitleZH)
}

// partRank orders the parts an entity can play: what it was in any alert at its worst is what it is in the incident.
var partRank = map[string]int{"attacker": 0, "means": 1, "": 2, "victim": 3}

func rank(part string) int {
	if r, ok := partRank[part]; ok {
		return r
	}
	return len(partRank)
}

// entities returns the distinct entities of alerts sorted by key.
func entities(alerts []soc.Alert) []soc.Entity {
	byKey := map[string]soc.Entity{}
	for _, a := range alerts {
		for _, e := range a.Entities {
			if e.Value == "" {
				continue
			}
			k := e.Key()
			old, ok := byKey[k]
			if !ok {
				byKey[k] = e
				continue
			}
			if rank(e.Part) < rank(old.Part) {
				old.Part = e.Part
			}
			if old.Account == "" || e.Account != "" && e.Account < old.Account {
				old.Account = e.Account
			}
			byKey[k] = old
		}
	}
	out := slices.Collect(maps.Values(byKey))
	byName := func(a, b soc.Entity) int { return strings.Compare(a.Key(), b.Key()) }
	if len(out) > MaxEntities {
		slices.SortFunc(out, func(a, b soc.Entity) int {
			if d := rank(a.Part) - rank(b.Part); d != 0 {
				return d
			}
			return byName(a, b)
		})
		out = out[:MaxEntities]
	}
	slices.SortFunc(out, byName)
	return out
}

// title names the strongest rule, how many others fired, where, and who did it, if that can be said safely.
func title(inc *soc.Incident, alerts []soc.Alert, zh func(string) string) (string, string) {
	top := alerts[0]
	for _, a := range alerts {
		if a.Level > top.Level {
			top = a
		}
	}
	en, cn := top.RuleTitle, ""
	if zh != nil {
		cn = zh(top.RuleID)
	}
	if cn == "" {
		cn = top.RuleTitle
	}
	if n := len(inc.Rules) - 1; n > 0 {
		en += fmt.Sprintf(" and %d other kinds of alerts", n)
		if n == 1 {
			en = top.RuleTitle + " and 1 other kind of alert"
		}
		cn += fmt.Sprintf("等 %d 类告警", n+1)
	}
	if n := len(inc.Accounts); n > 1 {
		en += fmt.Sprintf(" in %d accounts", n)
		cn += fmt.Sprintf("，涉及 %d 个账号", n)
	} else {
		en += " in account " + inc.Accounts[0]
		cn += "，账号 " + inc.Accounts[0]
	}
	if who := culprit(alerts); who != "" {
		en += " (" + who + ")"
		cn += "（" + who + "）"
	}
	return en, cn
}

var keyID = regexp.MustCompile(`^(LTAI|STS\.)[0-9A-Za-z]{8,64}$`)

// culprit returns the attacking address, or else key, of most alerts that has the form of one; the first of equals.
func culprit(alerts []soc.Alert) string {
	ips, keys := map[string]int{}, map[string]int{}
	for _, a := range alerts {
		for _, e := range a.Entities {
			switch {
			case e.Part != "attacker":
			case e.Type == soc.EntityIP:
				if ip, err := netip.ParseAddr(e.Value); err == nil && ip.Zone() == "" {
					ips[ip.Unmap().String()]++
				}
			case e.Type == soc.EntityAccessKey && keyID.MatchString(e.Value):
				keys[e.Value]++
			}
		}
	}
	if len(ips) == 0 {
		ips = keys
	}
	best := ""
	for _, v := range slices.Sorted(maps.Keys(ips)) {
		if best == "" || ips[v] > ips[best] {
			best = v
		}
	}
	return best
}
