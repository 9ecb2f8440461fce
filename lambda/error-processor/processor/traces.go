package main

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/xray"
)

// BatchGetTraces takes no more.
const mostTraceIDs = 5

// readTraces asks X-Ray for at most five traces. One that X-Ray does not have (yet) is not in the result.
func readTraces(ctx context.Context, client *xray.Client, ids []string) (map[string]*trace, error) {
	traces := map[string]*trace{}
	pages := xray.NewBatchGetTracesPaginator(client, &xray.BatchGetTracesInput{TraceIds: ids})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, found := range page.Traces {
			id := aws.ToString(found.Id)
			if traces[id] == nil {
				traces[id] = &trace{ID: id}
			}
			traces[id].Duration = max(traces[id].Duration, aws.ToFloat64(found.Duration))
			for _, segment := range found.Segments {
				traces[id].Segments = append(traces[id].Segments, json.RawMessage(aws.ToString(segment.Document)))
			}
		}
	}
	return traces, nil
}
