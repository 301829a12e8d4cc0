package fc

// Partial says, by the name of the operation in [Routes], what of documented operations is missing.
func Partial() map[string]string {
	return map[string]string{
		"CreateFunction": "runtimes custom.* and go1; containers, GPUs, layers, VPC, NAS and OSS mounts are refused by the name of the property",
		"UpdateFunction": "as CreateFunction",
		"CreateTrigger":  "http, timer, log and oss; other types are refused by name",
		"UpdateTrigger":  "as CreateTrigger",
	}
}
