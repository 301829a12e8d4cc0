package ros_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const memberTemplate = `
ROSTemplateFormatVersion: '2015-09-01'
Description: roles of a member
Parameters:
  Administrator: {Type: String, AllowedPattern: '\d{16}'}
  ExternalId: {Type: String, NoEcho: true, MinLength: 2}
  Respond: {Type: Boolean, Default: true}
  Days: {Type: Number, Default: 30, MinValue: 1}
Mappings:
  Names: {cn-hangzhou: {collector: fenghuo-collector}}
Conditions:
  Responds: {'Fn::Equals': [{Ref: Respond}, true]}
  Quiet: {'Fn::Not': [Responds]}
Resources:
  Collector:
    Type: ALIYUN::RAM::Role
    Properties:
      RoleName: {'Fn::FindInMap': [Names, {Ref: ALIYUN::Region}, collector]}
      DeletionForce: true
      AssumeRolePolicyDocument:
        Version: '1'
        Statement:
          - Action: sts:AssumeRole
            Effect: Allow
            Principal: {RAM: [{'Fn::Sub': 'acs:ram::${Administrator}:root'}]}
            Condition: {StringEquals: {'sts:ExternalId': {Ref: ExternalId}}}
      Policies:
        - PolicyName: fenghuo-read
          PolicyDocument:
            Version: '1'
            Statement:
              - {Effect: Allow, Action: ['log:Get*'], Resource: ['*']}
  Responder:
    Type: ALIYUN::RAM::Role
    Condition: Responds
    Properties:
      RoleName: fenghuo-responder
      AssumeRolePolicyDocument:
        Version: '1'
        Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: [fc.aliyuncs.com]}}]
  Attach:
    Type: ALIYUN::RAM::AttachPolicyToRole
    Condition: Responds
    Properties: {PolicyType: Custom, PolicyName: {Ref: Extra}, RoleName: {'Fn::GetAtt': [Responder, RoleName]}}
  Extra:
    Type: ALIYUN::RAM::ManagedPolicy
    Condition: Responds
    Properties:
      PolicyName: fenghuo-block
      PolicyDocument: {Version: '1', Statement: [{Effect: Allow, Action: 'yundun-waf:*', Resource: '*'}]}
Outputs:
  CollectorArn: {Description: to assume, Value: !GetAtt Collector.Arn}
  ResponderArn: {Condition: Responds, Value: {'Fn::GetAtt': [Responder, Arn]}}
  Text: {Value: !Join ['/', [!Ref 'ALIYUN::AccountId', !Select [1, [a, b]], !If [Quiet, quiet, loud]]]}
`

func memberParams(responds string) []string {
	return []string{
		"Parameters.1.ParameterKey", "Administrator", "Parameters.1.ParameterValue", uidC,
		"Parameters.2.ParameterKey", "ExternalId", "Parameters.2.ParameterValue", "s3cret-ext",
		"Parameters.3.ParameterKey", "Respond", "Parameters.3.ParameterValue", responds,
	}
}

func TestCreateReadDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("member", memberTemplate, "CREATE_COMPLETE", memberParams("true")...)
	got := w.must("GetStack", "StackId", id)
	outputs := map[string]any{}
	for _, o := range got["Outputs"].([]any) {
		m := o.(map[string]any)
		outputs[m["OutputKey"].(string)] = m["OutputValue"]
	}
	want := map[string]any{
		"CollectorArn": "acs:ram::" + uidC + ":role/fenghuo-collector",
		"ResponderArn": "acs:ram::" + uidC + ":role/fenghuo-responder", "Text": uidC + "/b/loud",
	}
	if diff := cmp.Diff(want, outputs); diff != "" {
		t.Error(diff)
	}
	for _, p := range got["Parameters"].([]any) {
		if strings.Contains(p.(map[string]any)["ParameterValue"].(string), "s3cret") {
			t.Error("GetStack shows a NoEcho parameter")
		}
	}
	if role := w.ram("GetRole", "RoleName", "fenghuo-collector"); !strings.Contains(role, "s3cret-ext") {
		t.Errorf("trust policy = %s", role)
	}
	if list := w.ram("ListPoliciesForRole", "RoleName", "fenghuo-responder"); !strings.Contains(list, "fenghuo-block") {
		t.Errorf("policies of the responder = %s", list)
	}
	if _, err := w.call("CreateStack", append([]string{"StackName", "member", "TemplateBody", memberTemplate}, memberParams("true")...)...); code(err) != "409 StackExists" {
		t.Errorf("same name: %v", err)
	}
	if list := w.must("ListStacks", "StackName.1", "member")["Stacks"].([]any); len(list) != 1 || list[0].(map[string]any)["StackId"] != id {
		t.Errorf("ListStacks = %v", list)
	}
	if body := w.must("GetTemplate", "StackId", id)["TemplateBody"]; body != memberTemplate {
		t.Errorf("template = %v", body)
	}
	if list := w.must("ListStackResources", "StackId", id)["Resources"].([]any); len(list) != 4 {
		t.Errorf("resources = %v", list)
	}
	w.must("DeleteStack", "StackId", id)
	w.expect(id, "DELETE_COMPLETE")
	for _, role := range []string{"fenghuo-collector", "fenghuo-responder"} {
		if got := w.ram("GetRole", "RoleName", role); got != "EntityNotExist.Role" {
			t.Errorf("%s after deletion: %s", role, got)
		}
	}
	if got := w.ram("GetPolicy", "PolicyType", "Custom", "PolicyName", "fenghuo-read"); got != "EntityNotExist.Policy" {
		t.Errorf("inline policy after deletion: %s", got)
	}
	w.create("member", memberTemplate, "CREATE_COMPLETE", memberParams("false")...)
	if got := w.ram("GetRole", "RoleName", "fenghuo-responder"); got != "EntityNotExist.Role" {
		t.Errorf("a role with a false condition: %s", got)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("member", memberTemplate, "CREATE_COMPLETE", memberParams("true")...)
	changed := strings.NewReplacer("'log:Get*'", "'log:Get*', 'log:List*'", "sts:ExternalId", "sts:externalid").Replace(memberTemplate)
	w.must("UpdateStack", append([]string{"StackId", id, "TemplateBody", changed}, memberParams("false")...)...)
	w.expect(id, "UPDATE_COMPLETE")
	if got := w.ram("GetPolicy", "PolicyType", "Custom", "PolicyName", "fenghuo-read"); !strings.Contains(got, `"DefaultVersion":"v2"`) || !strings.Contains(got, "log:List*") {
		t.Errorf("inline policy = %s", got)
	}
	if got := w.ram("GetRole", "RoleName", "fenghuo-collector"); !strings.Contains(got, "sts:externalid") {
		t.Errorf("trust policy = %s", got)
	}
	if got := w.ram("GetRole", "RoleName", "fenghuo-responder"); got != "EntityNotExist.Role" {
		t.Errorf("a role that is no longer wanted: %s", got)
	}
	if got := w.ram("GetPolicy", "PolicyType", "Custom", "PolicyName", "fenghuo-block"); got != "EntityNotExist.Policy" {
		t.Errorf("a policy that is no longer wanted: %s", got)
	}
}

func TestUpdateRollsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("member", memberTemplate, "CREATE_COMPLETE", memberParams("true")...)
	bad := strings.NewReplacer("'log:Get*'", "'log:List*'", "'yundun-waf:*'", "'not an action'").Replace(memberTemplate)
	w.must("UpdateStack", append([]string{"StackId", id, "TemplateBody", bad}, memberParams("true")...)...)
	got := w.expect(id, "ROLLBACK_COMPLETE")
	if reason := got["StatusReason"].(string); !strings.Contains(reason, "Extra") || !strings.Contains(reason, "MalformedPolicyDocument") {
		t.Errorf("reason = %s", reason)
	}
	if got := w.ram("GetPolicy", "PolicyType", "Custom", "PolicyName", "fenghuo-read"); strings.Contains(got, "log:List*") {
		t.Errorf("inline policy after rollback = %s", got)
	}
	w.must("UpdateStack", append([]string{"StackId", id, "TemplateBody", strings.ReplaceAll(memberTemplate, "RoleName: fenghuo-responder", "RoleName: other")}, memberParams("true")...)...)
	if got := w.expect(id, "ROLLBACK_COMPLETE"); !strings.Contains(got["StatusReason"].(string), "RoleName cannot be changed") {
		t.Errorf("reason = %v", got["StatusReason"])
	}
}

const twoRoles = `{"ROSTemplateFormatVersion": "2015-09-01", "Resources": {
  "One": {"Type": "ALIYUN::RAM::Role", "Properties": {"RoleName": "one", "AssumeRolePolicyDocument": {"Version": "1", "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["fc.aliyuncs.com"]}}]}}},
  "Two": {"Type": "ALIYUN::RAM::Role", "DependsOn": "One", "Properties": {"RoleName": "two", "IgnoreExisting": false, "PolicyAttachments": {"System": ["NoSuchPolicy"]}, "AssumeRolePolicyDocument": {"Version": "1", "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["fc.aliyuncs.com"]}}]}}}}}`

func TestCreateFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("rolled-back", twoRoles, "CREATE_ROLLBACK_COMPLETE")
	if reason := w.must("GetStack", "StackId", id)["StatusReason"].(string); !strings.Contains(reason, "Two") || !strings.Contains(reason, "EntityNotExist.Policy") {
		t.Errorf("reason = %s", reason)
	}
	for _, role := range []string{"one", "two"} {
		if got := w.ram("GetRole", "RoleName", role); got != "EntityNotExist.Role" {
			t.Errorf("role %s after rollback: %s", role, got)
		}
	}
	kept := w.create("kept", twoRoles, "CREATE_FAILED", "DisableRollback", "true")
	if got := w.ram("GetRole", "RoleName", "one"); !strings.Contains(got, "fc.aliyuncs.com") {
		t.Errorf("role one: %s", got)
	}
	w.must("UpdateStack", "StackId", kept, "TemplateBody", strings.ReplaceAll(twoRoles, "NoSuchPolicy", "AdministratorAccess"))
	w.expect(kept, "UPDATE_COMPLETE")
	if got := w.ram("ListPoliciesForRole", "RoleName", "two"); !strings.Contains(got, "AdministratorAccess") {
		t.Errorf("policies = %s", got)
	}
}

func TestCallerNeedsPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key, _ := w.iam.SeedUser(uidC, "weak")
	credential, _ := w.iam.Credential(key)
	params := map[string]string{"RegionId": region, "StackName": "s", "TemplateBody": twoRoles}
	if _, e := w.gw.Do(t.Context(), credential.Caller, "2019-09-10", "CreateStack", params); e == nil || e.Code != "NoPermission" || e.Status != 403 {
		t.Fatalf("CreateStack without permission: %v", e)
	}
	w.ram("CreatePolicy", "PolicyName", "only-ros", "PolicyDocument", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ros:*","Resource":"*"}]}`)
	w.ram("AttachPolicyToUser", "PolicyType", "Custom", "PolicyName", "only-ros", "UserName", "weak")
	out, e := w.gw.Do(t.Context(), credential.Caller, "2019-09-10", "CreateStack", params)
	if e != nil {
		t.Fatal(e)
	}
	got := w.expect(out["StackId"].(string), "CREATE_ROLLBACK_COMPLETE")
	if reason := got["StatusReason"].(string); !strings.Contains(reason, "One") || !strings.Contains(reason, "NoPermission") {
		t.Errorf("reason = %s", reason)
	}
}

func TestIgnoreExisting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.iam.EnsureRole(uidC, "one", `{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["ecs.aliyuncs.com"]}}]}`); err != nil {
		t.Fatal(err)
	}
	w.create("clash", strings.ReplaceAll(twoRoles, "NoSuchPolicy", "AdministratorAccess"), "CREATE_ROLLBACK_COMPLETE")
	adopt := strings.NewReplacer("NoSuchPolicy", "AdministratorAccess", `"RoleName": "one"`, `"RoleName": "one", "IgnoreExisting": true`).Replace(twoRoles)
	id := w.create("adopted", adopt, "CREATE_COMPLETE")
	w.must("DeleteStack", "StackId", id)
	if got := w.ram("GetRole", "RoleName", "one"); !strings.Contains(got, "ecs.aliyuncs.com") {
		t.Errorf("the adopted role: %s", got)
	}
	if got := w.ram("GetRole", "RoleName", "two"); got != "EntityNotExist.Role" {
		t.Errorf("the own role: %s", got)
	}
}

const logTemplate = `
ROSTemplateFormatVersion: '2015-09-01'
Parameters: {Days: {Type: Number, Default: 30}}
Resources:
  Index:
    Type: ALIYUN::SLS::Index
    Properties:
      ProjectName: {Ref: Project}
      LogstoreName: {'Fn::GetAtt': [Stream, LogstoreName]}
      FullTextIndex: {Enable: true, Delimiter: ', '}
      KeyIndices:
        - {Name: id, Type: text, Delimiter: ','}
        - {Name: n, Type: long, EnableAnalytics: false}
        - {Name: j, Type: json, Delimiter: ',', JsonKeyIndices: [{Name: a, Type: long}]}
  Stream:
    Type: ALIYUN::SLS::Logstore
    Properties: {ProjectName: {Ref: Project}, LogstoreName: stream, TTL: {Ref: Days}, ShardCount: '4'}
  Project:
    Type: ALIYUN::SLS::Project
    DeletionPolicy: Retain
    Properties: {Name: {'Fn::Sub': 'fenghuo-${ALIYUN::AccountId}-${ALIYUN::Region}'}}
`

