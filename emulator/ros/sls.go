package ros

import (
	"context"
	"encoding/json"
	"strings"
)

// defaultTokens are the word separators of an index without Delimiter; sls sheet, section 3.7.
const defaultTokens = ", '\";=()[]{}?@&<>/:\n\t\r"

// slsProject is ALIYUN::SLS::Project. DataRedundancyType, ResourceGroupId and Tags are accepted and have no effect.
var slsProject = &driver{
	props: map[string]prop{
		"Name": required(of(text)), "Description": of(text), "DataRedundancyType": oneOf("LRS", "ZRS"),
		"ResourceGroupId": of(text), "Tags": tags(),
	},
	attrs: []string{"Name"},
	fixed: []string{"Name", "Description", "DataRedundancyType", "ResourceGroupId", "Tags"},
	create: func(ctx context.Context, e env, d *deployed) error {
		logs, err := e.log()
		if err != nil {
			return err
		}
		name := str(d.props, "Name")
		if err := logs.CreateProject(ctx, e.caller, e.region, name, str(d.props, "Description")); err != nil {
			return err
		}
		d.physicalID, d.attrs = name, map[string]any{"Name": name}
		return nil
	},
	remove: func(ctx context.Context, e env, d *deployed) error {
		logs, err := e.log()
		if err != nil {
			return err
		}
		return logs.DeleteProject(ctx, e.caller, d.physicalID)
	},
}

// slsLogstore is ALIYUN::SLS::Logstore. EncryptConf is not supported.
var slsLogstore = &driver{
	props: map[string]prop{
		"ProjectName": required(of(text)), "LogstoreName": required(of(text)), "TTL": of(number),
		"PreserveStorage": of(boolean), "ShardCount": of(number), "AutoSplit": of(boolean), "MaxSplitShard": of(number),
		"AppendMeta": of(boolean), "EnableTracking": of(boolean), "Mode": oneOf("standard", "query"),
	},
	attrs: []string{"LogstoreName", "ProjectName"},
	fixed: []string{"ProjectName", "LogstoreName", "Mode"},
	create: func(ctx context.Context, e env, d *deployed) error {
		logs, err := e.log()
		if err != nil {
			return err
		}
		project, name := str(d.props, "ProjectName"), str(d.props, "LogstoreName")
		if err := logs.CreateLogstore(ctx, e.caller, project, logstoreOf(d.props)); err != nil {
			return err
		}
		d.physicalID = project + "/" + name
		d.attrs = map[string]any{"LogstoreName": name, "ProjectName": project}
		return nil
	},
	update: func(ctx context.Context, e env, d *deployed, to map[string]any) error {
		logs, err := e.log()
		if err != nil {
			return err
		}
		return logs.UpdateLogstore(ctx, e.caller, str(d.props, "ProjectName"), logstoreOf(to))
	},
	remove: func(ctx context.Context, e env, d *deployed) error {
		logs, err := e.log()
		if err != nil {
			return err
		}
		return logs.DeleteLogstore(ctx, e.caller, str(d.props, "ProjectName"), str(d.props, "LogstoreName"))
	},
}

func logstoreOf(p map[string]any) Logstore {
	l := Logstore{
		Name: str(p, "LogstoreName"), TTL: integer(p, "TTL", 30), ShardCount: integer(p, "ShardCount", 2),
		AutoSplit: flag(p, "AutoSplit"), MaxSplitShard: integer(p, "MaxSplitShard", 0), AppendMeta: flag(p, "AppendMeta"),
		WebTracking: flag(p, "EnableTracking"), Mode: str(p, "Mode"),
	}
	if flag(p, "PreserveStorage") {
		l.TTL = 3650 // the Log Service keeps logs forever
	}
	if l.Mode == "" {
		l.Mode = "standard"
	}
	return l
}

