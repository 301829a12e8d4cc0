// Command repocheck holds the rules of this repository that the compiler does not: who may import whom, that every
// function has one name everywhere, that every package says what it is for, that CI runs what the README shows, and that
// docs/architecture.md tells the roles and the environment as they are. It prints each breach with the reason for the rule
// and exits with 1.
//
// Run it from the root: go run ./scripts/repocheck
package main

import (
	"fmt"
	"os"
	"slices"
)

func main() {
	breaches, err := check(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "repocheck:", err)
		os.Exit(2)
	}
	for _, b := range breaches {
		fmt.Println(b)
	}
	if len(breaches) > 0 {
		fmt.Printf("%d breaches\n", len(breaches))
		os.Exit(1)
	}
	fmt.Println("repocheck: imports, names, package docs, README commands and architecture are in order")
}

func check(root string) ([]string, error) {
	packages, err := list(root)
	if err != nil {
		return nil, err
	}
	breaches := append(importBreaches(packages), docBreaches(packages)...)
	names, err := nameBreaches(root)
	if err != nil {
		return nil, err
	}
	mod, err := modBreaches(root)
	if err != nil {
		return nil, err
	}
	commands, err := commandBreaches(root)
	if err != nil {
		return nil, err
	}
	architecture, err := architectureBreaches(root)
	if err != nil {
		return nil, err
	}
	return slices.Concat(breaches, names, mod, commands, architecture), nil
}
