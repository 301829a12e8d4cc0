package directory

import "github.com/fenghuo-soc/fenghuo/emulator/gateway"

// conflict is a 409 with one of the codes of the accounts sheet, section 2.6.
func conflict(code, format string, args ...any) error {
	return gateway.Errorf(409, code, format, args...)
}

// invalid is a 400 InvalidParameter.<what>.
func invalid(what, format string, args ...any) error {
	return gateway.Errorf(400, "InvalidParameter."+what, format, args...)
}

// missing is a 400 MissingParameter.<what>.
func missing(what string) error {
	return gateway.Errorf(400, "MissingParameter."+what, "The parameter %s is missing.", what)
}

func noDirectory(accountID string) error {
	return gateway.Errorf(404, "EntityNotExists.ResourceDirectory", "The resource directory for the account %s is not enabled.", accountID)
}

func noAccount(id string) error {
	return gateway.Errorf(404, "EntityNotExists.Account", "The account %s does not exist in the resource directory.", id)
}

func noFolder(id string) error {
	return gateway.Errorf(404, "EntityNotExists.Folder", "The folder %s does not exist.", id)
}

func noHandshake(id string) error {
	return gateway.Errorf(404, "EntityNotExists.Handshake", "The handshake %s does not exist.", id)
}

// notManagement answers a member that calls an operation of the management account.
//
// Assumption: the cloud's code is unknown; 404 EntityNotExists.ResourceDirectory, as for an account without directory.
func notManagement(accountID string) error { return noDirectory(accountID) }

// notMember answers a registration of an account outside the directory.
//
// Assumption: the cloud's code is unknown; 404 EntityNotExists.Account.
func notMember(id string) error { return noAccount(id) }

// notSupported is a clear refusal of what the emulator does not do.
func notSupported(parameter, why string) error {
	return invalid(parameter, "The emulator does not support this: %s.", why)
}

func gone(directoryID string) error {
	return gateway.Errorf(404, "SpecifiedResourceDirectoryNotExists", "The resource directory %s does not exist.", directoryID)
}
