// What everybody writes: clients made at load, calls one after the other. Not a line of tracing.
package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

type event struct {
	URL string `json:"url"`
}

type answer struct {
	Missing string `json:"missing"`
	HTTP    int    `json:"http"`
}

type calls struct {
	table *dynamodb.Client
	store *s3.Client
	topic *sns.Client
	queue *sqs.Client
}

func (c calls) handle(ctx context.Context, e event) (answer, error) {
	id := os.Getenv("AWS_LAMBDA_FUNCTION_NAME")
	key := map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}}
	if _, err := c.table.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(os.Getenv("TABLE_NAME")), Item: key}); err != nil {
		return answer{}, err
	}
	found := answer{Missing: "found"}
	var missing *types.ResourceNotFoundException
	if _, err := c.table.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("missing"), Key: key}); errors.As(err, &missing) {
		found.Missing = missing.ErrorCode()
	}
	if _, err := c.store.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(os.Getenv("BUCKET_NAME")), Key: &id, Body: strings.NewReader("calls")}); err != nil {
		return answer{}, err
	}
	if _, err := c.topic.Publish(ctx, &sns.PublishInput{TopicArn: aws.String(os.Getenv("TOPIC_ARN")), Message: aws.String("calls")}); err != nil {
		return answer{}, err
	}
	if _, err := c.queue.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(os.Getenv("QUEUE_URL")), MessageBody: aws.String("calls")}); err != nil {
		return answer{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL+"/http", nil)
	if err != nil {
		return answer{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	found.HTTP = response.StatusCode
	return found, err
}

func main() {
	configuration, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	c := calls{
		table: dynamodb.NewFromConfig(configuration),
		store: s3.NewFromConfig(configuration, func(options *s3.Options) { options.UsePathStyle = true }),
		topic: sns.NewFromConfig(configuration),
		queue: sqs.NewFromConfig(configuration),
	}
	lambda.Start(c.handle)
}
