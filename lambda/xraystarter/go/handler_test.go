package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

type contractFile struct {
	Parse []struct {
		Name     string
		Messages []string
		Uploads  []struct{ Key, Sequencer string }
		Failures []string
		Ignored  int
	}
	NotSnsEvents               []json.RawMessage
	UpdateItem                 json.RawMessage
	UpdateItemWithoutSequencer json.RawMessage
}

// contract is what all three functions keep.
func contract(t *testing.T) contractFile {
	t.Helper()
	text, err := os.ReadFile("../contract.json")
	if err != nil {
		t.Fatal(err)
	}
	var contract contractFile
	if err := json.Unmarshal(text, &contract); err != nil {
		t.Fatal(err)
	}
	return contract
}

// snsEvent is an SNS event with these messages, each of which has its place as its id: 1, 2...
func snsEvent(messages ...string) events.SNSEvent {
	var event events.SNSEvent
	for index, message := range messages {
		entity := events.SNSEntity{MessageID: fmt.Sprint(index + 1), Message: message}
		event.Records = append(event.Records, events.SNSEventRecord{EventSource: "aws:sns", SNS: entity})
	}
	return event
}

// s3Event is an S3 event notification of the keys, which are given as S3 encodes them.
func s3Event(keys ...string) string {
	var records []any
	for _, key := range keys {
		object := map[string]any{"key": key, "sequencer": "01"}
		records = append(records, map[string]any{"eventSource": "aws:s3", "s3": map[string]any{"object": object}})
	}
	text, _ := json.Marshal(map[string]any{"Records": records})
	return string(text)
}

func TestParsesAsTheContractSays(t *testing.T) {
	cases := contract(t).Parse
	if len(cases) == 0 {
		t.Fatal("the contract has no cases")
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			parsed, err := parseUploads(snsEvent(c.Messages...))
			if err != nil {
				t.Fatal(err)
			}
			var uploads []struct{ Key, Sequencer string }
			for _, upload := range parsed.uploads {
				uploads = append(uploads, struct{ Key, Sequencer string }{upload.key, upload.sequencer})
			}
			if len(uploads)+len(c.Uploads) > 0 && !reflect.DeepEqual(uploads, c.Uploads) {
				t.Errorf("uploads: got %q, want %q", uploads, c.Uploads)
			}
			var reasons []string
			for _, failure := range parsed.failures {
				reasons = append(reasons, failure.reason)
			}
			if !reflect.DeepEqual(reasons, c.Failures) {
				t.Errorf("failures: got %q, want %q", reasons, c.Failures)
			}
			if parsed.ignored != c.Ignored {
				t.Errorf("ignored: got %d, want %d", parsed.ignored, c.Ignored)
			}
		})
	}
}

func TestTellsWhichMessageAnUploadOrAFailureCameIn(t *testing.T) {
	parsed, _ := parseUploads(snsEvent(s3Event("a"), "x", s3Event("b")))
	if got := parsed.uploads[0].messageID + parsed.failures[0].messageID + parsed.uploads[1].messageID; got != "123" {
		t.Errorf("got %q, want 123", got)
	}
}

