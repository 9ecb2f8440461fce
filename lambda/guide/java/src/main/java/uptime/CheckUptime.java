package uptime;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.entities.Subsegment;
import com.amazonaws.xray.proxies.apache.http.HttpClientBuilder;
import java.io.IOException;
import java.net.URI;
import java.time.Instant;
import java.util.Map;
import org.apache.http.client.HttpClient;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.HttpGet;
import org.apache.http.util.EntityUtils;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * Asks an address whether it is up, and keeps the answer: an item {@code {Timestamp, 2xx}} in a table, Timestamp in seconds since 1970.
 * What the event says does not matter: a schedule sends it.
 *
 * <p>It shows the X-Ray SDK in the hands of a function: a subsegment of its own with an annotation, and an HTTP client that records its calls.
 */
public class CheckUptime implements RequestHandler<Object, Map<String, Object>> {
  private static final int TIMEOUT_MILLISECONDS = 5_000;

  private final URI address;
  private final String tableName;
  private final HttpClient http;
  private final DynamoDbClient dynamoDb;

  /** As Lambda makes it: settings come from the environment variables ADDRESS and TABLE_NAME. */
  public CheckUptime() {
    this(setting(System.getenv(), "ADDRESS"), setting(System.getenv(), "TABLE_NAME"), DynamoDbClient.create());
  }

  CheckUptime(String address, String tableName, DynamoDbClient dynamoDb) {
    this.address = URI.create(address);
    if (this.address.getHost() == null) {
      throw new IllegalArgumentException("ADDRESS has to be an address such as https://aws.amazon.com/, got '" + address + "'");
    }
    this.tableName = tableName;
    this.dynamoDb = dynamoDb;
    RequestConfig timeouts = RequestConfig.custom()
        .setConnectTimeout(TIMEOUT_MILLISECONDS).setConnectionRequestTimeout(TIMEOUT_MILLISECONDS).setSocketTimeout(TIMEOUT_MILLISECONDS).build();
    this.http = HttpClientBuilder.create().setDefaultRequestConfig(timeouts).build();
  }

  @Override
  public Map<String, Object> handleRequest(Object event, Context context) {
    return AWSXRay.createSubsegment("makeRequest", subsegment -> {
      boolean is2xx = isUp(subsegment, context);
      long timestamp = Instant.now().getEpochSecond();
      dynamoDb.putItem(request -> request.tableName(tableName).item(Map.of(
          "Timestamp", AttributeValue.fromN(Long.toString(timestamp)),
          "2xx", AttributeValue.fromBool(is2xx))));
      return Map.of("Timestamp", timestamp, "2xx", is2xx);
    });
  }

  private boolean isUp(Subsegment subsegment, Context context) {
    try {
      int status = http.execute(new HttpGet(address), response -> {
        EntityUtils.consume(response.getEntity());
        return response.getStatusLine().getStatusCode();
      });
      subsegment.putAnnotation("responseCode", status);
      return status / 100 == 2;
    } catch (IOException error) {
      // That nobody answers is a finding and no failure; the client has recorded why.
      context.getLogger().log("no answer from " + address + ": " + error);
      return false;
    }
  }

  static String setting(Map<String, String> environment, String name) {
    String value = environment.get(name);
    if (value == null || value.isEmpty()) {
      throw new IllegalArgumentException("the environment variable " + name + " is not set");
    }
    return value;
  }
}
