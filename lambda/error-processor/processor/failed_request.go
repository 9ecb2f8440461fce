package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// failedRequest is a request that wrote an error, and what is known of it so far.
type failedRequest struct {
	id       string
	logGroup string
	// errors are the lines of the batch.
	errors []logLine
	// lines are all lines of the log group that name the request.
	lines []logLine
	trace *trace
}

// trace is what X-Ray has of a request. The documents are X-Ray's own.
type trace struct {
	ID string `json:"id"`
	// Duration is in seconds.
	Duration float64           `json:"duration"`
	Segments []json.RawMessage `json:"segments"`
}

// report is what Lambda writes at the end of each attempt.
type report struct {
	line      logLine
	traceID   string
	segmentID string
	sampled   bool
}

// Source of the format: Lambda Developer Guide, "Viewing CloudWatch logs for Lambda functions".
var traceOfReport = regexp.MustCompile(`XRAY TraceId: (1-[0-9a-f]{8}-[0-9a-f]{24})\s+SegmentId: ([0-9a-f]{16})(?:\s+Sampled: (true|false))?`)

// reports are those of the request's attempts so far, in order.
func (r *failedRequest) reports() (reports []report) {
	for _, line := range r.lines {
		if !strings.HasPrefix(line.Message, "REPORT ") {
			continue
		}
		found := report{line: line}
		if match := traceOfReport.FindStringSubmatch(line.Message); match != nil {
			found.traceID, found.segmentID, found.sampled = match[1], match[2], match[3] == "true"
		}
		reports = append(reports, found)
	}
	return reports
}

// isOver tells whether the log has the end of every attempt that wrote one of the errors.
func (r *failedRequest) isOver() bool {
	reports := r.reports()
	for _, line := range r.errors {
		if !slices.ContainsFunc(reports, func(end report) bool { return end.line.Stream == line.Stream && end.line.Timestamp >= line.Timestamp }) {
			return false
		}
	}
	return true
}

// traceID is "" where the request was not sampled: then there is nothing to wait for.
func (r *failedRequest) traceID() string {
	for _, found := range r.reports() {
		if found.sampled {
			return found.traceID
		}
	}
	return ""
}

// hasWholeTrace tells whether the trace holds the finished segment of every sampled attempt.
func (r *failedRequest) hasWholeTrace() bool {
	finished := map[string]bool{}
	if r.trace != nil {
		for _, text := range r.trace.Segments {
			var segment struct {
				ID      string   `json:"id"`
				EndTime *float64 `json:"end_time"`
			}
			if json.Unmarshal(text, &segment) == nil {
				finished[segment.ID] = segment.EndTime != nil
			}
		}
	}
	for _, found := range r.reports() {
		if found.sampled && !finished[found.segmentID] {
			return false
		}
	}
	return true
}

// addLines keeps the lines that the log has of the request, and those of the batch that the log does not show yet.
func (r *failedRequest) addLines(lines []logLine) {
	for _, line := range r.errors {
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	slices.SortStableFunc(lines, func(a, b logLine) int {
		if a.Timestamp != b.Timestamp {
			return int(a.Timestamp - b.Timestamp)
		}
		return strings.Compare(a.Stream, b.Stream)
	})
	r.lines = lines
}
