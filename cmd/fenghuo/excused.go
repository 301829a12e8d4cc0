package main

import "github.com/fenghuo-soc/fenghuo/emulator/prover"

// excused are the grants that the story does not use, each with the reason why the role has it all the same. Whatever
// is taken out of template.yaml has to be taken out here too: the command fails on an exception that excuses nothing.
var excused = []prover.Exception{
	{
		Role: "administrator/fenghuo-collect", Action: "fc:InvokeFunction",
		Reason: "with SOC_COLLECT_WORKERS above 1 the timer's run starts the others",
	},
	{
		Role: "administrator/fenghuo-console", Action: "fnf:DescribeExecution",
		Reason: "asked for only when a playbook is started again under the same name",
	},
	{
		Role: "administrator/fenghuo-correlate", Action: "fnf:DescribeExecution",
		Reason: "asked for only when a playbook is started again under the same name",
	},
	{
		Role: "administrator/fenghuo-onboard", Action: "resourcemanager:GetAccount",
		Reason: "follow asks for the state of a member's deletion one by one, and only while a member is in an unsettled state",
	},
	{
		Role: "management/fenghuo-create-roles", Action: "resourcemanager:GetAccount",
		Reason: "asked for only when an account is not in the list of members: it may have joined since",
	},
	{
		Role: "administrator/fenghuo-flow", Action: "fc:InvokeFunction", Resource: "acs:fc:*:<account>:functions/*/*", Reason: versions,
	},
	{
		Role: "administrator/fenghuo-trigger", Action: "fc:InvokeFunction", Resource: "acs:fc:*:<account>:functions/*/*", Reason: versions,
	},
	{
		Role: "management/fenghuo-broker", Action: "fc:InvokeFunction", Resource: "acs:fc:*:<account>:functions/*/*", Reason: versions,
	},
	{
		Role: "management/fenghuo-flow", Action: "fc:InvokeFunction", Resource: "acs:fc:*:<account>:functions/*/*", Reason: versions,
	},
	{
		Role: "member/fenghuo-collector", Action: "log:GetCursorOrData", Resource: wafng, Reason: newWAF,
	},
	{
		Role: "member/fenghuo-collector", Action: "log:GetLogStore", Resource: wafng, Reason: newWAF,
	},
	{
		Role: "member/fenghuo-collector", Action: "log:ListShards", Resource: wafng, Reason: newWAF,
	},
}

// Resources that the story does not have.
const (
	versions = "what Function Compute may be asked about when a call names a version or an alias"
	wafng    = "acs:log:*:<account>:project/wafng-project-<account>-*/logstore/wafng-logstore"
	newWAF   = "where a subscription to WAF keeps its logs; the members of the story have the other one"
)
