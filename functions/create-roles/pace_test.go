package main

import (
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/fenghuo-soc/fenghuo"
	"github.com/fenghuo-soc/fenghuo/shared/org"
)

// TestBucketsHoldForAllInstances: the buckets are kept by each instance, so their sum over as many instances as the flows
// can fill must stay below what the cloud allows for the account.
func TestBucketsHoldForAllInstances(t *testing.T) {
	t.Parallel()
	const allowed = 100 // AssumeRole a second, of all callers of an account (accounts.md §7)
	var m struct {
		Resources map[string]struct {
			Props struct {
				Concurrency int `yaml:"instanceConcurrency"`
			}
		}
	}
	if err := yaml.Unmarshal(fenghuo.Manifest, &m); err != nil {
		t.Fatal(err)
	}
	each := m.Resources["create-roles"].Props.Concurrency
	if each == 0 {
		t.Fatal("s.yaml does not say how many requests an instance of create-roles takes")
	}
	instances := (org.AtOnce + each - 1) / each
	if sum := instances * assumeRate; sum > allowed {
		t.Errorf("%d instances send %d AssumeRole a second together, %d are allowed", instances, sum, allowed)
	}
}
