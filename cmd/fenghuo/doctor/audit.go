package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// anchored is how far back hashes of the audit trail are looked for in the log of onboard.
const anchored = 7 * 24 * time.Hour

// auditTrail verifies the chain of the audit trail. Each regular run of onboard logs the chain's last hash into the Logstore
// functions, which nobody can change there: the oldest of them must still be in the chain, so that an end that was cut off
// and a trail that was written anew show too.
func auditTrail(ctx context.Context, e *examination) {
	kept, at, err := e.anchor(ctx)
	if err != nil {
		e.unseen("functions", err, text{})
		return
	}
	payload, err := json.Marshal(map[string]any{"operation": "audit", "verify": true, "hash": kept})
	if err != nil {
		e.unseen("onboard", err, text{})
		return
	}
	answer, err := e.functions.Invoke(ctx, "onboard", payload)
	if err != nil {
		e.unseen("onboard", err, text{})
		return
	}
	var out struct {
		Status, Reason, Next string
		Chain                int
	}
	switch err := json.Unmarshal(answer, &out); {
	case err != nil || out.Status != org.StatusOK && out.Next == "":
		e.unseen("onboard", &soc.Error{Kind: soc.Internal, Op: "verify audit trail", Err: fmt.Errorf("onboard answers %q", shortened(out.Reason)), Next: "deploy functions of the same version as this command"}, text{})
	case out.Status != org.StatusOK:
		e.fail("", same(out.Reason), same(out.Next))
	case kept == "":
		e.pass(text{fmt.Sprintf("%d entries are whole; no hash was logged that they could be compared with.", out.Chain), fmt.Sprintf("共 %d 条记录，哈希链完整；日志中尚无可比对的哈希。", out.Chain)})
	default:
		e.pass(text{
			fmt.Sprintf("%d entries are whole and hold the hash that was logged at %s.", out.Chain, at.UTC().Format(time.RFC3339)),
			fmt.Sprintf("共 %d 条记录，哈希链完整，且包含 %s 记录到日志中的哈希。", out.Chain, at.UTC().Format(time.RFC3339)),
		})
	}
}

// anchor is the oldest hash that onboard logged; "" when there is none.
func (e *examination) anchor(ctx context.Context) (hash string, at time.Time, err error) {
	to := time.Now()
	r, err := e.central.GetLogs(ctx, "functions", sls.Query{From: to.Add(-anchored), To: to.Add(time.Minute), Query: `"` + org.TrailStands + `"`, Line: 100})
	if err != nil {
		return "", at, err
	}
	for _, l := range r.Logs {
		var line struct {
			Time time.Time `json:"time"`
			Msg  string    `json:"msg"`
			Last string    `json:"last"`
		}
		message := l["message"]
		i := strings.IndexByte(message, '{')
		if l["functionName"] == "onboard" && i >= 0 && json.NewDecoder(strings.NewReader(message[i:])).Decode(&line) == nil && line.Msg == org.TrailStands && line.Last != "" {
			return line.Last, line.Time, nil
		}
	}
	return "", at, nil
}
