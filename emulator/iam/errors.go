package iam

import (
	"net/http"
	"regexp"
	"unicode/utf8"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// The helpers below word the error families of RAM (accounts.md §5.3). RAM spells EntityNotExist without an s.

func notExist(entity, name string) *gateway.Error {
	return gateway.Errorf(http.StatusNotFound, "EntityNotExist."+entity, "The specified %s does not exist: %s.", entity, name)
}

func alreadyExists(entity, name string) *gateway.Error {
	return gateway.Errorf(http.StatusConflict, "EntityAlreadyExists."+entity, "The specified %s already exists: %s.", entity, name)
}

func limitExceeded(entity string, limit int) *gateway.Error {
	return gateway.Errorf(http.StatusConflict, "LimitExceeded."+entity, "The number of %s exceeds the limit of %d.", entity, limit)
}

func deleteConflict(what, name string) *gateway.Error {
	return gateway.Errorf(http.StatusConflict, "DeleteConflict."+what, "%s cannot be deleted: %s is still there.", name, what)
}

func invalid(parameter, format string, args ...any) *gateway.Error {
	return gateway.Errorf(http.StatusBadRequest, "InvalidParameter."+parameter, format, args...)
}

func malformedDocument(parameter string, err error) *gateway.Error {
	return gateway.Errorf(http.StatusBadRequest, "MalformedPolicyDocument", "The %s is malformed: %v.", parameter, err)
}

// unknownPrincipal refuses a trust policy that names somebody who is not there.
//
// Assumption: the code is MalformedPolicyDocument; the documents only say that a named principal must exist.
func unknownPrincipal(parameter, arn string) *gateway.Error {
	return malformedDocument(parameter, malformed("Principal.RAM", "%s does not exist", arn))
}

func unknownPolicyType() error {
	return invalid("PolicyType", "PolicyType must be System or Custom.")
}

// serviceLinked refuses a change of a service-linked role.
//
// Assumption: 409 with a code of our own; the documents say that it fails and not how (accounts.md §3.1).
func serviceLinked(name string) *gateway.Error {
	return gateway.Errorf(http.StatusConflict, "DeleteConflict.Role.ServiceLinked",
		"%s is a service-linked role; its service alone changes it, and DeleteServiceLinkedRole deletes it.", name)
}

var (
	roleName   = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)
	policyName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	groupName  = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	userName   = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
)

// CheckUserName checks the name of a user.
func CheckUserName(name string) error { return checkName(name, "UserName", userName, 64) }

// named reads a mandatory name of at most limit characters.
func named(c *gateway.Call, parameter string, shape *regexp.Regexp, limit int) (string, error) {
	v := c.Get(parameter)
	if err := checkName(v, parameter, shape, limit); err != nil {
		return "", err
	}
	return v, nil
}

func checkName(v, parameter string, shape *regexp.Regexp, limit int) error {
	switch {
	case v == "":
		return gateway.Missing(parameter)
	case len(v) > limit:
		return invalid(parameter+".Length", "The length of %s must be 1 to %d characters.", parameter, limit)
	case !shape.MatchString(v):
		return invalid(parameter+".InvalidChars", "%s has characters that are not allowed.", parameter)
	}
	return nil
}

// text reads an optional text of at most limit characters.
func text(c *gateway.Call, parameter, code string, limit int) (string, error) {
	v := c.Get(parameter)
	if utf8.RuneCountInString(v) > limit {
		return "", invalid(code+".Length", "The length of %s must be at most %d characters.", parameter, limit)
	}
	return v, nil
}