func TestFailsOnAnEventThatIsNotOfSNS(t *testing.T) {
	for _, text := range contract(t).NotSnsEvents {
		var event events.SNSEvent
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatal(err)
		}
		if _, err := parseUploads(event); err == nil || !strings.HasPrefix(err.Error(), "the event is not an SNS event") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestDecodesAKeyOfTheGreatestLengthS3Allows(t *testing.T) {
	key := strings.Repeat("ä", 512)
	parsed, _ := parseUploads(snsEvent(s3Event(url.QueryEscape(key))))
	if parsed.uploads[0].key != key {
		t.Errorf("got %q", parsed.uploads[0].key)
	}
}

// refusals is what the table answers, by key; everything else succeeds.
var refusals = map[string]string{"seen": "ConditionalCheckFailedException", "gone": "ResourceNotFoundException"}

// tableEndpoint is a DynamoDB endpoint that keeps what the real client sends.
func tableEndpoint(t *testing.T) (*dynamodb.Client, *[]map[string]any) {
	t.Helper()
	requests := &[]map[string]any{}
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(request.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		*requests = append(*requests, body)
		response.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if refusal, refused := refusals[keyOf(body)]; refused {
			response.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(response, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"refused"}`, refusal)
			return
		}
		fmt.Fprint(response, "{}")
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", server.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return dynamodb.NewFromConfig(cfg), requests
}

func keyOf(request map[string]any) string {
	return request["Key"].(map[string]any)["itemID"].(map[string]any)["S"].(string)
}

func keysOf(requests []map[string]any) (keys []string) {
	for _, request := range requests {
		keys = append(keys, keyOf(request))
	}
	return keys
}

func TestRecordHandled(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	sequencer := "01" + strings.Repeat("0", 30)
	for _, c := range []struct {
		name    string
		upload  upload
		want    json.RawMessage
		changed bool
	}{
		{"writes only over an older event", upload{key: "a b.txt", sequencer: sequencer}, contract(t).UpdateItem, true},
		{"writes an upload without a sequencer once", upload{key: "a b.txt"}, contract(t).UpdateItemWithoutSequencer, true},
		{"tells when the same or a newer event is there already", upload{key: "seen", sequencer: sequencer}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, requests := tableEndpoint(t)
			changed, err := recordHandled(context.Background(), client, "items", c.upload, at)
			if err != nil || changed != c.changed {
				t.Errorf("got %v, %v", changed, err)
			}
			if c.want == nil {
				return
			}
			var want map[string]any
			if err := json.Unmarshal(bytes.ReplaceAll(c.want, []byte("<function>"), []byte("go")), &want); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*requests, []map[string]any{want}) {
				t.Errorf("got %v, want %v", *requests, want)
			}
		})
	}
}

// invoke calls the handler as Lambda does and gives its log lines, the keys it wrote, and its error.
func invoke(t *testing.T, messages ...string) (lines []map[string]any, keys []string, err error) {
	t.Helper()
	client, requests := tableEndpoint(t)
	var output bytes.Buffer
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "r-1"})
	err = handler{client, "items", newLogger(&output)}.handle(ctx, snsEvent(messages...))
	for decoder := json.NewDecoder(&output); decoder.More(); {
		var line map[string]any
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines, keysOf(*requests), err
}

func TestHandlesEveryRecordAndLogsOneLineWithoutKeys(t *testing.T) {
	lines, keys, err := invoke(t, s3Event("secret-1", "secret-2"), s3Event("seen"))
	if err != nil || !reflect.DeepEqual(keys, []string{"secret-1", "secret-2", "seen"}) {
		t.Errorf("got %v, %v", keys, err)
	}
	want := []map[string]any{{
		"level": "INFO", "message": "event handled", "requestId": "r-1", "written": 2.0, "unchanged": 1.0, "ignored": 0.0, "failed": 0.0,
	}}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("got %v, want %v", lines, want)
	}
}

func TestFailsAfterItHasHandledEverythingThatItCan(t *testing.T) {
	lines, keys, err := invoke(t, "secret", s3Event("gone", "good"))
	if err == nil || err.Error() != "2 not handled; the first, of SNS message 1: the message is not JSON" {
		t.Errorf("got %v", err)
	}
	if !reflect.DeepEqual(keys, []string{"gone", "good"}) {
		t.Errorf("got %v", keys)
	}
	if len(lines) != 3 || lines[0]["reason"] != "the message is not JSON" ||
		!strings.Contains(lines[1]["reason"].(string), "ResourceNotFoundException") || lines[2]["failed"] != 2.0 {
		t.Errorf("got %v", lines)
	}
	if strings.Contains(fmt.Sprint(lines), "secret") {
		t.Errorf("a log line shows content: %v", lines)
	}
}

func TestDoesNothingForATestEvent(t *testing.T) {
	if lines, keys, err := invoke(t, `{"Service":"Amazon S3","Event":"s3:TestEvent"}`); err != nil || len(keys) != 0 || len(lines) != 1 {
		t.Errorf("got %v, %v, %v", lines, keys, err)
	}
}
