package function

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Description is a deployed function (fc.md §5.2). Environment may hold secrets: it is for comparing, not for showing.
type Description struct {
	Name        string            `json:"functionName"`
	Role        string            `json:"role"`
	Environment map[string]string `json:"environmentVariables"`
	Changed     string            `json:"lastModifiedTime"` // code or configuration; RFC 3339 as far as is known
}

// Describe reads a function's configuration. Kinds: NotFound, Denied, Unavailable, Timeout.
func (c *Client) Describe(ctx context.Context, function string) (Description, error) {
	var out Description
	err := c.get(ctx, "GetFunction", function, "", &out)
	return out, err
}

// Trigger is what starts a function.
type Trigger struct {
	Name    string
	Type    string // timer, log, http
	Enabled bool   // a trigger whose configuration does not say is on
	Role    string // invocation role
}

// Triggers lists the triggers of a function, at most 100. Kinds: as of [Client.Describe].
func (c *Client) Triggers(ctx context.Context, function string) ([]Trigger, error) {
	var out struct {
		Triggers []struct {
			TriggerName, TriggerType, TriggerConfig, InvocationRole string
		}
	}
	if err := c.get(ctx, "ListTriggers", function, "/triggers", &out); err != nil {
		return nil, err
	}
	list := make([]Trigger, 0, len(out.Triggers))
	for _, t := range out.Triggers {
		var config struct{ Enable *bool }
		if err := json.Unmarshal([]byte(t.TriggerConfig), &config); err != nil {
			return nil, c.failure(function, soc.Internal, err)
		}
		list = append(list, Trigger{t.TriggerName, t.TriggerType, config.Enable == nil || *config.Enable, t.InvocationRole})
	}
	return list, nil
}

func (c *Client) get(ctx context.Context, action, function, rest string, out any) error {
	resp, body, err := c.send(ctx, http.MethodGet, action, function, rest, nil, nil)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return c.refused(function, "fc:"+action, resp, body)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return c.failure(function, soc.Internal, err)
	}
	return nil
}