func TestLogService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	project := "fenghuo-" + uidC + "-cn-hangzhou"
	id := w.create("logs", logTemplate, "CREATE_COMPLETE")
	want := []string{
		"CreateProject " + uidC + " cn-hangzhou " + project,
		"CreateLogstore " + project + "/stream 30 days 4 shards",
		"PutIndex " + project + `/stream {"keys":{"id":{"caseSensitive":false,"chn":false,"doc_value":true,"token":[","],"type":"text"},` +
			`"j":{"caseSensitive":false,"chn":false,"doc_value":true,"json_keys":{"a":{"doc_value":true,"type":"long"}},"token":[","],"type":"json"},` +
			`"n":{"doc_value":false,"type":"long"}},"line":{"caseSensitive":false,"chn":false,"token":[","," "]},"log_reduce":false}`,
	}
	if diff := cmp.Diff(want, w.logs.taken()); diff != "" {
		t.Error(diff)
	}
	w.must("UpdateStack", "StackId", id, "Parameters.1.ParameterKey", "Days", "Parameters.1.ParameterValue", "7")
	if diff := cmp.Diff([]string{"UpdateLogstore " + project + "/stream 7 days"}, w.logs.taken()); diff != "" {
		t.Error(diff)
	}
	w.must("UpdateStack", "StackId", id, "UsePreviousParameters", "true")
	if got := w.logs.taken(); len(got) != 0 {
		t.Errorf("an update without change calls %v", got)
	}
	w.must("DeleteStack", "StackId", id)
	if diff := cmp.Diff([]string{"DeleteIndex " + project + "/stream", "DeleteLogstore " + project + "/stream"}, w.logs.taken()); diff != "" {
		t.Error(diff)
	}
	w.logs.fail = "CreateLogstore"
	w.create("again", logTemplate, "CREATE_ROLLBACK_COMPLETE")
}

func TestDeleteFailsAndRetries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("logs", logTemplate, "CREATE_COMPLETE")
	w.logs.fail = "DeleteLogstore"
	w.must("DeleteStack", "StackId", id)
	w.expect(id, "DELETE_FAILED")
	if got := w.ros.Resources(uidC); len(got) != 1 || got[0].LogicalID != "Stream" || got[0].Status != "DELETE_FAILED" {
		t.Errorf("left = %+v", got)
	}
	w.logs.fail = ""
	w.must("DeleteStack", "StackId", id)
	w.expect(id, "DELETE_COMPLETE")
	if _, err := w.call("DeleteStack", "StackId", id); code(err) != "404 StackNotFound" {
		t.Errorf("delete again: %v", err)
	}
}

func TestRequestErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		want   string
		action string
		params []string
	}{
		{"400 MissingParameter", "CreateStack", nil},
		{"400 InvalidParameter", "CreateStack", []string{"StackName", "9"}},
		{"400 MissingParameter", "CreateStack", []string{"StackName", "s"}},
		{"400 InvalidParameter", "CreateStack", []string{"StackName", "s", "TemplateURL", "oss://x"}},
		{"400 InvalidSchema", "CreateStack", []string{"StackName", "s", "TemplateBody", "{"}},
		{"400 UserParameterMissing", "CreateStack", []string{"StackName", "s", "TemplateBody", memberTemplate}},
		{"404 StackNotFound", "GetStack", []string{"StackId", "x"}},
		{"400 MissingParameter", "DeleteStack", nil},
		{"400 InvalidParameter", "ListStacks", []string{"PageSize", "51"}},
		{"400 InvalidParameter.PageNumber", "ListStacks", []string{"PageNumber", "x"}},
	} {
		if _, err := w.call(tt.action, tt.params...); code(err) != tt.want {
			t.Errorf("%s %v: %s, want %s", tt.action, tt.params, code(err), tt.want)
		}
	}
	if got := w.must("ListStacks")["Stacks"].([]any); len(got) != 0 {
		t.Errorf("a refused stack is listed: %v", got)
	}
}
