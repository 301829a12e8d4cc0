package web

import (
	"cmp"
	"regexp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// retold is a text and the language that it is in.
type retold struct{ Text, Lang string }

// sentences are those that functions write into timelines and beside data sources, which are kept in English. A sentence that changes there
// shows in English until it is changed here too; nothing else depends on it.
var sentences = []struct {
	pattern *regexp.Regexp
	key     string
}{
	{regexp.MustCompile(`^Started playbook ([\w-]+): .*\.$`), "line.started"},
	{regexp.MustCompile(`(?s)^Planned ([^\n:]+): (\d+) tasks?\b.*$`), "line.planned"},
	{regexp.MustCompile(`^Playbook ([\w-]+) waits for approval of (\d+) tasks\.$`), "line.asked"},
	{regexp.MustCompile(`^Playbook ([\w-]+) was approved\.$`), "line.approved"},
	{regexp.MustCompile(`^Playbook ([\w-]+) was rejected\.$`), "line.rejected"},
	{regexp.MustCompile(`^Playbook ([\w-]+) was not approved; nothing was done\.$`), "line.unapproved"},
	{regexp.MustCompile(`^Asked to retry playbook ([\w-]+)\.$`), "line.retry"},
	{regexp.MustCompile(`^Asked to undo playbook ([\w-]+)\.$`), "line.undo"},
	{regexp.MustCompile(`^Began to retry (\d+)(?: of \d+)? tasks of playbook ([\w-]+)\.$`), "line.retrying"},
	{regexp.MustCompile(`^Began to undo (\d+)(?: of \d+)? tasks of playbook ([\w-]+)\.$`), "line.undoing"},
	{regexp.MustCompile(`^Playbook ([\w-]+) is done: (\d+) succeeded, (\d+) failed\.$`), "line.done"},
	{regexp.MustCompile(`^Playbook ([\w-]+) is partial: (\d+) succeeded, (\d+) failed\.$`), "line.partial"},
	{regexp.MustCompile(`^Playbook ([\w-]+) is undone: (\d+) succeeded, (\d+) failed\.$`), "line.undone"},
	{regexp.MustCompile(`^State changed from (\w+) to (\w+)\.$`), "line.state"},
	{regexp.MustCompile(`^Merged into incident ([\w-]+)\.$`), "line.merged"},
	{regexp.MustCompile(`^Took over the alerts of incident ([\w-]+)\.$`), "line.took"},
	{regexp.MustCompile(`^no Logstore was found yet$`), "detail.nostoreyet"},
	{regexp.MustCompile(`^no Logstore of this kind was found; .*$`), "detail.nostore"},
	{regexp.MustCompile(`^no record arrived yet$`), "detail.norecordyet"},
	{regexp.MustCompile(`^no record ever arrived; .*$`), "detail.norecord"},
	{regexp.MustCompile(`^the newest record is of (\S+); .*$`), "detail.old"},
	{regexp.MustCompile(`^data waits in shard (\S+) since before (\S+); .*$`), "detail.waits"},
}

// outcomes begin the line of a task.
var outcomes = regexp.MustCompile(`(?s)^(Done|Undone|Failed): .*?( \(.*\))?$`)

// stateLine is the one whose words are names of ours in English too.
const stateLine = "line.state"

// Told tells a sentence that was kept in English in the page's language.
func (p *page) Told(text string) retold { return retell(p, text, soc.Task{}) }

// retell tells a line of a timeline in the page's language, in English when it is not known.
func retell(p *page, text string, task soc.Task) retold {
	w := p.words
	if m := outcomes.FindStringSubmatch(text); m != nil && task.ID != "" && p.ZH() {
		reason := ""
		if m[1] == "Failed" {
			reason = m[2]
		}
		return retold{w.t("line.task."+m[1], cmp.Or(task.SummaryZH, task.Summary)) + reason, p.Lang}
	}
	for _, s := range sentences {
		if !p.ZH() && s.key != stateLine {
			continue
		}
		m := s.pattern.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		values := make([]any, len(m)-1)
		for i, v := range m[1:] {
			if s.key == stateLine {
				v = w.t("state." + v)
			}
			values[i] = v
		}
		return retold{w.t(s.key, values...), p.Lang}
	}
	return retold{text, english}
}