// slsIndex is ALIYUN::SLS::Index.
var slsIndex = &driver{
	props: map[string]prop{
		"ProjectName": required(of(text)), "LogstoreName": required(of(text)),
		"FullTextIndex": required(object(map[string]prop{"Enable": required(of(boolean)), "CaseSensitive": of(boolean), "Delimiter": of(text), "IncludeChinese": of(boolean)})),
		"KeyIndices": listOf(object(map[string]prop{
			"Name": required(of(text)), "Type": required(oneOf("text", "long", "double", "json")),
			"Alias": of(text), "CaseSensitive": of(boolean), "Delimiter": of(text), "EnableAnalytics": of(boolean), "IncludeChinese": of(boolean),
			"JsonKeyIndices": listOf(object(map[string]prop{"Name": required(of(text)), "Type": required(oneOf("text", "long", "double")), "Alias": of(text), "EnableAnalytics": of(boolean)})),
		})),
		"LogReduce": of(boolean),
	},
	fixed: []string{"ProjectName", "LogstoreName"},
	create: func(ctx context.Context, e env, d *deployed) error {
		if err := putIndex(ctx, e, d.props); err != nil {
			return err
		}
		d.physicalID = str(d.props, "ProjectName") + "/" + str(d.props, "LogstoreName")
		return nil
	},
	update: func(ctx context.Context, e env, _ *deployed, to map[string]any) error { return putIndex(ctx, e, to) },
	remove: func(ctx context.Context, e env, d *deployed) error {
		logs, err := e.log()
		if err != nil {
			return err
		}
		return logs.DeleteIndex(ctx, e.caller, str(d.props, "ProjectName"), str(d.props, "LogstoreName"))
	},
}

func putIndex(ctx context.Context, e env, p map[string]any) error {
	logs, err := e.log()
	if err != nil {
		return err
	}
	body, err := json.Marshal(indexBody(p))
	if err != nil {
		return err
	}
	return logs.PutIndex(ctx, e.caller, str(p, "ProjectName"), str(p, "LogstoreName"), body)
}

// indexBody is the body of the index API of the Log Service; sls sheet, section 3.7.
func indexBody(p map[string]any) map[string]any {
	body := map[string]any{"log_reduce": flag(p, "LogReduce")}
	if full := sub(p, "FullTextIndex"); flag(full, "Enable") {
		body["line"] = textIndex(full)
	}
	if keys := items(p, "KeyIndices"); len(keys) > 0 {
		out := map[string]any{}
		for _, v := range keys {
			k, _ := v.(map[string]any)
			out[str(k, "Name")] = keyIndex(k)
		}
		body["keys"] = out
	}
	return body
}

func textIndex(p map[string]any) map[string]any {
	delimiter, given := p["Delimiter"].(string)
	if !given {
		delimiter = defaultTokens
	}
	return map[string]any{"token": strings.Split(delimiter, ""), "caseSensitive": flag(p, "CaseSensitive"), "chn": flag(p, "IncludeChinese")}
}

func keyIndex(k map[string]any) map[string]any {
	kind := str(k, "Type")
	out := map[string]any{}
	if kind == "text" || kind == "json" {
		out = textIndex(k)
	}
	out["type"], out["doc_value"] = kind, analytics(k)
	if alias := str(k, "Alias"); alias != "" {
		out["alias"] = alias
	}
	if inner := items(k, "JsonKeyIndices"); len(inner) > 0 {
		keys := map[string]any{}
		for _, v := range inner {
			j, _ := v.(map[string]any)
			entry := map[string]any{"type": str(j, "Type"), "doc_value": analytics(j)}
			if alias := str(j, "Alias"); alias != "" {
				entry["alias"] = alias
			}
			keys[str(j, "Name")] = entry
		}
		out["json_keys"] = keys
	}
	return out
}

// analytics is EnableAnalytics.
//
// Assumption: it is on unless the template switches it off.
func analytics(p map[string]any) bool {
	v, given := p["EnableAnalytics"].(bool)
	return !given || v
}
