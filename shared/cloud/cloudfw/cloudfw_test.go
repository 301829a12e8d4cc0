package cloudfw

import (
	"errors"
	"net/http"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi/openapitest"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type object = map[string]any

func TestPolicies(t *testing.T) {
	t.Parallel()
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		if call.Version != "2017-12-07" {
			t.Errorf("call = %+v", call)
		}
		switch call.Action {
		case "AddControlPolicy":
			want := map[string]string{
				"Direction": "in", "Source": "198.51.100.7/32", "SourceType": "net", "Destination": "0.0.0.0/0", "DestinationType": "net",
				"Proto": "ANY", "DestPort": "0/0", "DestPortType": "port", "ApplicationName": "ANY", "AclAction": "drop", "Description": "fenghuo run-1", "NewOrder": "1", "Release": "true",
			}
			for k, v := range want {
				if call.Get(k) != v {
					t.Errorf("%s = %q, want %q", k, call.Get(k), v)
				}
			}
			return object{"AclUuid": "u-1"}
		case "DescribeControlPolicy":
			page, _ := strconv.Atoi(call.Get("CurrentPage"))
			all := []object{
				{"AclUuid": "u-1", "Direction": "in", "Source": "198.51.100.7/32", "Release": "true", "Order": 1, "AclAction": "drop"},
				{"AclUuid": "u-2", "Direction": "in", "Source": "198.51.100.7/32", "Release": false, "Order": 2},
			}
			if call.Get("Direction") != "in" || call.Params.Has("Source") && call.Get("Source") != "198.51.100.7/32" {
				t.Errorf("call = %+v", call)
			}
			return object{"Policys": all[page-1 : page], "TotalCount": "2"}
		case "DeleteControlPolicy":
			if call.Get("Direction") != "in" {
				t.Errorf("call = %+v", call)
			}
			if call.Get("AclUuid") == "u-1" {
				return object{}
			}
			return openapitest.Error{Status: 400, Code: "InvalidParameter.AclUuid"}
		}
		return nil
	}))
	if id, err := c.AddPolicy(t.Context(), BlockInbound("198.51.100.7/32", "fenghuo run-1")); err != nil || id != "u-1" {
		t.Errorf("AddPolicy = %q, %v", id, err)
	}
	got, err := c.Policies(t.Context(), In, "198.51.100.7/32")
	want := []Policy{{ID: "u-1", Direction: In, Source: "198.51.100.7/32", Action: "drop", Order: 1, Enabled: true}, {ID: "u-2", Direction: In, Source: "198.51.100.7/32", Order: 2}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Policies: %v (-want +got):\n%s", err, diff)
	}
	for id, want := range map[string]soc.Kind{"u-1": "", "gone": "", "u-2": soc.Invalid} { // u-2 is refused and still there
		if err := c.DeletePolicy(t.Context(), In, id); soc.KindOf(err) != want {
			t.Errorf("DeletePolicy(%s) = %v, want kind %q", id, err, want)
		}
	}
}

func TestAddressBooks(t *testing.T) {
	t.Parallel()
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		switch call.Action {
		case "AddAddressBook":
			if call.Get("GroupType") != "ip" || call.Get("AddressList") != "198.51.100.7/32,203.0.113.0/24" || call.Get("GroupName") != "fenghuo" {
				t.Errorf("call = %+v", call)
			}
			return object{"GroupUuid": "g-1"}
		case "DescribeAddressBook":
			return object{"Acls": []object{{"GroupUuid": "g-1", "GroupName": "fenghuo", "AddressList": []string{"198.51.100.7/32"}, "ReferenceCount": 1}}, "TotalCount": 1}
		default:
			return openapitest.Error{Status: 404, Code: "EntityNotExist.AddressBook"}
		}
	}))
	if id, err := c.AddAddressBook(t.Context(), "fenghuo", "d", []string{"198.51.100.7/32", "203.0.113.0/24"}); err != nil || id != "g-1" {
		t.Errorf("AddAddressBook = %q, %v", id, err)
	}
	got, err := c.AddressBooks(t.Context())
	if diff := cmp.Diff([]AddressBook{{ID: "g-1", Name: "fenghuo", Addresses: []string{"198.51.100.7/32"}, Uses: 1}}, got); diff != "" || err != nil {
		t.Errorf("AddressBooks: %v (-want +got):\n%s", err, diff)
	}
	for id, want := range map[string]soc.Kind{"gone": "", "g-1": soc.NotFound} {
		if err := c.DeleteAddressBook(t.Context(), id); soc.KindOf(err) != want {
			t.Errorf("DeleteAddressBook(%s) = %v, want kind %q", id, err, want)
		}
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAddPolicyIsSentOnce(t *testing.T) {
	t.Parallel()
	calls := 0
	c := New(openapi.New(openapi.Config{Credentials: openapi.Static(openapitest.Credentials), Transport: transport(func(r *http.Request) (*http.Response, error) {
		calls++
		if r.URL.Host != "cloudfw.cn-hangzhou.aliyuncs.com" {
			t.Errorf("sent to %s", r.URL.Host)
		}
		return nil, errors.New("connection reset")
	})}))
	if _, err := c.AddPolicy(t.Context(), BlockInbound("198.51.100.7/32", "")); soc.KindOf(err) != soc.Unavailable || calls != 1 {
		t.Errorf("%v after %d calls; two policies may be there", err, calls)
	}
}
