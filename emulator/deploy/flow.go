package deploy

import (
	"context"
	"errors"
)

const fnfVersion = "2019-03-15"

// deployFlow creates a flow, or updates it when it exists. The definition is sent as it stands in its file.
func deployFlow(ctx context.Context, d *deployment) error {
	d.done.Name = d.text("name")
	definition, err := d.document("definition")
	if err != nil {
		return err
	}
	params := map[string]string{
		"RegionId": d.done.Region, "Name": d.done.Name, "Definition": definition, "Type": "FDL",
		"Description": "Flow " + d.done.Name,
	}
	for key, name := range map[string]string{"description": "Description", "roleArn": "RoleArn", "executionMode": "ExecutionMode"} {
		if v := d.text(key); v != "" {
			params[name] = v
		}
	}
	d.done.Action = "create"
	err = d.client.rpc(ctx, fnfVersion, "CreateFlow", params, nil)
	var refusal *APIError
	if errors.As(err, &refusal) && refusal.Code == "FlowAlreadyExists" {
		d.done.Action = "update"
		delete(params, "ExecutionMode") // cannot be changed
		err = d.client.rpc(ctx, fnfVersion, "UpdateFlow", params, nil)
	}
	if err == nil {
		d.done.Outputs["name"] = d.done.Name
	}
	return err
}
