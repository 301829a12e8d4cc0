package org

import (
	"maps"
	"slices"
)

// Kinds of change of an account. They are actions of the audit trail; a security event that onboard opens by itself names
// one of them where events of detection name a rule.
const (
	ChangeJoin      = "account.join"
	ChangeLeave     = "account.leave"
	ChangeDepart    = "account.depart"  // it left the directory
	ChangeSuspend   = "account.suspend" // it is being closed
	ChangeResume    = "account.resume"
	ChangeRename    = "account.rename"
	ChangeRoles     = "roles.repair" // roles were not as they should be, and were put right
	ChangePass      = "window.pass"  // a pass for the window was handed out
	ChangeRevoke    = "window.revoke"
	ChangeScope     = "scope.apply"
	ChangeDelegates = "delegation.change" // who administers the directory's security services
	ChangePolicies  = "policies.apply"
	ChangeDisable   = "policies.disable"  // before an account leaves, or after it left the directory
	ChangeRollback  = "policies.rollback" // policies of a snapshot came back
	ChangeRespond   = "response.execute"  // a task of a playbook was tried; its entry says what became of it
	ChangeUndo      = "response.undo"     // the same of its inverse
	ChangeRefuse    = "response.refuse"   // a run or a task was refused; nothing was done
	ChangeReject    = "response.reject"   // a run was not approved; nothing was done
)

// TrailStands is what onboard logs with the last hash of the audit trail, and doctor looks for.
const TrailStands = "audit trail stands"

// changeTitles names each kind of change in English and Chinese.
func changeTitles() map[string][2]string {
	return map[string][2]string{
		ChangeJoin:      {"Account joined the scope", "账号已纳入管理范围"},
		ChangeLeave:     {"Account left the scope", "账号已移出管理范围"},
		ChangeDepart:    {"Member left the resource directory", "成员账号离开资源目录"},
		ChangeSuspend:   {"Member account is being closed", "成员账号正在注销"},
		ChangeResume:    {"Member account is back", "成员账号已恢复"},
		ChangeRename:    {"Account was renamed", "账号名称变更"},
		ChangeRoles:     {"Roles of the SOC were changed in a member", "成员账号中的 SOC 角色被更改"},
		ChangePass:      {"Pass for the member's window handed out", "已发放成员账号视图凭证"},
		ChangeRevoke:    {"Pass for the member's window revoked", "已吊销成员账号视图凭证"},
		ChangeScope:     {"Scope document applied", "已应用范围文档"},
		ChangeDelegates: {"Delegated administrators changed", "委派管理员变更"},
		ChangePolicies:  {"Integration policies applied", "已应用接入策略"},
		ChangeDisable:   {"Integration policies switched off", "已停用接入策略"},
		ChangeRollback:  {"Integration policies rolled back", "已回滚接入策略"},
		ChangeRespond:   {"Response in the account", "在账号中执行响应"},
		ChangeUndo:      {"Undo of a response in the account", "在账号中撤销响应"},
		ChangeRefuse:    {"Response refused", "响应被拒绝执行"},
		ChangeReject:    {"Response not approved", "响应未获批准"},
		"approved":      {"Playbook approved in the console", "已在控制台批准剧本"},
		"rejected":      {"Playbook rejected in the console", "已在控制台拒绝剧本"},
		"retry":         {"Retry asked for in the console", "已在控制台请求重试"},
		"undo":          {"Undo asked for in the console", "已在控制台请求撤销"},
		"set state":     {"State of an event set in the console", "已在控制台设置事件状态"},
	}
}

// Changes are the kinds of change that have a name, sorted.
func Changes() []string { return slices.Sorted(maps.Keys(changeTitles())) }

// ChangeTitle names a kind of change for people, in English or Chinese; "" for what is none.
func ChangeTitle(kind string, zh bool) string {
	t := changeTitles()[kind]
	if zh {
		return t[1]
	}
	return t[0]
}
