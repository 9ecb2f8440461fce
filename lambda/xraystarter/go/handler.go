package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

type handler struct {
	client    *dynamodb.Client
	tableName string
	logger    *slog.Logger
}

// handle records every upload that an SNS event tells of. It handles everything that can be handled, then fails if anything could not be:
// Lambda's retry repeats the good part without effect, and the dead-letter queue gets what fails for good.
func (h handler) handle(ctx context.Context, event events.SNSEvent) error {
	parsed, err := parseUploads(event)
	if err != nil {
		return err
	}
	failures := parsed.failures
	written, unchanged := 0, 0
	for _, received := range parsed.uploads {
		changed, err := recordHandled(ctx, h.client, h.tableName, received, time.Now())
		switch {
		case err != nil:
			failures = append(failures, failure{received.messageID, fmt.Sprintf("cannot write to the table: %v", err)})
		case changed:
			written++
		default:
			unchanged++
		}
	}

	logger := h.logger
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		logger = logger.With("requestId", invocation.AwsRequestID)
	}
	for _, failed := range failures {
		logger.Error("record not handled", "messageId", failed.messageID, "reason", failed.reason)
	}
	logger.Info("event handled", "written", written, "unchanged", unchanged, "ignored", parsed.ignored, "failed", len(failures))
	if len(failures) > 0 {
		return fmt.Errorf("%d not handled; the first, of SNS message %s: %s", len(failures), failures[0].messageID, failures[0].reason)
	}
	return nil
}

// newLogger writes one JSON object a line, as the two other functions do. CloudWatch adds the time.
func newLogger(out io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
			switch {
			case len(groups) == 0 && attr.Key == slog.TimeKey:
				return slog.Attr{}
			case len(groups) == 0 && attr.Key == slog.MessageKey:
				attr.Key = "message"
			}
			return attr
		},
	}))
}
