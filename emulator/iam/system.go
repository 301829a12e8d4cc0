package iam

import "fmt"

// systemPolicies are those whose content is known. Others do not exist here: attaching one is EntityNotExist.Policy,
// which is better than a guess at its content. Sources: cloudflow.md §6 for AliyunFnF… and AliyunFCInvocationAccess,
// accounts.md §3.2 for the policies of service-linked roles, the public policy pages for the others.
var systemPolicies = parseSystemPolicies(map[string]string{
	"AdministratorAccess": statements(`{"Effect":"Allow","Action":"*","Resource":"*"}`),
	"ReadOnlyAccess": statements(`{"Effect":"Allow","Action":["*:Describe*","*:List*","*:Get*","*:BatchGet*","*:Query*",` +
		`"*:BatchQuery*","actiontrail:LookupEvents","actiontrail:Check*","dm:Desc*","dm:SenderStatistics*","ram:GenerateCredentialReport"],"Resource":"*"}`),
	"AliyunRAMFullAccess":       statements(`{"Effect":"Allow","Action":"ram:*","Resource":"*"}`),
	"AliyunSTSAssumeRoleAccess": statements(`{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}`),
	"AliyunLogFullAccess":       statements(`{"Effect":"Allow","Action":"log:*","Resource":"*"}`),
	"AliyunLogReadOnlyAccess":   statements(`{"Effect":"Allow","Action":["log:Get*","log:List*","log:Query*"],"Resource":"*"}`),
	"AliyunFCFullAccess":        statements(`{"Effect":"Allow","Action":"fc:*","Resource":"*"}`),
	"AliyunFCInvocationAccess":  statements(`{"Effect":"Allow","Action":"fc:InvokeFunction","Resource":"*"}`),
	"AliyunFnFFullAccess": statements(`{"Effect":"Allow","Action":"fnf:*","Resource":"*"},` +
		`{"Effect":"Allow","Action":"ram:PassRole","Resource":"*","Condition":{"StringEquals":{"acs:Service":"fnf.aliyuncs.com"}}}`),
	"AliyunFnFReadOnlyAccess": statements(`{"Effect":"Allow","Action":["fnf:Describe*","fnf:List*","fnf:Get*"],"Resource":"*"}`),
	"AliyunServiceRolePolicyForSasRd": statements(`{"Effect":"Allow","Action":["yundun-sas:*","yundun-aegis:*","sasti:*"],"Resource":"*"},` +
		`{"Effect":"Allow","Action":"ram:DeleteServiceLinkedRole","Resource":"*","Condition":{"StringEquals":{"ram:ServiceName":"rd.sas.aliyuncs.com"}}}`),
	"AliyunServiceRolePolicyForROSStackGroupsRDAdmin": statements(`{"Effect":"Allow","Action":["resourcemanager:List*","resourcemanager:Get*"],"Resource":"*"},` +
		`{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"acs:ram:*:*:role/stackgroups-exec-*"}`),
	"AliyunServiceRolePolicyForResourceDirectory": statements(`{"Effect":"Allow","Action":"ram:CreateServiceLinkedRole","Resource":"*"},` +
		`{"Effect":"Allow","Action":"ram:DeleteServiceLinkedRole","Resource":"*","Condition":{"StringEquals":{"ram:ServiceName":"resourcemanager.aliyuncs.com"}}}`),
})

func statements(list string) string { return `{"Version":"1","Statement":[` + list + `]}` }

func parseSystemPolicies(texts map[string]string) map[string]*policy {
	out := map[string]*policy{}
	for name, text := range texts {
		d, err := parsePolicy(text, identityPolicy)
		if err != nil {
			panic(fmt.Sprintf("iam: system policy %s: %v", name, err))
		}
		out[name] = &policy{kind: "System", name: name, defaultID: "v1", versions: []*version{{id: "v1", text: text, doc: d}}}
	}
	return out
}
