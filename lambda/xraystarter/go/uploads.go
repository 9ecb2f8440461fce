package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// upload is one record of an S3 event notification.
type upload struct {
	// key is the object's key, URL-decoded: at most 1,024 bytes of UTF-8.
	key string
	// sequencer is S3's order of the events of one key, made comparable; "" for the kinds of event that have none.
	sequencer string
	// messageID is that of the SNS message that the record came in.
	messageID string
}

// failure is a message, or one record of it, that cannot be handled. The reason names no content.
type failure struct {
	messageID string
	reason    string
}

type parsedEvent struct {
	uploads  []upload
	failures []failure
	// ignored is how many messages were S3 test events.
	ignored int
}

// S3 says: pad the shorter of two sequencers on the right with zeros, then compare as text. A fixed width does that once and for all.
const sequencerWidth = 32

// s3Message is the part of an S3 event notification, or of S3's test event, that is needed here.
// events.S3Event would give up the whole message for one bad record.
// Source of the format: Amazon S3 User Guide, "Event message structure".
type s3Message struct {
	Service string            `json:"Service"`
	Event   string            `json:"Event"`
	Records []json.RawMessage `json:"Records"`
}

type s3Record struct {
	EventSource string `json:"eventSource"`
	S3          struct {
		Object struct {
			Key       string `json:"key"`
			Sequencer string `json:"sequencer"`
		} `json:"object"`
	} `json:"s3"`
}

// parseUploads gives every record of every message in the event.
// An error says that it is no SNS event at all; what is wrong inside one message is a failure beside the rest.
func parseUploads(event events.SNSEvent) (parsedEvent, error) {
	var parsed parsedEvent
	if len(event.Records) == 0 {
		return parsed, errors.New("the event is not an SNS event: it has no records")
	}
	for _, record := range event.Records {
		if record.EventSource != "aws:sns" && record.SNS.Message == "" {
			return parsedEvent{}, errors.New("the event is not an SNS event: a record has no message")
		}
		parseMessage(record.SNS.MessageID, record.SNS.Message, &parsed)
	}
	return parsed, nil
}

func parseMessage(messageID, text string, parsed *parsedEvent) {
	fail := func(reason string) { parsed.failures = append(parsed.failures, failure{messageID, reason}) }

	var message s3Message
	if err := unmarshalLeniently([]byte(text), &message); err != nil {
		fail("the message is not JSON") // the parser's own error quotes the content
		return
	}
	// Sent once, when the notification is configured.
	if message.Service == "Amazon S3" && message.Event == "s3:TestEvent" {
		parsed.ignored++
		return
	}
	if len(message.Records) == 0 {
		fail("the message is not an S3 event: it has no records")
		return
	}
	for index, raw := range message.Records {
		parsedUpload, err := parseRecord(raw)
		if err != nil {
			fail(fmt.Sprintf("record %d %v", index+1, err))
			continue
		}
		parsedUpload.messageID = messageID
		parsed.uploads = append(parsed.uploads, parsedUpload)
	}
}

func parseRecord(raw json.RawMessage) (upload, error) {
	var record s3Record
	if err := unmarshalLeniently(raw, &record); err != nil || record.EventSource != "aws:s3" {
		return upload{}, errors.New("is not an S3 event: it has no eventSource 'aws:s3'")
	}
	object := record.S3.Object
	if object.Key == "" {
		return upload{}, errors.New("has no object key")
	}
	key, err := url.QueryUnescape(object.Key)
	if err != nil || !utf8.ValidString(key) {
		return upload{}, errors.New("has an object key that is not URL-encoded UTF-8")
	}
	sequencer := strings.ToUpper(object.Sequencer)
	if missing := sequencerWidth - len(sequencer); sequencer != "" && missing > 0 {
		sequencer += strings.Repeat("0", missing)
	}
	return upload{key: key, sequencer: sequencer}, nil
}

// unmarshalLeniently leaves a field empty whose JSON value has another type, so that the caller can say what is missing.
// It fails only on text that is not JSON.
func unmarshalLeniently(text []byte, target any) error {
	err := json.Unmarshal(text, target)
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return nil
	}
	return err
}
