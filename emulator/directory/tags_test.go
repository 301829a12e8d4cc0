package directory_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
	"github.com/google/go-cmp/cmp"
)

// manyTags are parameters with n tags.
func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " Tag.%d.Key=k%d", i+1, i+1)
	}
	return b.String()
}

// TestTags tags members and folders, lists them in pages, and filters accounts by them.
func TestTags(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	c, key := w.client(t, "AK"+uidA), "AK"+uidA
	folder, err := w.AddFolder(uidA, "", "shops")
	if err != nil {
		t.Fatal(err)
	}
	request := resourcemanager.CreateTagResourcesRequest()
	request.ResourceType = "Account"
	request.ResourceId = &[]string{uidC, uidD}
	request.Tag = &[]resourcemanager.TagResourcesTag{{Key: "env", Value: "prod"}, {Key: "team", Value: "web"}}
	if _, err := c.TagResources(request); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ action, params, want string }{
		{"TagResources", "ResourceType=Account ResourceId.1=" + uidD + " Tag.1.Key=team Tag.1.Value=pay", ""},
		{"TagResources", "ResourceType=Folder ResourceId.1=" + folder + " Tag.1.Key=env Tag.1.Value=test", ""},
		{"TagResources", "ResourceType=Account ResourceId.1=42 Tag.1.Key=a", "404 EntityNotExists.Account"},
		{"TagResources", "ResourceType=Folder ResourceId.1=fd-0 Tag.1.Key=a", "404 EntityNotExists.Folder"},
		{"TagResources", "ResourceType=Pod ResourceId.1=a Tag.1.Key=a", "400 InvalidParameter.ResourceType"},
		{"TagResources", "ResourceId.1=a Tag.1.Key=a", "400 InvalidParameter.ResourceType"},
		{"TagResources", "ResourceType=Account Tag.1.Key=a", "400 MissingParameter.ResourceId"},
		{"TagResources", "ResourceType=Account ResourceId.1=" + uidC, "400 MissingParameter.Tag"},
		{"TagResources", "ResourceType=Account ResourceId.1=" + uidC + " Tag.1.Key=acs:x", "400 InvalidParameter.TagKey"},
		{"TagResources", "ResourceType=Account ResourceId.1=" + uidC + " Tag.1.Key=x Tag.1.Value=" + strings.Repeat("v", 129), "400 InvalidParameter.TagValue"},
		{"TagResources", "ResourceType=Account ResourceId.1=" + uidC + " Tag.1.Key=x Tag.2.Key=x", "400 InvalidParameter.TagKey"},
		{"TagResources", "ResourceType=Account ResourceId.1=" + uidC + " Tag.1.Key=长 Tag.1.Value=" + strings.Repeat("长", 128), ""},
		{"UntagResources", "ResourceType=Account ResourceId.1=" + uidC + " TagKey.1=长", ""},
		{"TagResources", "ResourceType=Account ResourceId.1=" + uidC + manyTags(21), "409 LimitExceeded.Tag"},
		{"CreateFolder", "FolderName=many" + manyTags(21), "409 LimitExceeded.Tag"},
		{"CreateResourceAccount", "DisplayName=many" + manyTags(21), "409 LimitExceeded.Tag"},
		{"InviteAccountToResourceDirectory", "TargetType=Account TargetEntity=" + uidB + " Tag.1.Key=acs:x", "400 InvalidParameter.TagKey"},
		{"UntagResources", "ResourceType=Account ResourceId.1=" + uidC, "400 MissingParameter.TagKey"},
		{"UntagResources", "ResourceType=Account ResourceId.1=" + uidC + " TagKey.1=team", ""},
		{"ListTagValues", "ResourceType=Account", "400 MissingParameter.TagKey"},
	} {
		if _, err := w.rd(t, key, tt.action, split(tt.params)...); code(err) != tt.want {
			t.Errorf("%s %s: %v, want %q", tt.action, tt.params, err, tt.want)
		}
	}
	list := func(action, name, params string) []string {
		var out []string
		token := ""
		for {
			body, err := w.rd(t, key, action, append(split(params), "MaxResults", "2", "NextToken", token)...)
			if err != nil {
				t.Fatal(err)
			}
			var a map[string]json.RawMessage
			var rows []map[string]string
			if json.Unmarshal([]byte(body), &a) != nil || json.Unmarshal(a[name], &rows) != nil || json.Unmarshal(a["NextToken"], &token) != nil {
				t.Fatal(body)
			}
			for _, r := range rows {
				out = append(out, strings.Trim(r["ResourceId"]+" "+r["TagKey"]+" "+r["TagValue"]+r["Key"]+r["Value"], " "))
			}
			if token == "" {
				return out
			}
		}
	}
	for _, tt := range []struct {
		action, name, params string
		want                 []string
	}{
		{"ListTagResources", "TagResources", "ResourceType=Account", []string{uidC + " env prod", uidD + " env prod", uidD + " team pay"}},
		{"ListTagResources", "TagResources", "ResourceType=Account Tag.1.Key=team", []string{uidD + " env prod", uidD + " team pay"}},
		{"ListTagResources", "TagResources", "ResourceType=Folder", []string{folder + " env test"}},
		{"ListTagKeys", "Tags", "ResourceType=Account", []string{"env", "team"}},
		{"ListTagKeys", "Tags", "ResourceType=Account KeyFilter=te", []string{"team"}},
		{"ListTagValues", "Tags", "ResourceType=Account TagKey=env", []string{"prod"}},
	} {
		if diff := cmp.Diff(tt.want, list(tt.action, tt.name, tt.params)); diff != "" {
			t.Errorf("%s %s: %s", tt.action, tt.params, diff)
		}
	}
	if body, err := w.rd(t, key, "ListAccounts", "Tag.1.Key", "team", "Tag.1.Value", "pay"); err != nil || !strings.Contains(body, `"TotalCount":1`) {
		t.Errorf("accounts by tag: %s %v", body, err)
	}
	if _, err := w.rd(t, key, "UntagResources", "ResourceType", "Account", "ResourceId.1", uidD, "All", "true"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{uidC + " env prod"}, list("ListTagResources", "TagResources", "ResourceType=Account")); diff != "" {
		t.Error(diff)
	}
}
