package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

const (
	requestA = "aaaaaaaa-0000-4000-8000-000000000001"
	requestB = "bbbbbbbb-0000-4000-8000-000000000002"
	traceA   = "1-5759e988-bd862e3fe1be46a994272793"
	traceB   = "1-5759e988-bd862e3fe1be46a994272794"
)

// batch is an event of CloudWatch Logs with these lines, all of the stream 's' and of second 1.
func batch(lines ...string) events.CloudwatchLogsEvent {
	data := events.CloudwatchLogsData{MessageType: "DATA_MESSAGE", LogGroup: "group", LogStream: "s"}
	for i, line := range lines {
		data.LogEvents = append(data.LogEvents, events.CloudwatchLogsLogEvent{ID: fmt.Sprint("event", i), Timestamp: 1000, Message: line})
	}
	return encoded(data)
}

func encoded(data any) events.CloudwatchLogsEvent {
	text, _ := json.Marshal(data)
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, _ = writer.Write(text)
	_ = writer.Close()
	return events.CloudwatchLogsEvent{AWSLogs: events.CloudwatchLogsRawData{Data: base64.StdEncoding.EncodeToString(buffer.Bytes())}}
}

func errorLine(id string) string {
	return "2026-01-02T03:04:05.678Z\t" + id + "\tERROR\tInvoke Error \t{\"errorType\":\"Error\"}"
}

func reportLine(id, traceID, segmentID string, sampled bool) string {
	return fmt.Sprintf("REPORT RequestId: %s\tDuration: 1.00 ms\t\nXRAY TraceId: %s\tSegmentId: %s\tSampled: %v\t", id, traceID, segmentID, sampled)
}

func segment(id string) string {
	return fmt.Sprintf(`{"id":%q,"end_time":2.5,"fault":true}`, id)
}

// finish adds to the log and to X-Ray what a failed request leaves behind.
func (f *fakeAWS) finish(id, traceID, segmentID string, at int64) {
	f.lines = append(f.lines, logLine{"s", at, errorLine(id)}, logLine{"s", at + 5, reportLine(id, traceID, segmentID, true)})
	f.traces[traceID] = append(f.traces[traceID], segment(segmentID))
}

