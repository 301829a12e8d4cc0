package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const rosVersion = "2019-09-10"

// stack is what GetStack tells.
type stack struct {
	StackID      string `json:"StackId"`
	Status       string
	StatusReason string
	Outputs      []struct {
		OutputKey   string
		OutputValue any
	}
}

// deployROS creates or updates a stack and waits until it is done.
func deployROS(ctx context.Context, d *deployment) error {
	d.done.Name = d.text("name")
	template, err := d.document("template")
	if err != nil {
		return err
	}
	params := map[string]string{"RegionId": d.done.Region, "StackName": d.done.Name, "TemplateBody": template}
	values, _ := d.props["parameters"].(map[string]any)
	for i, key := range sortedKeys(values) {
		prefix := "Parameters." + strconv.Itoa(i+1)
		params[prefix+".ParameterKey"], params[prefix+".ParameterValue"] = key, fmt.Sprint(values[key])
	}
	var s stack
	err = d.client.rpc(ctx, rosVersion, "CreateStack", params, &s)
	d.done.Action = "create"
	var refusal *APIError
	if errors.As(err, &refusal) && strings.Contains(refusal.Code, "StackExists") {
		d.done.Action = "update"
		err = d.updateStack(ctx, params, &s)
	}
	if err != nil {
		return err
	}
	return d.awaitStack(ctx, s.StackID)
}

func (d *deployment) updateStack(ctx context.Context, params map[string]string, s *stack) error {
	var list struct {
		Stacks []struct {
			StackID   string `json:"StackId"`
			StackName string
		}
	}
	find := map[string]string{"RegionId": d.done.Region, "StackName.1": d.done.Name}
	if err := d.client.rpc(ctx, rosVersion, "ListStacks", find, &list); err != nil {
		return err
	}
	for _, found := range list.Stacks {
		if found.StackName == d.done.Name {
			s.StackID = found.StackID
		}
	}
	if s.StackID == "" {
		return fmt.Errorf("stack %s exists but is not listed", d.done.Name)
	}
	delete(params, "StackName")
	params["StackId"] = s.StackID
	err := d.client.rpc(ctx, rosVersion, "UpdateStack", params, nil)
	var refusal *APIError
	if errors.As(err, &refusal) && unchanged(refusal) {
		return nil
	}
	return err
}

// unchanged tells that UpdateStack refused because there is nothing to do.
//
// Assumption: code NotSupported with a message that says "same".
func unchanged(e *APIError) bool {
	return e.Code == "NotSupported" && strings.Contains(e.Message, "same")
}

func (d *deployment) awaitStack(ctx context.Context, id string) error {
	for {
		var s stack
		if err := d.client.rpc(ctx, rosVersion, "GetStack", map[string]string{"RegionId": d.done.Region, "StackId": id}, &s); err != nil {
			return err
		}
		switch {
		case s.Status == "CREATE_COMPLETE" || s.Status == "UPDATE_COMPLETE":
			for _, o := range s.Outputs {
				d.done.Outputs[o.OutputKey] = outputText(o.OutputValue)
			}
			return nil
		case !strings.HasSuffix(s.Status, "_IN_PROGRESS"):
			return fmt.Errorf("stack %s ended as %s: %s", d.done.Name, s.Status, s.StatusReason)
		}
		wait := time.NewTimer(d.o.Poll)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return fmt.Errorf("wait for stack %s: %w", d.done.Name, ctx.Err())
		}
	}
}

func outputText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	doc, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(doc)
}

// document reads a property that is either the path of a file, whose text is sent as it is, or an inline mapping, which
// is sent as JSON.
func (d *deployment) document(key string) (string, error) {
	if path, ok := d.props[key].(string); ok {
		if strings.Contains(path, "://") {
			return "", fmt.Errorf("%s: URLs are not offered by this deployer", key)
		}
		data, err := os.ReadFile(filepath.Join(d.o.Dir, filepath.FromSlash(path)))
		if err != nil {
			return "", fmt.Errorf("%s: %w", key, err)
		}
		return string(data), nil
	}
	doc, err := json.Marshal(d.props[key])
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return string(doc), nil
}
