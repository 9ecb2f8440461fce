package matrix;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sqs.SqsClient;

/** What everybody writes: clients made at load, calls one after the other. Not a line of tracing. */
public class Calls implements RequestHandler<Map<String, String>, Map<String, Object>> {
  private final DynamoDbClient dynamoDb = DynamoDbClient.create();
  private final S3Client s3 = S3Client.builder().forcePathStyle(true).build();
  private final SnsClient sns = SnsClient.create();
  private final SqsClient sqs = SqsClient.create();
  private final HttpClient http = HttpClient.newHttpClient();

  @Override
  public Map<String, Object> handleRequest(Map<String, String> event, Context context) {
    String name = context.getFunctionName();
    Map<String, AttributeValue> key = Map.of("id", AttributeValue.fromS(name));
    dynamoDb.putItem(request -> request.tableName(System.getenv("TABLE_NAME")).item(key));
    String missing = "found";
    try {
      dynamoDb.getItem(request -> request.tableName("missing").key(key));
    } catch (ResourceNotFoundException error) {
      missing = error.awsErrorDetails().errorCode();
    }
    s3.putObject(request -> request.bucket(System.getenv("BUCKET_NAME")).key(name), RequestBody.fromString("calls"));
    sns.publish(request -> request.topicArn(System.getenv("TOPIC_ARN")).message("calls"));
    sqs.sendMessage(request -> request.queueUrl(System.getenv("QUEUE_URL")).messageBody("calls"));
    return Map.of("missing", missing, "http", get(event.get("url") + "/http"));
  }

  private int get(String url) {
    try {
      return http.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.discarding()).statusCode();
    } catch (IOException | InterruptedException error) {
      throw new IllegalStateException(error);
    }
  }
}