func TestKeepsTheLogAndTheTraceOfAFailedRequest(t *testing.T) {
	fake, handler := startFakeAWS(t)
	fake.lines = append(fake.lines, logLine{"s", 990, "START RequestId: " + requestA})
	fake.finish(requestA, traceA, "0000000000000001", 1000)

	if err := handler.handle(context.Background(), batch(errorLine(requestA))); err != nil {
		t.Fatal(err)
	}
	var got record
	if err := json.Unmarshal([]byte(fake.objects["/bucket/errors/"+requestA+".json"]), &got); err != nil {
		t.Fatal(err)
	}
	want := record{
		RequestID: requestA, LogGroup: "group", LogEvents: fake.lines, IsTraceComplete: true,
		Trace: &trace{ID: traceA, Duration: 1.5, Segments: []json.RawMessage{json.RawMessage(segment("0000000000000001"))}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWritesTheSameBytesForABatchThatIsDeliveredTwice(t *testing.T) {
	fake, handler := startFakeAWS(t)
	fake.finish(requestA, traceA, "0000000000000001", 1000)
	var written []string
	for range 2 {
		if err := handler.handle(context.Background(), batch(errorLine(requestA), errorLine(requestA))); err != nil {
			t.Fatal(err)
		}
		written = append(written, fake.objects["/bucket/errors/"+requestA+".json"])
	}
	if len(fake.objects) != 1 || written[0] != written[1] || written[0] == "" {
		t.Errorf("got %q", written)
	}
}

func TestKeepsEveryRequestOfABatch(t *testing.T) {
	fake, handler := startFakeAWS(t)
	var lines []string
	for i := range 12 {
		id, traceID := fmt.Sprintf("cccccccc-0000-4000-8000-%012d", i), fmt.Sprintf("1-5759e988-%024d", i)
		fake.finish(id, traceID, fmt.Sprintf("%016d", i), 1000)
		lines = append(lines, errorLine(id))
	}
	if err := handler.handle(context.Background(), batch(lines...)); err != nil {
		t.Fatal(err)
	}
	if len(fake.objects) != 12 || fake.count("POST /Traces") != 3 {
		t.Errorf("got %d objects after %d questions to X-Ray", len(fake.objects), fake.count("POST /Traces"))
	}
}

func TestWaitsForTheEndOfTheRequestAndForItsTrace(t *testing.T) {
	fake, handler := startFakeAWS(t)
	handler.patience = time.Minute
	fake.onAsk = func(operation string) {
		switch {
		case operation == "FilterLogEvents" && fake.count(operation) == 2:
			fake.lines = append(fake.lines, logLine{"s", 1005, reportLine(requestA, traceA, "0000000000000001", true)})
		case operation == "POST /Traces" && fake.count(operation) == 1:
			fake.traces[traceA] = []string{`{"id":"0000000000000001","in_progress":true}`}
		case operation == "POST /Traces" && fake.count(operation) == 3:
			fake.traces[traceA] = []string{segment("0000000000000001")}
		}
	}
	if err := handler.handle(context.Background(), batch(errorLine(requestA))); err != nil {
		t.Fatal(err)
	}
	if got := fake.objects["/bucket/errors/"+requestA+".json"]; !strings.Contains(got, `"isTraceComplete":true`) || !strings.Contains(got, `"fault":true`) {
		t.Errorf("got %s", got)
	}
	if fake.count("FilterLogEvents") != 4 || fake.count("POST /Traces") != 4 {
		t.Errorf("asked %v", fake.asked)
	}
}

func TestWaitsForEveryAttemptOfARequestThatIsTriedAgain(t *testing.T) {
	fake, handler := startFakeAWS(t)
	fake.finish(requestA, traceA, "0000000000000001", 1000)
	fake.finish(requestA, traceA, "0000000000000002", 61_000)
	if err := handler.handle(context.Background(), batch(errorLine(requestA))); err != nil {
		t.Fatal(err)
	}
	got := fake.objects["/bucket/errors/"+requestA+".json"]
	if !strings.Contains(got, "0000000000000001") || !strings.Contains(got, "0000000000000002") || strings.Count(got, "REPORT") != 2 {
		t.Errorf("got %s", got)
	}
}

func TestKeepsTheAttemptThatEndsWhileTheRecordIsWritten(t *testing.T) {
	for name, c := range map[string]struct {
		patience time.Duration
		wantErr  string
	}{"with time left": {time.Minute, ""}, "when the time is up": {0, "another attempt of it ended"}} {
		t.Run(name, func(t *testing.T) {
			fake, handler := startFakeAWS(t)
			handler.patience = c.patience
			fake.finish(requestA, traceA, "0000000000000001", 1000)
			fake.onAsk = func(operation string) {
				if strings.HasPrefix(operation, "PUT ") && fake.count(operation) == 0 {
					fake.finish(requestA, traceA, "0000000000000002", 61_000)
				}
			}
			err := handler.handle(context.Background(), batch(errorLine(requestA)))
			if c.wantErr == "" && err != nil || c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)) {
				t.Fatalf("got %v, want %q", err, c.wantErr)
			}
			if got := fake.objects["/bucket/errors/"+requestA+".json"]; c.wantErr == "" && strings.Count(got, "REPORT") != 2 {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestAsksForNoTraceOfARequestThatWasNotSampled(t *testing.T) {
	for name, end := range map[string]string{
		"a decision against":         reportLine(requestA, traceA, "0000000000000001", false),
		"a function without tracing": "REPORT RequestId: " + requestA + "\tDuration: 1.00 ms",
	} {
		t.Run(name, func(t *testing.T) {
			fake, handler := startFakeAWS(t)
			fake.lines = []logLine{{"s", 1000, errorLine(requestA)}, {"s", 1005, end}}
			if err := handler.handle(context.Background(), batch(errorLine(requestA))); err != nil {
				t.Fatal(err)
			}
			if got := fake.objects["/bucket/errors/"+requestA+".json"]; !strings.Contains(got, `"trace":null`) || fake.count("POST /Traces") != 0 {
				t.Errorf("got %s after %v", got, fake.asked)
			}
		})
	}
}

func TestKeepsPartOfATraceRatherThanNothing(t *testing.T) {
	fake, handler := startFakeAWS(t)
	fake.finish(requestA, traceA, "0000000000000001", 1000)
	fake.traces[traceA] = []string{segment("0000000000000009")}
	if err := handler.handle(context.Background(), batch(errorLine(requestA))); err != nil {
		t.Fatal(err)
	}
	if got := fake.objects["/bucket/errors/"+requestA+".json"]; !strings.Contains(got, `"isTraceComplete":false`) || !strings.Contains(got, "0000000000000009") {
		t.Errorf("got %s", got)
	}
}

func TestKeepsALineThatNamesNoRequest(t *testing.T) {
	fake, handler := startFakeAWS(t)
	if err := handler.handle(context.Background(), batch("[ERROR] Runtime.ImportModuleError")); err != nil {
		t.Fatal(err)
	}
	want := `{"logGroup":"group","logEvents":[{"logStream":"s","timestamp":1000,"message":"[ERROR] Runtime.ImportModuleError"}],"trace":null,"isTraceComplete":false}`
	if got := fake.objects["/bucket/errors/unassigned/event0.json"]; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestKeepsALineThatTheLogDoesNotShowYet(t *testing.T) {
	fake, handler := startFakeAWS(t)
	fake.lines = []logLine{{"s", 1005, reportLine(requestA, traceA, "0000000000000001", false)}}
	if err := handler.handle(context.Background(), batch(errorLine(requestA))); err != nil {
		t.Fatal(err)
	}
	if got := fake.objects["/bucket/errors/"+requestA+".json"]; !strings.Contains(got, "Invoke Error") {
		t.Errorf("got %s", got)
	}
}

func TestFailsAfterItHasKeptEverythingThatItCan(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(*fakeAWS)
		kept   int
		want   string
	}{
		{"the end of a request is missing", func(f *fakeAWS) { f.lines = f.lines[:3] }, 1, "its end is not in the log group group"},
		{"a trace is missing", func(f *fakeAWS) { delete(f.traces, traceB) }, 1, "X-Ray has no trace " + traceB},
		// Both traces are asked for at once.
		{"X-Ray is gone", func(f *fakeAWS) { f.refusals["POST /Traces"] = []int{500, 500, 500} }, 0, "cannot get its trace"},
		{"the bucket is gone", func(f *fakeAWS) { f.refusals["PUT /bucket/errors/"+requestB+".json"] = []int{404} }, 1, "PutObject"},
		{"the log group is gone", func(f *fakeAWS) { f.refusals["FilterLogEvents"] = []int{400} }, 1, "cannot read its log"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake, handler := startFakeAWS(t)
			fake.finish(requestA, traceA, "0000000000000001", 1000)
			fake.finish(requestB, traceB, "0000000000000002", 1000)
			c.damage(fake)
			err := handler.handle(context.Background(), batch(errorLine(requestA), errorLine(requestB)))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), fmt.Sprintf("%d of 2 not kept", 2-c.kept)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if len(fake.objects) != c.kept {
				t.Errorf("kept %d, want %d", len(fake.objects), c.kept)
			}
		})
	}
}

func TestSurvivesServicesThatFailOnce(t *testing.T) {
	fake, handler := startFakeAWS(t)
	fake.finish(requestA, traceA, "0000000000000001", 1000)
	fake.refusals = map[string][]int{"FilterLogEvents": {500}, "POST /Traces": {503}, "PUT /bucket/errors/" + requestA + ".json": {500}}
	if err := handler.handle(context.Background(), batch(errorLine(requestA))); err != nil {
		t.Fatal(err)
	}
	if len(fake.objects) != 1 {
		t.Errorf("got %v", fake.objects)
	}
}

func TestIgnoresAControlMessage(t *testing.T) {
	fake, handler := startFakeAWS(t)
	err := handler.handle(context.Background(), encoded(events.CloudwatchLogsData{MessageType: "CONTROL_MESSAGE", LogGroup: "group"}))
	if err != nil || len(fake.asked) != 0 {
		t.Errorf("got %v after %v", err, fake.asked)
	}
}

func TestFailsOnAnEventThatIsNoBatch(t *testing.T) {
	for name, event := range map[string]events.CloudwatchLogsEvent{
		"nothing":           {},
		"no base64":         {AWSLogs: events.CloudwatchLogsRawData{Data: "!"}},
		"no gzip":           {AWSLogs: events.CloudwatchLogsRawData{Data: "AAAA"}},
		"no JSON object":    encoded([]int{1}),
		"another message":   encoded(map[string]string{"messageType": "OTHER", "logGroup": "group"}),
		"without log group": encoded(map[string]string{"messageType": "DATA_MESSAGE"}),
	} {
		t.Run(name, func(t *testing.T) {
			fake, handler := startFakeAWS(t)
			if err := handler.handle(context.Background(), event); err == nil || !strings.HasPrefix(err.Error(), "the event is no batch of CloudWatch Logs") {
				t.Errorf("got %v", err)
			}
			if len(fake.asked) != 0 {
				t.Errorf("asked %v", fake.asked)
			}
		})
	}
}

func TestFindsTheIdOfTheRequestInEveryRuntimesLines(t *testing.T) {
	other := "dddddddd-0000-4000-8000-000000000003"
	for _, message := range []string{
		errorLine(requestA),
		"2026-01-02T03:04:05.678Z " + requestA + " Task timed out after 3.00 seconds",
		`{"level":"ERROR","message":"about ` + other + `","requestId":"` + requestA + `"}`,
		`{"timestamp":"2026-01-02T03:04:05Z","level":"ERROR","AWSRequestId": "` + requestA + `","errorMessage":"x"}`,
		"RequestId: " + requestA + " Error: Runtime exited with error: exit status 1\nRuntime.ExitError",
		"[ERROR]\t2026-01-02T03:04:05.678Z\t" + requestA + "\tnot found: " + other,
	} {
		if got := requestIDOf(message); got != requestA {
			t.Errorf("%s: got %q", message, got)
		}
	}
	if got := requestIDOf("[ERROR] Runtime.ImportModuleError: Unable to import module"); got != "" {
		t.Errorf("got %q", got)
	}
}
