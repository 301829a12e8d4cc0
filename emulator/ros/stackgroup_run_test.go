package ros_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/ros"
)

// slow runs a test in a cloud in which every instance takes a minute.
func slow(t *testing.T, test func(*slowWorld)) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWorld{groupCloud(t, ros.Options{InstanceTime: time.Minute})}
		w.trust(uidC, uidD)
		test(w)
		w.ros.Close()
	})
}

type slowWorld struct{ *world }

// do runs an operation of ROS as the owner of B; it does not wait for anything. The second result is status and code.
func (w *slowWorld) do(action string, params ...string) (map[string]any, string) {
	w.t.Helper()
	m := map[string]string{"RegionId": region}
	for i := 0; i < len(params); i += 2 {
		m[params[i]] = params[i+1]
	}
	out, e := w.gw.Do(w.t.Context(), w.iam.RootCaller(uidB), "2019-09-10", action, m)
	if e != nil {
		return nil, strconv.Itoa(e.Status) + " " + e.Code
	}
	return out, ""
}

func (w *slowWorld) done(action string, params ...string) map[string]any {
	w.t.Helper()
	out, code := w.do(action, params...)
	if code != "" {
		w.t.Fatalf("%s: %s", action, code)
	}
	return out
}

// pass lets time go by; what can be done in it is done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// operation is the status of an operation and of its results, in order.
func (w *slowWorld) operation(id string) []string {
	w.t.Helper()
	out := []string{w.done("GetStackGroupOperation", "OperationId", id)["StackGroupOperation"].(map[string]any)["Status"].(string)}
	for _, v := range w.done("ListStackGroupOperationResults", "OperationId", id)["StackGroupOperationResults"].([]any) {
		out = append(out, v.(map[string]any)["Status"].(string))
	}
	return out
}

func (w *slowWorld) want(when, id string, states ...string) {
	w.t.Helper()
	if diff := cmp.Diff(states, w.operation(id)); diff != "" {
		w.t.Errorf("%s:\n%s", when, diff)
	}
}

// create makes a self-managed group with instances in C and D.
func (w *slowWorld) create(preferences string) string {
	w.t.Helper()
	w.done("CreateStackGroup", "StackGroupName", "g", "TemplateBody", roleTemplate)
	return w.done("CreateStackInstances", "StackGroupName", "g", "RegionIds", `["cn-hangzhou"]`, "AccountIds", `["`+uidC+`","`+uidD+`"]`,
		"OperationPreferences", preferences)["OperationId"].(string)
}

// TestOperationIsStopped: an operation runs while its group refuses other changes; stopping lets the instance that is
// being made finish and cancels the next.
func TestOperationIsStopped(t *testing.T) {
	t.Parallel()
	slow(t, func(w *slowWorld) {
		id := w.create("")
		synctest.Wait()
		w.want("at once", id, "RUNNING", "RUNNING", "PENDING")
		if got := w.about(uidC, "reader"); got != "EntityNotExist.Role" {
			t.Errorf("the role is there before its time: %s", got)
		}
		for action, params := range map[string][]string{
			"UpdateStackGroup":     {"Description", "x"},
			"UpdateStackInstances": {"RegionIds", `["cn-hangzhou"]`, "AccountIds", `["` + uidC + `"]`},
			"DeleteStackInstances": {"RegionIds", `["cn-hangzhou"]`, "AccountIds", `["` + uidC + `"]`},
			"CreateStackInstances": {"RegionIds", `["cn-beijing"]`, "AccountIds", `["` + uidC + `"]`},
			"DeleteStackGroup":     nil,
		} {
			if _, code := w.do(action, append(params, "StackGroupName", "g")...); code != "409 StackGroupOperationInProgress" {
				t.Errorf("%s while an operation runs: %q", action, code)
			}
		}
		pass(30 * time.Second)
		w.done("StopStackGroupOperation", "OperationId", id)
		w.want("stopping", id, "STOPPING", "RUNNING", "PENDING")
		if _, code := w.do("StopStackGroupOperation", "OperationId", id); code != "400 InvalidParameter" {
			t.Errorf("stop twice: %q", code)
		}
		pass(30 * time.Second)
		w.want("stopped", id, "STOPPED", "SUCCEEDED", "CANCELLED")
		if diff := cmp.Diff([]string{uidC + " CURRENT", uidD + " OUTDATED"}, w.instances()); diff != "" {
			t.Error(diff)
		}
		if _, code := w.do("StopStackGroupOperation", "OperationId", "x"); code != "404 StackGroupOperationNotFound" {
			t.Errorf("stop nothing: %q", code)
		}
		// The group works again.
		id = w.done("UpdateStackGroup", "StackGroupName", "g", "Description", "x")["OperationId"].(string)
		pass(2 * time.Minute)
		w.want("afterwards", id, "SUCCEEDED", "SUCCEEDED", "SUCCEEDED")
	})
}

func (w *slowWorld) instances() (out []string) {
	w.t.Helper()
	for _, v := range w.done("ListStackInstances", "StackGroupName", "g")["StackInstances"].([]any) {
		in := v.(map[string]any)
		out = append(out, fmt.Sprintf("%s %s", in["AccountId"], in["Status"]))
	}
	return out
}

