// Command bootstrap is the Lambda function xraystarter-go: it records every upload that an SNS event tells of.
package main

import (
	"context"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func main() {
	tableName := os.Getenv("TABLE_NAME")
	if tableName == "" {
		log.Fatal("the environment variable TABLE_NAME is not set: it must hold the name of the DynamoDB table")
	}
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatalf("cannot load the AWS configuration: %v", err)
	}
	lambda.Start(handler{dynamodb.NewFromConfig(cfg), tableName, newLogger(os.Stdout)}.handle)
}
