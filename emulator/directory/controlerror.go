package directory

import "github.com/fenghuo-soc/fenghuo/emulator/gateway"

// Codes of control policies.
//
// Assumption: EntityNotExists.ControlPolicy, EntityNotExists.Target and NotSupport.DetachLastControlPolicy are
// documented; these are not, and follow the documented ones of resource control policies, with status 409.
const (
	controlPolicyExists    = "EntityAlreadyExists.ControlPolicy"
	controlPolicyLimit     = "LimitExceeded.ControlPolicy"
	controlPolicyAttached  = "DeleteConflict.ControlPolicy"
	controlPolicySystem    = "NotSupport.SystemControlPolicy"
	controlAttached        = "EntityAlreadyExists.ControlPolicyAttachment"
	controlAttachmentLimit = "LimitExceeded.ControlPolicyAttachment"
)

func noControlPolicy(id string) error {
	return gateway.Errorf(404, "EntityNotExists.ControlPolicy", "The control policy %s does not exist.", id)
}

func noTarget(id string) error {
	return gateway.Errorf(404, "EntityNotExists.Target", "The target %s does not exist in the resource directory.", id)
}

// notAttached answers the detachment of a policy from a target that does not have it.
//
// Assumption: 404 EntityNotExists.ControlPolicyAttachment; only its opposite is documented.
func notAttached(policy, target string) error {
	return gateway.Errorf(404, "EntityNotExists.ControlPolicyAttachment", "The control policy %s is not attached to %s.", policy, target)
}

func lastControlPolicy() error {
	return gateway.Errorf(400, "NotSupport.DetachLastControlPolicy", "The last control policy of a target cannot be detached.")
}

// controlIsOff refuses attachments while the feature is off.
//
// Assumption: the code is InvalidControlPolicyEnablementStatus, which the documents list for the deletion of members.
func controlIsOff() error {
	return conflict("InvalidControlPolicyEnablementStatus", "The Control Policy feature is not enabled.")
}
