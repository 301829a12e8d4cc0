package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// tour does what the story leaves out and a real SOC sees sooner or later: it searches logs, troubleshoots an account
// that is well, takes a member out of scope, and ends the delegation. Nothing works afterwards.
func (s *story) tour(ctx context.Context) error {
	if !s.Tour {
		return nil
	}
	s.title("What happens rarely: a search, a check of a healthy account, a removal, the end", "少见操作：检索、体检、移出账号、取消委派")
	if err := s.searchLogs(ctx); err != nil {
		return err
	}
	members := s.members()
	if _, err := s.runFlow(ctx, s.administrator(), "diagnose-accounts", map[string]any{"accounts": members}); err != nil {
		return err
	}
	s.done(s.letter(s.administrator()), "flow diagnose-accounts for "+s.letters(members), "流程 diagnose-accounts："+s.letters(members))
	last := members[len(members)-1]
	if _, err := s.runFlow(ctx, s.administrator(), "remove-accounts", map[string]any{"accounts": []string{last}}); err != nil {
		return err
	}
	s.done(s.letter(s.administrator()), "flow remove-accounts takes "+s.letter(last)+" out of scope", "流程 remove-accounts 移出 "+s.letter(last))
	return s.endDelegation(ctx)
}

// searchLogs counts what each central Logstore holds, as an analyst would.
func (s *story) searchLogs(ctx context.Context) error {
	stores := []string{"stream", "alerts"}
	if s.LogStorage {
		stores = append(stores, "archive")
	}
	for _, store := range stores {
		if err := s.console.get(ctx, "/api/search?range=24h&store="+store+"&query="+url.QueryEscape("* | select count(*) as n"), &struct{}{}); err != nil {
			return fmt.Errorf("search %s: %w", store, err)
		}
	}
	list := strings.Join(stores, ", ")
	s.done(s.letter(s.administrator()), "searched in the console: "+list, "在控制台检索日志："+list)
	return nil
}

// endDelegation invokes delegate as a person does from the console of Function Compute: no flow takes a delegation back.
func (s *story) endDelegation(ctx context.Context) error {
	payload, err := json.Marshal(map[string]any{"operation": "remove", "administrator": s.administrator()})
	if err != nil {
		return err
	}
	a := s.management()
	r, err := s.server.FC().Invoke(ctx, s.server.IAM().RootCaller(a), a, "delegate", "LATEST", false, payload)
	if err != nil {
		return err
	}
	var out struct{ Status, Reason string }
	if err := json.Unmarshal(r.Body, &out); err != nil || out.Status != org.StatusOK {
		return &soc.Error{Kind: soc.Conflict, Op: "take the delegation back", Account: a, Err: fmt.Errorf("%s%s %.300s", r.Code, r.ErrorType, r.Body)}
	}
	s.done(s.letter(a), "function delegate takes the delegation back", "函数 delegate 取消委派")
	return nil
}
