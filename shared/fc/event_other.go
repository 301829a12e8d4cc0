package fc

import (
	"encoding/json"
	"time"
)

// The events of this file are the formats of triggers that none of our functions has. The local cloud fires those of OSS.

// OSSEvent is what an OSS trigger sends (fc.md §3.4). The trigger invokes asynchronously.
type OSSEvent struct {
	Events []OSSRecord `json:"events"`
}

// OSSRecord is one change of an object. EventName has no prefix oss:, although the trigger's filter has.
type OSSRecord struct {
	EventName         string            `json:"eventName"`
	EventSource       string            `json:"eventSource"` // acs:oss
	EventTime         time.Time         `json:"eventTime"`
	EventVersion      string            `json:"eventVersion"` // 1.0
	Region            string            `json:"region"`
	OSS               OSSPlace          `json:"oss"`
	RequestParameters map[string]string `json:"requestParameters"` // sourceIPAddress
	ResponseElements  map[string]string `json:"responseElements"`  // requestId
	UserIdentity      map[string]string `json:"userIdentity"`      // principalId
}

// OSSPlace is the bucket and the object of a change.
type OSSPlace struct {
	Bucket struct {
		ARN           string `json:"arn"`
		Name          string `json:"name"`
		OwnerIdentity string `json:"ownerIdentity"`
		VirtualBucket string `json:"virtualBucket"`
	} `json:"bucket"`
	Object struct {
		DeltaSize  int64             `json:"deltaSize"` // bytes
		ETag       string            `json:"eTag"`
		Key        string            `json:"key"`
		Size       int64             `json:"size"`                 // bytes
		ObjectMeta map[string]string `json:"objectMeta,omitempty"` // mimeType
	} `json:"object"`
	SchemaVersion string `json:"ossSchemaVersion"` // 1.0
	RuleID        string `json:"ruleId"`
}

// LenientJSON accepts fields that the platform adds.
func (OSSEvent) LenientJSON() {}

// CloudEvent is what an EventBridge trigger sends in the event-driven mode: one CloudEvents 1.0 object (fc.md §3.4). The
// same event can arrive again, with the same Source and ID. In the event-streaming mode the input is a JSON array.
type CloudEvent struct {
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	SpecVersion     string          `json:"specversion"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
	AccountID       string          `json:"aliyunaccountid"`
	PublishTime     time.Time       `json:"aliyunpublishtime"`
	BusName         string          `json:"aliyuneventbusname"`
	RegionID        string          `json:"aliyunregionid"`
	PublishAddr     string          `json:"aliyunpublishaddr"`
}

// LenientJSON accepts fields that the platform adds.
func (CloudEvent) LenientJSON() {}

// MNSEvent is what an MNS topic trigger with the format STREAM sends (fc.md §3.4).
type MNSEvent struct {
	Body  json.RawMessage `json:"body"`
	Attrs json.RawMessage `json:"attrs"`
}

// LenientJSON accepts fields that the platform adds.
func (MNSEvent) LenientJSON() {}
