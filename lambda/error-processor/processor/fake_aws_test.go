package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/xray"
)

// fakeAWS answers what the real clients ask of CloudWatch Logs, X-Ray and S3.
type fakeAWS struct {
	lines []logLine
	// traces are documents by trace id.
	traces map[string][]string
	// objects are what was put, by path.
	objects map[string]string
	// asked are the operations in order, with the parameters that matter.
	asked []string
	// refusals are statuses with which an operation is answered, the next first.
	refusals map[string][]int
	// onAsk is called before an operation is answered.
	onAsk func(operation string)
}

func startFakeAWS(t *testing.T) (*fakeAWS, handler) {
	t.Helper()
	fake := &fakeAWS{traces: map[string][]string{}, objects: map[string]string{}, refusals: map[string][]int{}}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return fake, handler{
		logs: cloudwatchlogs.NewFromConfig(cfg), xray: xray.NewFromConfig(cfg),
		records: recordStore{s3.NewFromConfig(cfg), "bucket"}, logger: newLogger(io.Discard),
	}
}

func (f *fakeAWS) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	operation := request.Method + " " + request.URL.Path
	if target := request.Header.Get("X-Amz-Target"); target != "" {
		operation = target[strings.Index(target, ".")+1:]
	}
	if f.onAsk != nil {
		f.onAsk(operation)
	}
	f.asked = append(f.asked, operation)
	if refusals := f.refusals[operation]; len(refusals) > 0 {
		f.refusals[operation] = refusals[1:]
		response.WriteHeader(refusals[0])
		return
	}
	switch operation {
	case "FilterLogEvents":
		response.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(response).Encode(f.filterLogEvents(body))
	case "POST /Traces":
		_ = json.NewEncoder(response).Encode(f.batchGetTraces(body))
	default:
		f.objects[request.URL.Path] = content(body)
	}
}

// filterLogEvents gives one event a page, so that paging is seen.
func (f *fakeAWS) filterLogEvents(body []byte) map[string]any {
	var input struct {
		FilterPattern string
		StartTime     int64
		NextToken     string
	}
	_ = json.Unmarshal(body, &input)
	matching := []map[string]any{}
	for _, line := range f.lines {
		if strings.Contains(line.Message, strings.Trim(input.FilterPattern, `"`)) && line.Timestamp >= input.StartTime {
			matching = append(matching, map[string]any{"logStreamName": line.Stream, "timestamp": line.Timestamp, "message": line.Message})
		}
	}
	page := len(input.NextToken)
	if page+1 >= len(matching) {
		return map[string]any{"events": matching[min(page, len(matching)):]}
	}
	return map[string]any{"events": matching[page : page+1], "nextToken": strings.Repeat("n", page+1)}
}

func (f *fakeAWS) batchGetTraces(body []byte) map[string]any {
	var input struct{ TraceIds []string }
	_ = json.Unmarshal(body, &input)
	traces := []any{}
	for _, id := range input.TraceIds {
		if documents := f.traces[id]; documents != nil {
			var segments []any
			for _, document := range documents {
				segments = append(segments, map[string]any{"Id": "x", "Document": document})
			}
			traces = append(traces, map[string]any{"Id": id, "Duration": 1.5, "Segments": segments})
		}
	}
	return map[string]any{"Traces": traces}
}

func (f *fakeAWS) count(operation string) int {
	return len(slices.DeleteFunc(slices.Clone(f.asked), func(asked string) bool { return asked != operation }))
}

// content is the body of a PutObject, which may come in chunks with a checksum behind them.
func content(body []byte) string {
	if match := regexp.MustCompile(`(?s)^[0-9a-f]+\r\n(.*)\r\n0\r\n`).FindSubmatch(body); match != nil {
		return string(match[1])
	}
	return string(body)
}
