package main

import (
	"regexp"

	"github.com/aws/aws-lambda-go/events"
)

// logLine is one event of a log group.
type logLine struct {
	Stream string `json:"logStream"`
	// Timestamp is in milliseconds since 1970.
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// Runtimes write the id of the request into the lines of its errors, as a field that names it or before the text.
const uuid = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`

var requestIDs = []*regexp.Regexp{
	regexp.MustCompile(`(?i)"(?:aws)?request_?id"\s*:\s*"(` + uuid + `)"`),
	regexp.MustCompile(`RequestId: (` + uuid + `)`),
	regexp.MustCompile(`\b(` + uuid + `)\b`),
}

// requestIDOf is the id of the request that wrote a line, "" if the line does not say.
func requestIDOf(message string) string {
	for _, pattern := range requestIDs {
		if match := pattern.FindStringSubmatch(message); match != nil {
			return match[1]
		}
	}
	return ""
}

// groupByRequest sorts the lines of a batch by the requests that wrote them, in the order in which they come first.
// Lines that name no request are given apart.
func groupByRequest(batch events.CloudwatchLogsData) (requests []*failedRequest, unassigned []events.CloudwatchLogsLogEvent) {
	known := map[string]*failedRequest{}
	for _, event := range batch.LogEvents {
		id := requestIDOf(event.Message)
		if id == "" {
			unassigned = append(unassigned, event)
			continue
		}
		if known[id] == nil {
			known[id] = &failedRequest{id: id, logGroup: batch.LogGroup}
			requests = append(requests, known[id])
		}
		known[id].errors = append(known[id].errors, logLine{batch.LogStream, event.Timestamp, event.Message})
	}
	return requests, unassigned
}
