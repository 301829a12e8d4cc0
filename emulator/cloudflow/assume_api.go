package cloudflow

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// apiVersion chooses among the versions of a product that have an operation. Assumption: the newest one.
func apiVersion(versions []string) string { return versions[len(versions)-1] }

// apiRegion is the RegionId of an OpenAPI action that names none. Assumption: that of the flow.
func apiRegion(own string) string { return own }

// apiErrorName is the error of an OpenAPI action that was refused. Assumption: the product as the action writes it and the
// code, as documented for Function Compute.
func apiErrorName(product, code string) string { return product + "." + code }

// apiParameters turns Parameters into those of the API. Assumption: the keys are the API's own parameter names; objects
// and arrays become the numbered names of the RPC style, Tag.1.Key.
func apiParameters(params map[string]any) (map[string]string, error) {
	out := map[string]string{}
	for name, v := range params {
		if err := flatten(out, name, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func flatten(out map[string]string, name string, v any) error {
	switch v := v.(type) {
	case nil:
	case string:
		out[name] = v
	case bool:
		out[name] = strconv.FormatBool(v)
	case float64:
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
		out[name] = string(b)
	case []any:
		for i, e := range v {
			if err := flatten(out, name+"."+strconv.Itoa(i+1), e); err != nil {
				return err
			}
		}
	case map[string]any:
		for k, e := range v {
			if err := flatten(out, name+"."+k, e); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("parameter %s is %s", name, typeName(v))
	}
	return nil
}
