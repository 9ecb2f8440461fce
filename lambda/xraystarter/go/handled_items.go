package main

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// attribute shows when this function handled a key; the two others write "ts" and "py".
const attribute = "go"

// isoMilliseconds is ISO 8601 as the two other functions write it.
const isoMilliseconds = "2006-01-02T15:04:05.000Z07:00"

// recordHandled writes when this function handled an upload into the item of its key, unless the same or a newer event of that key is there
// already. It tells whether it changed the item.
func recordHandled(ctx context.Context, client *dynamodb.Client, tableName string, handled upload, at time.Time) (bool, error) {
	input := &dynamodb.UpdateItemInput{
		TableName:                 aws.String(tableName),
		Key:                       map[string]types.AttributeValue{"itemID": &types.AttributeValueMemberS{Value: handled.key}},
		UpdateExpression:          aws.String("SET #time = :time"),
		ConditionExpression:       aws.String("attribute_not_exists(#time)"),
		ExpressionAttributeNames:  map[string]string{"#time": attribute},
		ExpressionAttributeValues: map[string]types.AttributeValue{":time": &types.AttributeValueMemberS{Value: at.UTC().Format(isoMilliseconds)}},
	}
	if handled.sequencer != "" {
		input.ExpressionAttributeNames["#sequencer"] = attribute + "Sequencer"
		input.ExpressionAttributeValues[":sequencer"] = &types.AttributeValueMemberS{Value: handled.sequencer}
		input.UpdateExpression = aws.String("SET #time = :time, #sequencer = :sequencer")
		input.ConditionExpression = aws.String("attribute_not_exists(#sequencer) OR #sequencer < :sequencer")
	}
	_, err := client.UpdateItem(ctx, input)
	var alreadyThere *types.ConditionalCheckFailedException
	if errors.As(err, &alreadyThere) {
		return false, nil
	}
	return err == nil, err
}
