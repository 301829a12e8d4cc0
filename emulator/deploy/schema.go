package deploy

import (
	"fmt"
	"strings"
)

const (
	someText  = `[\s\S]`
	regionRe  = `^[a-z]{2,}(-[a-z0-9]+)+$`
	roleARNRe = `(?i)^acs:ram::\d+:role/[a-z0-9._-]+$`
	// refused marks properties that the component knows and this deployer does not offer.
	refusedText = "is not offered by this deployer"
)

func refused(path string, _ any, report func(path, text string)) { report(path, refusedText) }

var hookShape = object(map[string]shape{"handler": text(someText), "command": refused, "timeout": integer(1, 300)})

// fc3Shape are the properties of the component fc3 with the limits of fc.md §5.3 and §4.4.
var fc3Shape = object(map[string]shape{
	"region*": text(regionRe), "functionName*": text(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`),
	"runtime*": oneOf("custom", "custom.debian10", "custom.debian11", "custom.debian12"), "code*": text(someText),
	"handler": text(""), "description": text(""),
	"cpu": steps(0.05, 16), "memorySize": multiple(128, 32768, 64), "diskSize": either(512, 10240),
	"timeout": integer(1, 86400), "instanceConcurrency": integer(1, 200),
	"environmentVariables": dict(`^[A-Za-z][A-Za-z0-9_]*$`, text("")),
	"role":                 choice(text(roleARNRe), text(`^[A-Za-z0-9.-]{1,64}$`)),
	"logConfig": object(map[string]shape{
		"project*": text(someText), "logstore*": text(someText), "enableRequestMetrics": boolean,
		"enableInstanceMetrics": boolean, "enableLlmMetrics": refused, "logBeginRule": oneOf("DefaultRegex", "None"),
	}),
	"customRuntimeConfig": object(map[string]shape{
		"command": list(text(someText), 100), "args": list(text(""), 100),
		"port": integer(1, 65535), "healthCheckConfig": refused,
	}),
	"instanceLifecycleConfig": object(map[string]shape{"initializer": hookShape, "preStop": hookShape}),
	"asyncInvokeConfig": object(map[string]shape{
		"asyncTask": boolean, "maxAsyncRetryAttempts": integer(0, 8),
		"maxAsyncEventAgeInSeconds": integer(1, 604800), "qualifier": oneOf("LATEST"),
		"destinationConfig": object(map[string]shape{"onSuccess": destination, "onFailure": destination}),
	}),
	"internetAccess": boolean,
	"tags":           list(object(map[string]shape{"key*": text(someText), "value*": text("")}), 20),
	"triggers":       list(triggerShape, 50),

	"vpcConfig": refused, "vpcBinding": refused, "nasConfig": refused, "ossMountConfig": refused, "concurrencyConfig": refused,
	"provisionConfig": refused, "scalingConfig": refused, "layers": refused, "customDNS": refused, "gpuConfig": refused,
	"tracingConfig": refused, "endpoint": refused, "resourceGroupId": refused, "annotations": refused,
	"sessionAffinity": refused, "sessionAffinityConfig": refused, "customContainerConfig": refused,
})

var destination = object(map[string]shape{"destination*": text(`^acs:fc:[^:]*:[^:]*:functions/.+$`)})

var triggerConfigs = map[string]shape{
	"http": object(map[string]shape{
		"authType*": oneOf("anonymous", "function"), "disableURLInternet": boolean,
		"methods*": list(oneOf("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"), 7),
	}),
	"timer": object(map[string]shape{"cronExpression*": text(`^(@every \S+|(CRON_TZ=\S+ +)?\S+( +\S+){5})$`), "enable*": boolean, "payload": text("")}),
	"log": object(map[string]shape{
		"enable*":           boolean,
		"sourceConfig*":     object(map[string]shape{"logstore*": text(someText), "startTime": integer(1, 1<<40)}),
		"jobConfig*":        object(map[string]shape{"maxRetryTime": integer(0, 100), "triggerInterval": integer(3, 600)}),
		"logConfig*":        object(map[string]shape{"project*": text(someText), "logstore*": text(someText)}),
		"functionParameter": dict(someText, text("")),
	}),
}

// triggerShape checks triggerConfig by the type of the trigger, which the component's own schema does not do.
func triggerShape(path string, v any, report func(path, text string)) {
	kind := ""
	if m, ok := v.(map[string]any); ok {
		kind, _ = m["triggerType"].(string)
	}
	config, ok := triggerConfigs[kind]
	if !ok {
		config = anyValue
	}
	keys := map[string]shape{
		"triggerName*": text(`^[A-Za-z_][A-Za-z0-9_-]{0,127}$`), "triggerType*": oneOf("http", "timer", "log"),
		"triggerConfig*": config, "qualifier": oneOf("LATEST"), "description": text(""),
	}
	if kind == "log" { // the component would create AliyunLogETLRole when there is no role; this deployer wants it said
		keys["invocationRole*"], keys["sourceArn*"] = text(roleARNRe), text(`^acs:log:[^:]+:[^:]+:project/[a-z0-9-]+$`)
	} else {
		keys["invocationRole"], keys["sourceArn"] = text(""), text("")
	}
	object(keys)(path, v, report)
}

var rosShape = object(map[string]shape{
	"region*": text(regionRe), "name*": text(`^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$`),
	"template*":  choice(text(someText), dict(someText, anyValue)),
	"parameters": dict(someText, choice(text(""), choice(boolean, anyNumber))),
	"policy":     refused, "endpoint": refused, "terraform": refused,
})

var anyNumber = ifKnown(func(path string, v any, report func(path, text string)) {
	switch v.(type) {
	case int, float64:
	default:
		report(path, "must be a string, a number or a boolean")
	}
})

var flowShape = object(map[string]shape{
	"region*": text(regionRe), "name*": text(`^[A-Za-z_][A-Za-z0-9_-]{0,127}$`),
	"definition*": choice(text(someText), dict(someText, anyValue)),
	"type":        oneOf("FDL"), "executionMode": oneOf("Standard", "Express"), "roleArn": text(roleARNRe), "description": text(someText),
})

// checkFC3 adds what a shape cannot say: rules between properties.
func checkFC3(props map[string]any, report func(path, text string)) {
	size := 0
	env, _ := props["environmentVariables"].(map[string]any)
	for k, v := range env {
		s, _ := v.(string)
		size += len(k) + len(s)
		if strings.HasPrefix(k, "FC_") {
			report("props.environmentVariables."+k, "FC_ is reserved")
		}
	}
	if size > 4096 {
		report("props.environmentVariables", "must not exceed 4 KB")
	}
	seen, http := map[string]bool{}, 0
	triggers, _ := props["triggers"].([]any)
	for i, t := range triggers {
		m, _ := t.(map[string]any)
		name, _ := m["triggerName"].(string)
		if seen[name] {
			report(fmt.Sprintf("props.triggers[%d].triggerName", i), "is used twice")
		}
		seen[name] = true
		if m["triggerType"] == "http" {
			if http++; http > 1 {
				report(fmt.Sprintf("props.triggers[%d]", i), "a function has at most one HTTP trigger")
			}
		}
	}
	if code, _ := props["code"].(string); strings.HasPrefix(code, "http://") || strings.HasPrefix(code, "https://") {
		report("props.code", "URLs are not offered by this deployer")
	}
	checkRatio(props, report)
}

// checkRatio holds cpu to memory in GB between 1:1 and 1:4.
func checkRatio(props map[string]any, report func(path, text string)) {
	cpu, ok := props["cpu"].(float64)
	if n, isInt := props["cpu"].(int); isInt {
		cpu, ok = float64(n), true
	}
	memory, known := props["memorySize"].(int)
	if !ok || !known || cpu <= 0 {
		return
	}
	if ratio := float64(memory) / 1024 / cpu; ratio < 1-1e-9 || ratio > 4+1e-9 {
		report("props.cpu", "cpu to memorySize in GB must be between 1:1 and 1:4")
	}
}
