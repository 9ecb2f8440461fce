package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/xray"
)

// timeToStore is kept free of the function's own time for what follows the waiting.
const timeToStore = 10 * time.Second

type handler struct {
	logs    *cloudwatchlogs.Client
	xray    *xray.Client
	records recordStore
	logger  *slog.Logger
	// interval is the time between two looks at what has not arrived yet.
	interval time.Duration
	// patience is how long it is waited for.
	patience time.Duration
}

// handle keeps every request of a batch of log events that can be kept, then fails if any could not be: Lambda's retry writes the others again
// without effect, and the dead-letter queue gets what fails for good.
//
// Source of the format: CloudWatch Logs User Guide, "Subscription filters with AWS Lambda".
func (h handler) handle(ctx context.Context, event events.CloudwatchLogsEvent) error {
	batch, err := event.AWSLogs.Parse()
	if err != nil {
		return fmt.Errorf("the event is no batch of CloudWatch Logs: %w", err)
	}
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		h.logger = h.logger.With("requestId", invocation.AwsRequestID)
	}
	switch {
	case batch.MessageType == "CONTROL_MESSAGE": // sent to see whether the destination is there
		h.logger.Info("control message ignored")
		return nil
	case batch.MessageType != "DATA_MESSAGE" || batch.LogGroup == "":
		return fmt.Errorf("the event is no batch of CloudWatch Logs: it has the message type %q and the log group %q", batch.MessageType, batch.LogGroup)
	}

	requests, unassigned := groupByRequest(batch)
	work := &collection{handler: h, pending: requests}
	for _, event := range unassigned {
		work.settle("log event "+event.ID, h.records.putUnassigned(ctx, batch, event))
	}
	work.run(ctx)
	h.logger.Info("batch handled", "requests", len(requests), "unassigned", len(unassigned), "stored", work.stored, "failed", len(work.failures))
	if len(work.failures) > 0 {
		return fmt.Errorf("%d of %d not kept; the first, %s", len(work.failures), len(requests)+len(unassigned), work.failures[0])
	}
	return nil
}

// collection is the work on one batch.
type collection struct {
	handler
	pending  []*failedRequest
	stored   int
	failures []string
}

// run looks again and again for what is missing of each request, until all are stored or the time is up.
func (c *collection) run(ctx context.Context) {
	giveUp := time.Now().Add(c.patience)
	if deadline, ok := ctx.Deadline(); ok && deadline.Add(-timeToStore).Before(giveUp) {
		giveUp = deadline.Add(-timeToStore)
	}
	for len(c.pending) > 0 {
		c.readLogs(ctx)
		c.readTraces(ctx)
		isLast := !time.Now().Before(giveUp)
		c.storeFinished(ctx, isLast)
		if !isLast && len(c.pending) > 0 {
			select {
			case <-time.After(c.interval):
			case <-ctx.Done():
			}
		}
	}
}

func (c *collection) readLogs(ctx context.Context) {
	c.forEachPending(func(request *failedRequest) bool {
		if request.isOver() {
			return true
		}
		lines, err := readLog(ctx, c.logs, request)
		if err != nil {
			c.settle("request "+request.id, fmt.Errorf("cannot read its log: %w", err))
			return false
		}
		request.addLines(lines)
		return true
	})
}

func (c *collection) readTraces(ctx context.Context) {
	var waiting []string
	for _, request := range c.pending {
		if request.isOver() && !request.hasWholeTrace() {
			waiting = append(waiting, request.traceID())
		}
	}
	slices.Sort(waiting)
	for ids := range slices.Chunk(slices.Compact(waiting), mostTraceIDs) {
		traces, err := readTraces(ctx, c.xray, ids)
		c.forEachPending(func(request *failedRequest) bool {
			if !slices.Contains(ids, request.traceID()) {
				return true
			}
			if err != nil {
				c.settle("request "+request.id, fmt.Errorf("cannot get its trace %s: %w", request.traceID(), err))
				return false
			}
			request.trace = traces[request.traceID()]
			return true
		})
	}
}

// storeFinished writes the requests of which all is there; the last time also those of which something is there.
func (c *collection) storeFinished(ctx context.Context, isLast bool) {
	c.forEachPending(func(request *failedRequest) bool {
		isComplete := request.isOver() && request.hasWholeTrace()
		switch {
		case !isComplete && !isLast:
			return true
		case !request.isOver():
			c.settle("request "+request.id, fmt.Errorf("its end is not in the log group %s", request.logGroup))
		case !isComplete && request.trace == nil:
			c.settle("request "+request.id, fmt.Errorf("X-Ray has no trace %s", request.traceID()))
		default:
			isOutdated, err := c.store(ctx, request)
			if isOutdated && !isLast {
				return true
			}
			if isOutdated {
				err = fmt.Errorf("another attempt of it ended while its record was written")
			}
			c.settle("request "+request.id, err)
		}
		return false
	})
}

// store writes the record of a request, and tells whether the request has made another attempt meanwhile. Batches are handled side by side: without
// this look back, the record of an early attempt could replace the one that another batch had written of all attempts.
func (c *collection) store(ctx context.Context, request *failedRequest) (isOutdated bool, err error) {
	if err := c.records.put(ctx, request); err != nil {
		return false, err
	}
	lines, err := readLog(ctx, c.logs, request)
	if err != nil {
		return false, fmt.Errorf("cannot read its log: %w", err)
	}
	before := len(request.reports())
	request.addLines(lines)
	return len(request.reports()) > before, nil
}

// settle notes what became of something.
func (c *collection) settle(what string, err error) {
	if err == nil {
		c.stored++
		return
	}
	c.failures = append(c.failures, fmt.Sprintf("%s: %v", what, err))
	c.logger.Error("not kept", "what", what, "reason", err.Error())
}

// forEachPending drops the requests for which keep is false.
func (c *collection) forEachPending(keep func(*failedRequest) bool) {
	c.pending = slices.DeleteFunc(c.pending, func(request *failedRequest) bool { return !keep(request) })
}

// newLogger writes one JSON object a line. CloudWatch adds the time.
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
