package soc

import (
	"strconv"
	"time"

	"github.com/google/uuid"
)

// RunState is where a playbook run stands.
type RunState string

// The states of a playbook run.
const (
	RunPlanned  RunState = "planned"
	RunWaiting  RunState = "waiting" // for approval
	RunRejected RunState = "rejected"
	RunRunning  RunState = "running"
	RunDone     RunState = "done"    // every task succeeded
	RunPartial  RunState = "partial" // some tasks failed; retry them
	RunUndone   RunState = "undone"
)

// Run is one run of a playbook on an incident.
type Run struct {
	ID         string    `json:"id"`
	Playbook   string    `json:"playbook"` // name of the flow: block-ip
	IncidentID string    `json:"incident_id"`
	State      RunState  `json:"state"`
	StartedBy  string    `json:"started_by"` // a response rule or a person
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	Targets    []string  `json:"targets,omitempty"` // what the incident held for the playbook when the run was stored
	Tasks      []Task    `json:"tasks,omitempty"`
}

var runSpace = uuid.MustParse("c2a4f7be-5d19-5e86-b3a0-41d87f6e2c95")

// RunID derives the id of the first run that a response rule starts: one playbook runs once by itself on what an incident holds.
// It fits an execution name of CloudFlow (a letter first, no more than 128 characters).
func RunID(playbook, incidentID string) string {
	return "run-" + uuid.NewSHA1(runSpace, []byte(playbook+"\x00"+incidentID)).String()
}

// FollowUpID derives the id of the n-th run that a response rule starts on an incident for what joined it later. Number 0 is
// [RunID].
func FollowUpID(playbook, incidentID string, n int) string {
	if n == 0 {
		return RunID(playbook, incidentID)
	}
	return RunID(playbook, incidentID+"\x00"+strconv.Itoa(n))
}

// TaskState is where a task stands.
type TaskState string

// The states of a task.
const (
	TaskPlanned   TaskState = "planned"
	TaskRunning   TaskState = "running"
	TaskSucceeded TaskState = "succeeded"
	TaskFailed    TaskState = "failed"
	TaskUndone    TaskState = "undone"
)

// Task is one action on one target in one account.
type Task struct {
	ID        string            `json:"id"`
	RunID     string            `json:"run_id"`
	Account   string            `json:"account"`
	Action    string            `json:"action"` // waf_block_ip, cfw_block_ip, ram_disable_access_key
	Target    string            `json:"target"` // the IP, the key id
	Params    map[string]string `json:"params,omitempty"`
	Summary   string            `json:"summary"` // what it would do, in English
	SummaryZH string            `json:"summary_zh"`
	State     TaskState         `json:"state"`
	Reason    string            `json:"reason,omitempty"` // why it failed, with the cloud's code
	Attempts  int               `json:"attempts"`
	Inverse   map[string]string `json:"inverse,omitempty"` // what undo needs: the rule id that was made, the state before
	UpdatedAt time.Time         `json:"updated_at,omitzero"`
}

// TaskID derives the id of a task from its run, account, action and target.
func TaskID(runID, account, action, target string) string {
	return "task-" + uuid.NewSHA1(runSpace, []byte(runID+"\x00"+account+"\x00"+action+"\x00"+target)).String()
}

// Approval is a question to a person that a playbook run waits on.
type Approval struct {
	ID        string    `json:"id"` // the run's id
	RunID     string    `json:"run_id"`
	Playbook  string    `json:"playbook"`
	AskedAt   time.Time `json:"asked_at"`
	Deadline  time.Time `json:"deadline"`
	Decision  string    `json:"decision,omitempty"` // approved, rejected, "" while open
	DecidedBy string    `json:"decided_by,omitempty"`
	DecidedAt time.Time `json:"decided_at,omitzero"`
	Token     string    `json:"-"` // CloudFlow's task token: a secret, never shown
}
