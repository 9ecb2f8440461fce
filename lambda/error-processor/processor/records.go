package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// record is what is kept of a failed request. It holds nothing of the moment at which it was written: the same request gives the same bytes.
type record struct {
	RequestID string    `json:"requestId,omitempty"`
	LogGroup  string    `json:"logGroup"`
	LogEvents []logLine `json:"logEvents"`
	// Trace is null where the request was not sampled.
	Trace *trace `json:"trace"`
	// IsTraceComplete is false where X-Ray had not got all of the trace in time.
	IsTraceComplete bool `json:"isTraceComplete"`
}

type recordStore struct {
	client *s3.Client
	bucket string
}

// put writes the record of a request, over an earlier one of the same request, which knew less.
func (s recordStore) put(ctx context.Context, request *failedRequest) error {
	return s.write(ctx, fmt.Sprintf("errors/%s.json", request.id),
		record{request.id, request.logGroup, request.lines, request.trace, request.hasWholeTrace()})
}

// putUnassigned writes a line that names no request.
func (s recordStore) putUnassigned(ctx context.Context, batch events.CloudwatchLogsData, event events.CloudwatchLogsLogEvent) error {
	lines := []logLine{{batch.LogStream, event.Timestamp, event.Message}}
	return s.write(ctx, fmt.Sprintf("errors/unassigned/%s.json", event.ID), record{LogGroup: batch.LogGroup, LogEvents: lines})
}

func (s recordStore) write(ctx context.Context, key string, content record) error {
	text, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("X-Ray's answer cannot be written as JSON: %w", err)
	}
	_, err = s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(s.bucket), Key: aws.String(key), Body: bytes.NewReader(text), ContentType: aws.String("application/json"),
	})
	return err
}
