// Command bootstrap is the Lambda function error-processor: it keeps the log and the trace of every request that wrote an error into a log group.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/xray"
)

func main() {
	bucket := os.Getenv("BUCKET_NAME")
	if bucket == "" {
		log.Fatal("the environment variable BUCKET_NAME is not set: it must hold the name of the bucket")
	}
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatalf("cannot load the AWS configuration: %v", err)
	}
	lambda.Start(handler{
		logs:    cloudwatchlogs.NewFromConfig(cfg),
		xray:    xray.NewFromConfig(cfg),
		records: recordStore{s3.NewFromConfig(cfg), bucket},
		logger:  newLogger(os.Stdout),
		// A request's last log lines and its trace arrive some seconds after its error.
		interval: time.Second,
		patience: 20 * time.Second,
	}.handle)
}
