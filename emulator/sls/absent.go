package sls

import (
	"fmt"
	"net/url"
	"strings"
)

// absent is what the service is documented to answer and this package is not built for, one a line: the operation,
// method and path. The paths are those of the client sls20201230 and of section 3.9 of the sheet.
const absent = `
ChangeResourceGroup PUT /resourcegroup
TagResources POST /tag
UntagResources POST /untag
ListTagResources GET /tags
GetProjectPolicy GET /policy
PutProjectPolicy POST /policy
DeleteProjectPolicy DELETE /policy
PutProjectTransferAcceleration PUT /transferacceleration
GetSlsService GET /slsservice
OpenSlsService POST /slsservice
GetProjectLogs GET /logs
ListDomains GET /domains
CreateDomain POST /domains
DeleteDomain DELETE /domains/{name}
GetLogging GET /logging
CreateLogging POST /logging
UpdateLogging PUT /logging
DeleteLogging DELETE /logging
UpdateLogStoreEncryption PUT /logstores/{n}/encryption
GetLogStoreMeteringMode GET /logstores/{n}/meteringmode
UpdateLogStoreMeteringMode PUT /logstores/{n}/meteringmode
UpdateLogStoreProcessor POST /logstores/{n}/processor
ListMetricStores GET /metricstores
CreateMetricStore POST /metricstores
GetMetricStore GET /metricstores/{n}
UpdateMetricStore PUT /metricstores/{n}
DeleteMetricStore DELETE /metricstores/{n}
GetMetricStoreMeteringMode GET /metricstores/{n}/meteringmode
UpdateMetricStoreMeteringMode PUT /metricstores/{n}/meteringmode
UpdateMetricStoreProcessor POST /metricstores/{n}/processor
ListStoreViews GET /storeviews
CreateStoreView POST /storeviews
GetStoreView GET /storeviews/{n}
UpdateStoreView PUT /storeviews/{n}
DeleteStoreView DELETE /storeviews/{n}
GetStoreViewIndex GET /storeviews/{n}/index
ListDashboard GET /dashboards
CreateDashboard POST /dashboards
GetDashboard GET /dashboards/{n}
UpdateDashboard PUT /dashboards/{n}
DeleteDashboard DELETE /dashboards/{n}
ListJobInstances GET /jobs/{n}/jobinstances
ListETLJob GET /etljobs
CreateETLJob POST /etljobs
GetETLJob GET /etljobs/{n}
UpdateETLJob PUT /etljobs/{n}
DeleteETLJob DELETE /etljobs/{n}
ListETLs GET /etls
CreateETL POST /etls
GetETL GET /etls/{n}
StartETL PUT /etls/{n}?action=START
StopETL PUT /etls/{n}?action=STOP
UpdateETL PUT /etls/{n}
DeleteETL DELETE /etls/{n}
ListOSSExports GET /ossexports
CreateOSSExport POST /ossexports
GetOSSExport GET /ossexports/{n}
StartOSSExport PUT /ossexports/{n}?action=START
StopOSSExport PUT /ossexports/{n}?action=STOP
UpdateOSSExport PUT /ossexports/{n}
DeleteOSSExport DELETE /ossexports/{n}
ListOSSHDFSExports GET /osshdfsexports
CreateOSSHDFSExport POST /osshdfsexports
GetOSSHDFSExport GET /osshdfsexports/{n}
StartOSSHDFSExport PUT /osshdfsexports/{n}?action=START
StopOSSHDFSExport PUT /osshdfsexports/{n}?action=STOP
UpdateOSSHDFSExport PUT /osshdfsexports/{n}
DeleteOSSHDFSExport DELETE /osshdfsexports/{n}
ListMaxComputeExports GET /maxcomputeexports
CreateMaxComputeExport POST /maxcomputeexports
GetMaxComputeExport GET /maxcomputeexports/{n}
StartMaxComputeExport PUT /maxcomputeexports/{n}?action=START
StopMaxComputeExport PUT /maxcomputeexports/{n}?action=STOP
UpdateMaxComputeExport PUT /maxcomputeexports/{n}
DeleteMaxComputeExport DELETE /maxcomputeexports/{n}
ListOSSIngestions GET /ossingestions
CreateOSSIngestion POST /ossingestions
GetOSSIngestion GET /ossingestions/{n}
StartOSSIngestion PUT /ossingestions/{n}?action=START
StopOSSIngestion PUT /ossingestions/{n}?action=STOP
UpdateOSSIngestion PUT /ossingestions/{n}
DeleteOSSIngestion DELETE /ossingestions/{n}
ListS3Ingestions GET /s3ingestions
CreateS3Ingestion POST /s3ingestions
GetS3Ingestion GET /s3ingestions/{n}
DeleteS3Ingestion DELETE /s3ingestions/{n}
ListScheduledSQLs GET /scheduledsqls
CreateScheduledSQL POST /scheduledsqls
GetScheduledSQL GET /scheduledsqls/{n}
EnableScheduledSQL PUT /scheduledsqls/{n}?action=enable
DisableScheduledSQL PUT /scheduledsqls/{n}?action=disable
UpdateScheduledSQL PUT /scheduledsqls/{n}
DeleteScheduledSQL DELETE /scheduledsqls/{n}
ListDownloadJobs GET /downloadjobs
CreateDownloadJob POST /downloadjobs
GetDownloadJob GET /downloadjobs/{n}
DeleteDownloadJob DELETE /downloadjobs/{n}
GetSqlInstance GET /sqlinstance
CreateSqlInstance POST /sqlinstance
UpdateSqlInstance PUT /sqlinstance
ListConsumeProcessors GET /consumeprocessors
GetConsumeProcessor GET /consumeprocessors/{n}
PutConsumeProcessor PUT /consumeprocessors/{n}
DeleteConsumeProcessor DELETE /consumeprocessors/{n}
ListIngestProcessors GET /ingestprocessors
GetIngestProcessor GET /ingestprocessors/{n}
PutIngestProcessor PUT /ingestprocessors/{n}
DeleteIngestProcessor DELETE /ingestprocessors/{n}
ListConfig GET /configs
CreateConfig POST /configs
GetConfig GET /configs/{n}
UpdateConfig PUT /configs/{n}
DeleteConfig DELETE /configs/{n}
GetAppliedMachineGroups GET /configs/{n}/machinegroups
ListLogtailPipelineConfig GET /pipelineconfigs
CreateLogtailPipelineConfig POST /pipelineconfigs
GetLogtailPipelineConfig GET /pipelineconfigs/{n}
UpdateLogtailPipelineConfig PUT /pipelineconfigs/{n}
DeleteLogtailPipelineConfig DELETE /pipelineconfigs/{n}
ListMachineGroup GET /machinegroups
CreateMachineGroup POST /machinegroups
GetMachineGroup GET /machinegroups/{n}
UpdateMachineGroup PUT /machinegroups/{n}
DeleteMachineGroup DELETE /machinegroups/{n}
GetAppliedConfigs GET /machinegroups/{n}/configs
ApplyConfigToMachineGroup PUT /machinegroups/{n}/configs/{c}
RemoveConfigFromMachineGroup DELETE /machinegroups/{n}/configs/{c}
ListMachines GET /machinegroups/{n}/machines
UpdateMachineGroupMachine PUT /machinegroups/{n}/machines
ListAgentInstanceConfigs GET /agentinstanceconfigs
CreateAgentInstanceConfig POST /agentinstanceconfigs
GetAgentInstanceConfig GET /agentinstanceconfigs/{n}
UpdateAgentInstanceConfig PUT /agentinstanceconfigs/{n}
DeleteAgentInstanceConfig DELETE /agentinstanceconfigs/{n}
ListCollectionPolicies GET /collectionpolicy
UpsertCollectionPolicy POST /collectionpolicy
GetCollectionPolicy GET /collectionpolicy/{n}
DeleteCollectionPolicy DELETE /collectionpolicy/{n}
ListAnnotationDataSets GET /ml/annotationdataset
CreateAnnotationDataSet POST /ml/annotationdataset
GetAnnotationDataSet GET /ml/annotationdataset/{n}
UpdateAnnotationDataSet PUT /ml/annotationdataset/{n}
DeleteAnnotationDataSet DELETE /ml/annotationdataset/{n}
ListAnnotationData GET /ml/annotationdataset/{n}/annotationdata
PutAnnotationData PUT /ml/annotationdataset/{n}/annotationdata
GetAnnotationData GET /ml/annotationdataset/{n}/annotationdata/{d}
DeleteAnnotationData DELETE /ml/annotationdataset/{n}/annotationdata/{d}
ListAnnotationLabels GET /ml/annotationlabel
CreateAnnotationLabel POST /ml/annotationlabel
UpdateAnnotationLabel PUT /ml/annotationlabel
GetAnnotationLabel GET /ml/annotationlabel/{n}
DeleteAnnotationLabel DELETE /ml/annotationlabel/{n}
GetMLServiceResults POST /ml/service/{n}/analysis
CallAiTools POST /ml/tool/call
ListAiTools GET /ml/tool/list
CreateTicket POST /tickets
RefreshToken POST /token/refresh
`

var absentTable = absentRoutes()

func absentRoutes() []route {
	var list []route
	for line := range strings.Lines(strings.TrimSpace(absent)) {
		f := strings.Fields(line)
		r := route{name: f[0], method: f[1]}
		path, query, _ := strings.Cut(f[2], "?")
		r.pattern = path
		if param, value, ok := strings.Cut(query, "="); ok {
			r.param, r.values = param, []string{value}
		}
		list = append(list, r)
	}
	return list
}

// Absent lists the documented operations that are refused by name, one a line: operation, method, path.
func Absent() []string { return strings.Split(strings.TrimSpace(absent), "\n") }

// notOffered is the answer to a request that no route takes; it names the operation when that is known.
func notOffered(method, path string, query url.Values) error {
	if r, _ := find(absentTable, method, path, query); r != nil {
		return notImplementedf("%s (%s %s) is not offered here", r.name, method, path)
	}
	hint := ""
	for _, p := range []string{"type", "action"} {
		if v := query.Get(p); v != "" {
			hint = fmt.Sprintf(" with %s=%s", p, v)
			break
		}
	}
	return notImplementedf("%s %s is not offered here%s", method, path, hint)
}
