package directory_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
)

// TestIdentityInformation: a directory shows the enterprise of its management account, also to members, and each member
// its own. Seeding checks nothing, so members may belong to another enterprise or to none.
func TestIdentityInformation(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	for uid, name := range map[string]string{uidX: "stranger", uidP: "person"} {
		if err := w.AddMember(uidA, uid, name, "invited"); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, key, product, version, action, account string
		want                                         string
	}{
		{"directory", "AK" + uidA, "ResourceManager", "2020-03-31", "GetResourceDirectory", "", "Fenghuo"},
		{"directory, 2022", "AK" + uidA, "ResourceDirectoryMaster", "2022-04-19", "GetResourceDirectory", "", "Fenghuo"},
		{"directory, asked by a stranger in it", "AK" + uidX, "ResourceManager", "2020-03-31", "GetResourceDirectory", "", "Fenghuo"},
		{"member", "AK" + uidA, "ResourceManager", "2020-03-31", "GetAccount", uidC, "Fenghuo"},
		{"member, 2022", "AK" + uidA, "ResourceDirectoryMaster", "2022-04-19", "GetAccount", uidC, "Fenghuo"},
		{"member of another enterprise", "AK" + uidA, "ResourceManager", "2020-03-31", "GetAccount", uidX, "Other"},
		{"person", "AK" + uidA, "ResourceManager", "2020-03-31", "GetAccount", uidP, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body, err := w.call(t, tt.key, tt.product, tt.version, tt.action, "AccountId", tt.account)
			if err != nil {
				t.Fatal(err)
			}
			type shown struct{ IdentityInformation *string }
			var answer struct{ ResourceDirectory, Account shown }
			if err := json.Unmarshal([]byte(body), &answer); err != nil {
				t.Fatal(err)
			}
			got := answer.Account.IdentityInformation
			if tt.account == "" {
				got = answer.ResourceDirectory.IdentityInformation
			}
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s%s", diff, body)
			}
		})
	}
}

// TestEnterpriseReachesTheProduct reads it with the product's client.
func TestEnterpriseReachesTheProduct(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	if err := w.AddMember(uidA, uidX, "stranger", "invited"); err != nil {
		t.Fatal(err)
	}
	c := directory.New(openapi.New(openapi.Config{
		Endpoint:    w.url,
		Credentials: openapi.Static(openapi.Credentials{AccessKeyID: "AK" + uidA, AccessKeySecret: "secret"}),
	}))
	d, err := c.Get(t.Context())
	if err != nil || d.Enterprise != "Fenghuo" {
		t.Errorf("directory: %+v, %v", d, err)
	}
	for uid, want := range map[string]string{uidB: "Fenghuo", uidX: "Other"} {
		if m, err := c.GetAccount(t.Context(), uid); err != nil || m.Enterprise != want {
			t.Errorf("member %s: %+v, %v; want enterprise %q", uid, m, err, want)
		}
	}
}
