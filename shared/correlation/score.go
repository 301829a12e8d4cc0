package correlation

import (
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Window is how far apart by event time two alerts with a common entity may be to belong together. An hour holds the
// steps of one intrusion and ActionTrail's lag, and keeps a shared address of today and of last week apart.
const Window = time.Hour

// Lookback is how far before a new alert a caller has to offer unassigned alerts: links chain, so one window is not
// enough; a day bounds what a run reads.
const Lookback = 24 * time.Hour

// MinRules is how many different rules an incident needs: one rule that fires often says the same thing often.
const MinRules = 2

// Threshold is the score from which linked alerts are an incident. Twelve is a critical alert with a medium one beside
// it, or two high ones. Four medium ones of different rules or accounts reach it as well; three do not.
const Threshold = 12

// weight is what one level adds to the score, counted once for each rule and account. Every step is worth about twice
// the one before, so that many weak signs are needed to equal one strong one.
func weight(l soc.Level) int {
	switch l {
	case soc.Low:
		return 1
	case soc.Medium:
		return 3
	case soc.High:
		return 6
	case soc.Critical:
		return 10
	default:
		return 0
	}
}

// Score adds the weights of the distinct pairs of rule and account among alerts and counts the distinct rules. When a
// pair fired with different levels, its highest counts.
func Score(alerts []soc.Alert) (score, rules int) {
	type pair struct{ rule, account string }
	levels := make(map[pair]soc.Level, len(alerts))
	seen := make(map[string]bool, len(alerts))
	for _, a := range alerts {
		p := pair{a.RuleID, a.Account}
		levels[p] = max(levels[p], a.Level)
		seen[a.RuleID] = true
	}
	for _, l := range levels {
		score += weight(l)
	}
	return score, len(seen)
}

// qualifies tells whether linked alerts are an incident.
func qualifies(alerts []soc.Alert) bool {
	score, rules := Score(alerts)
	return rules >= MinRules && score >= Threshold
}
