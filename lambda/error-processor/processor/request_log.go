package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// Lambda tries an event again for six hours, and each attempt may take fifteen minutes: earlier attempts are that far back.
const lookBack = 6*time.Hour + 15*time.Minute

// readLog gives all lines of the log group that name the request.
func readLog(ctx context.Context, client *cloudwatchlogs.Client, request *failedRequest) ([]logLine, error) {
	first := slices.MinFunc(request.errors, func(a, b logLine) int { return int(a.Timestamp - b.Timestamp) }).Timestamp
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName:  aws.String(request.logGroup),
		FilterPattern: aws.String(fmt.Sprintf("%q", request.id)),
		StartTime:     aws.Int64(max(0, first-lookBack.Milliseconds())),
	})
	var lines []logLine
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, event := range page.Events {
			lines = append(lines, logLine{aws.ToString(event.LogStreamName), aws.ToInt64(event.Timestamp), aws.ToString(event.Message)})
		}
	}
	return lines, nil
}
