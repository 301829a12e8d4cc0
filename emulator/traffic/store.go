package traffic

// store is a Logstore that a product of an account writes to.
type store struct {
	account, project, logstore, topic, source string
}

func (w World) actiontrail(uid string) store {
	return store{uid, "actiontrail-" + uid + "-" + w.Region, "actiontrail_audit", "actiontrail_audit_event", "actiontrail"}
}

func (w World) waf(uid string) store {
	return store{uid, "wafnew-project-" + uid + "-" + w.Region, "wafnew-logstore", "waf_access_log", "waf_access_log"}
}

func (w World) cloudFirewall(uid string) store {
	return store{uid, "cloudfirewall-project-" + uid + "-" + w.Region, "cloudfirewall-logstore", "cloudfirewall_access_log", "cloudfirewall"}
}

func (w World) securityCenter(uid, topic string) store {
	return store{uid, "sas-log-" + uid + "-" + w.Region, "sas-log", topic, "sas"}
}

func (w World) oss(uid string) store {
	return store{uid, "oss-log-" + uid + "-" + w.Region, "oss-log-store", "oss_access_log", "oss"}
}

func (s store) batch(logs ...Log) Batch {
	return Batch{AccountUID: s.account, Project: s.project, Logstore: s.logstore, Topic: s.topic, Source: s.source, Logs: logs}
}
