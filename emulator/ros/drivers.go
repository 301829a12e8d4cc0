package ros

import (
	"context"
	"errors"
	"fmt"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// driver makes, changes and removes the resources of one type.
type driver struct {
	props map[string]prop
	attrs []string // names for Fn::GetAtt
	fixed []string // properties that cannot be changed

	// create returns the physical id and the attributes. When it fails after a first step it must have undone it or
	// have filled the physical id, so that a rollback finds what is there.
	create func(ctx context.Context, e env, d *deployed) error
	update func(ctx context.Context, e env, d *deployed, to map[string]any) error
	remove func(ctx context.Context, e env, d *deployed) error
}

// drivers are the resource types of the fc sheet, section 6, that the emulator knows. Read only.
var drivers = map[string]*driver{
	"ALIYUN::RAM::Role": ramRole, "ALIYUN::RAM::ManagedPolicy": ramPolicy, "ALIYUN::RAM::AttachPolicyToRole": ramAttachment,
	"ALIYUN::SLS::Project": slsProject, "ALIYUN::SLS::Logstore": slsLogstore, "ALIYUN::SLS::Index": slsIndex,
}

// env is what a driver may use: the products, in the name of the caller of the stack operation.
type env struct {
	invoker Invoker
	logs    LogService
	caller  auth.Caller
	region  string
	undoing bool // rolling back: what is already there is no failure
}

// ram runs an operation of RAM 2015-05-01.
func (e env) ram(ctx context.Context, action string, params map[string]string) (map[string]any, error) {
	answer, apiError := e.invoker.Do(ctx, e.caller, "2015-05-01", action, params)
	if apiError != nil {
		return nil, fmt.Errorf("%s: %w", action, apiError)
	}
	return answer, nil
}

// log returns the Log Service.
func (e env) log() (LogService, error) {
	if e.logs == nil {
		return nil, errors.New("this emulator has no Log Service")
	}
	return e.logs, nil
}

// hasCode tells whether an error of a product has one of the codes.
func hasCode(err error, codes ...string) bool {
	var e *gateway.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, c := range codes {
		if e.Code == c {
			return true
		}
	}
	return false
}

// try runs steps until one fails.
func try(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
