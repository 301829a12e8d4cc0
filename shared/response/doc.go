// Package response decides what to do about an incident: which playbook a response rule starts, which tasks the playbook
// has there, and how a task is executed and undone.
//
// Start at [Load] for the built-in rules and playbooks, [Book.Match] and [Book.Plan]. Both are pure. [Executor] carries a
// task out through three small ports; it is given adapters that already act as the responder role of the task's account.
// Every target was written by whoever caused the log, so guard.go looks at each one before it becomes a task: do not
// make a [soc.Task] anywhere else.
package response