// TestDeploymentIsQueued: the automatic deployment of a member that comes to a folder waits for the operation that runs;
// a deployment that is queued can be stopped.
func TestDeploymentIsQueued(t *testing.T) {
	t.Parallel()
	slow(t, func(w *slowWorld) {
		manage := func(action string, params ...string) map[string]any {
			m := map[string]string{}
			for i := 0; i < len(params); i += 2 {
				m[params[i]] = params[i+1]
			}
			out, e := w.gw.Do(t.Context(), w.iam.RootCaller(uidA), "2022-04-19", action, m)
			if e != nil {
				t.Fatal(e)
			}
			return out
		}
		folder := manage("CreateFolder", "FolderName", "f")["Folder"].(map[string]any)["FolderId"].(string)
		manage("MoveAccount", "AccountId", uidC, "DestinationFolderId", folder)
		w.done("CreateStackGroup", "StackGroupName", "g", "TemplateBody", roleTemplate, "PermissionModel", "SERVICE_MANAGED", "AutoDeployment", `{"Enabled":true}`)
		w.done("CreateStackInstances", "StackGroupName", "g", "RegionIds", `["cn-hangzhou"]`, "DeploymentTargets", `{"RdFolderIds":["`+folder+`"]}`)
		manage("MoveAccount", "AccountId", uidD, "DestinationFolderId", folder)
		operations := func() (ids, states []string) {
			for _, v := range w.done("ListStackGroupOperations", "StackGroupName", "g")["StackGroupOperations"].([]any) {
				op := v.(map[string]any)
				ids, states = append(ids, op["OperationId"].(string)), append(states, op["Status"].(string))
			}
			return ids, states
		}
		ids, states := operations()
		if diff := cmp.Diff([]string{"QUEUED", "RUNNING"}, states); diff != "" {
			t.Fatal(diff)
		}
		pass(time.Minute)
		w.want("its turn", ids[0], "RUNNING", "RUNNING")
		root := manage("GetResourceDirectory")["ResourceDirectory"].(map[string]any)["RootFolderId"].(string)
		manage("MoveAccount", "AccountId", uidD, "DestinationFolderId", root) // away before its stack is made
		ids, _ = operations()
		w.want("the way back", ids[0], "QUEUED")
		w.done("StopStackGroupOperation", "OperationId", ids[0])
		w.want("the way back, stopped", ids[0], "STOPPED")
		pass(2 * time.Minute)
		if diff := cmp.Diff([]string{uidC + " CURRENT", uidD + " CURRENT"}, w.instances()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestPreferences: how long an operation takes and where it stops follows from the preferences.
func TestPreferences(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, preferences, regions string
		minutes                    int
		states                     []string
	}{
		{"one after the other", ``, `["cn-hangzhou"]`, 2, []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED"}},
		{"two at once", `{"MaxConcurrentCount":2}`, `["cn-hangzhou"]`, 1, []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED"}},
		{"all at once", `{"MaxConcurrentPercentage":100}`, `["cn-hangzhou"]`, 1, []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED"}},
		// A role is global: its stack in a second region fails.
		{"a second region fails", ``, `["cn-hangzhou","cn-beijing"]`, 3, []string{"FAILED", "SUCCEEDED", "SUCCEEDED", "FAILED", "CANCELLED"}},
		{"tolerated in each region", `{"FailureTolerancePercentage":100}`, `["cn-hangzhou","cn-beijing"]`, 4, []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "FAILED", "FAILED"}},
		{"half of two", `{"FailureTolerancePercentage":50}`, `["cn-hangzhou","cn-beijing"]`, 4, []string{"FAILED", "SUCCEEDED", "SUCCEEDED", "FAILED", "FAILED"}},
		{"regions in order", `{"RegionIdsOrder":["cn-beijing"],"FailureToleranceCount":0}`, `["cn-hangzhou","cn-beijing"]`, 3, []string{"FAILED", "FAILED", "CANCELLED", "SUCCEEDED", "SUCCEEDED"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			slow(t, func(w *slowWorld) {
				begin := time.Now()
				w.done("CreateStackGroup", "StackGroupName", "g", "TemplateBody", roleTemplate)
				id := w.done("CreateStackInstances", "StackGroupName", "g", "RegionIds", tt.regions, "AccountIds", `["`+uidC+`","`+uidD+`"]`,
					"OperationPreferences", tt.preferences)["OperationId"].(string)
				w.ros.Wait()
				if got := int(time.Since(begin).Minutes()); got != tt.minutes {
					t.Errorf("took %d minutes, want %d", got, tt.minutes)
				}
				w.want("at the end", id, tt.states...)
			})
		})
	}
}

// TestRegionsInParallel: with a role of another name in each region, two regions take no longer than one.
func TestRegionsInParallel(t *testing.T) {
	t.Parallel()
	slow(t, func(w *slowWorld) {
		begin := time.Now()
		w.done("CreateStackGroup", "StackGroupName", "g", "TemplateBody", strings.Replace(roleTemplate, "{Ref: Name}", "{Ref: ALIYUN::Region}", 1))
		id := w.done("CreateStackInstances", "StackGroupName", "g", "RegionIds", `["cn-hangzhou","cn-beijing"]`, "AccountIds", `["`+uidC+`"]`,
			"OperationPreferences", `{"RegionConcurrencyType":"PARALLEL"}`)["OperationId"].(string)
		w.ros.Wait()
		w.want("at the end", id, "SUCCEEDED", "SUCCEEDED", "SUCCEEDED")
		if got := time.Since(begin); got != time.Minute {
			t.Errorf("took %v", got)
		}
	})
}

// TestCloseStopsOperations: nothing goes on after Close.
func TestCloseStopsOperations(t *testing.T) {
	t.Parallel()
	slow(t, func(w *slowWorld) {
		id := w.create("")
		synctest.Wait()
		w.ros.Close()
		w.want("after Close", id, "STOPPED", "FAILED", "CANCELLED")
	})
}
