package ros_test

import (
	"net/url"
	"testing"

	"github.com/fenghuo-soc/fenghuo/emulator/ros"
)

// FuzzCall runs any operation with any parameters, as the owner of B, where the group g has instances: it answers, and
// never with a failure of its own; what it begins comes to an end.
func FuzzCall(f *testing.F) {
	template := url.QueryEscape(roleTemplate)
	f.Add("CreateStack", "StackName=s&TemplateBody="+template+"&Parameters.1.ParameterKey=About&Parameters.1.ParameterValue=x")
	f.Add("CreateStackGroup", "StackGroupName=n&TemplateBody="+template+`&PermissionModel=SERVICE_MANAGED&AutoDeployment={"Enabled":true}`)
	f.Add("UpdateStackGroup", `StackGroupName=g&OperationPreferences={"MaxConcurrentCount":20,"RegionIdsOrder":["",""]}`)
	f.Add("CreateStackInstances", `StackGroupName=g&RegionIds=["a","a"]&AccountIds=["`+uidC+`","`+uidC+`"]&OperationPreferences={"RegionConcurrencyType":"PARALLEL"}`)
	f.Add("DeleteStackInstances", `StackGroupName=g&RegionIds=["cn-hangzhou"]&AccountIds=["`+uidC+`"]&RetainStacks=true`)
	f.Add("UpdateStackInstances", `StackGroupName=g&RegionIds=[null]&AccountIds=[""]&ParameterOverrides.1.ParameterKey=About`)
	f.Add("ListStackInstances", "StackGroupName=g&PageNumber=1000000&PageSize=50")
	f.Add("StopStackGroupOperation", "OperationId=")
	f.Fuzz(func(t *testing.T, action, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		w := groupCloud(t, ros.Options{})
		w.trust(uidC)
		for _, s := range []map[string]string{
			{"Action": "CreateStackGroup", "TemplateBody": roleTemplate},
			{"Action": "CreateStackInstances", "RegionIds": `["cn-hangzhou"]`, "AccountIds": `["` + uidC + `"]`},
		} {
			s["StackGroupName"], s["RegionId"] = "g", region
			if _, e := w.gw.Do(t.Context(), w.iam.RootCaller(uidB), "2019-09-10", s["Action"], s); e != nil {
				t.Fatal(e)
			}
			w.ros.Wait()
		}
		params := map[string]string{"RegionId": region}
		for name := range values {
			params[name] = values.Get(name)
		}
		for range 2 {
			if _, e := w.gw.Do(t.Context(), w.iam.RootCaller(uidB), "2019-09-10", action, params); e != nil && e.Code == "InternalError" {
				t.Errorf("%s %q: %s", action, query, e.Message)
			}
		}
		w.ros.Close()
	})
}
