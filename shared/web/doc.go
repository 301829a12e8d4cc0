// Package web is the console: pages for people and a JSON API, over the state that the administrator's functions keep.
//
// Start at [New]. The package reads and changes state only through the interfaces of [Options]; what it starts in the
// cloud is playbook flows. Everything that came from a log, an account or a member's cloud is hostile: it reaches a
// page only through html/template and the function clean, never as template.HTML. Do not add scripts or styles in
// line, or anything from another host: the content security policy refuses them.
package web
