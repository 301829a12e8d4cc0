package org

import "errors"

var errUID = errors.New("an account id is 16 digits")

const nextUID = "give the 16-digit uid of the account as text"

// ValidUID tells whether s has the form of an account id: 16 digits.
func ValidUID(s string) bool {
	if len(s) != 16 {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
