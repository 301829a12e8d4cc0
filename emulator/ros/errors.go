package ros

import (
	"fmt"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// TemplateError says what is wrong with a template and where.
type TemplateError struct {
	Code    string // code of the API error
	Path    string // for example Resources.Role.Properties.RoleName
	Line    int    // from 1; 0 when there is none
	Message string
}

// Error names path, line and problem.
func (e *TemplateError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Path, e.Message)
	}
	return fmt.Sprintf("%s (line %d): %s", e.Path, e.Line, e.Message)
}

// Codes of template errors.
//
// Assumption: the reference sheets list no ROS error codes; these are the names that the ROS service is known to use,
// all with status 400.
const (
	codeSchema       = "InvalidSchema"
	codeSection      = "InvalidTemplateSection"
	codeVersion      = "InvalidTemplateVersion"
	codeReference    = "InvalidTemplateReference"
	codeAttribute    = "InvalidTemplateAttribute"
	codePropertyType = "InvalidTemplatePropertyType"
	codeValidation   = "StackValidationFailed"
	codeCircular     = "CircularDependency"
	codeUnknownParam = "UnknownUserParameter"
	codeMissingParam = "UserParameterMissing"
)

func templateError(code, path string, line int, format string, args ...any) error {
	return &TemplateError{Code: code, Path: path, Line: line, Message: fmt.Sprintf(format, args...)}
}

// stackExists answers CreateStack with a name in use.
//
// Assumption: the code is confirmed by traces, the status 409 is not.
func stackExists(name string) error {
	return gateway.Errorf(409, "StackExists", "The Stack (%s) already exists.", name)
}

// stackNotFound answers a stack id that does not exist in the account and region.
//
// Assumption: the code is confirmed by traces, the status 404 is not.
func stackNotFound(id string) error {
	return gateway.Errorf(404, "StackNotFound", "The Stack (%s) could not be found.", id)
}

// actionInProgress answers a write while another one runs.
//
// Assumption: code and status 409 are not documented in the sheets.
func actionInProgress(name, action string) error {
	return gateway.Errorf(409, "ActionInProgress", "Stack %s already has an action (%s) in progress.", name, action)
}

func missing(parameter string) error {
	return gateway.Errorf(400, "MissingParameter", "The parameter %s is missing.", parameter)
}

func invalid(parameter, format string, args ...any) error {
	return gateway.Errorf(400, "InvalidParameter", "%s: %s", parameter, fmt.Sprintf(format, args...))
}
