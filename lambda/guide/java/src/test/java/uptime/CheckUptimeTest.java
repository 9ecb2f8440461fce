package uptime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.AWSXRayRecorderBuilder;
import com.amazonaws.xray.emitters.Emitter;
import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.entities.Subsegment;
import com.amazonaws.xray.strategy.sampling.AllSamplingStrategy;
import java.net.URI;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;

class CheckUptimeTest {
  private static final Pattern ITEM = Pattern.compile("\\{\"TableName\":\"checks\",\"Item\":\\{(.*)\\}\\}");
  private static final Pattern ATTRIBUTE = Pattern.compile("\"([^\"]+)\":(\\{[^}]*\\})");
  private static final String TABLE_IS_GONE = "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException\",\"message\":\"gone\"}";

  private final FakeServer site = new FakeServer();
  private final FakeServer dynamoDb = new FakeServer();
  private final DynamoDbClient client = DynamoDbClient.builder()
      .endpointOverride(URI.create(dynamoDb.address()))
      .region(Region.EU_WEST_1)
      .credentialsProvider(AnonymousCredentialsProvider.create())
      .httpClient(UrlConnectionHttpClient.create())
      .build();
  private final FakeContext context = new FakeContext();
  private Segment segment;

  @BeforeEach
  void beginSegment() {
    AWSXRay.setGlobalRecorder(AWSXRayRecorderBuilder.standard().withEmitter(new NoEmitter()).withSamplingStrategy(new AllSamplingStrategy()).build());
    segment = AWSXRay.beginSegment("test");
  }

  @AfterEach
  void stop() {
    AWSXRay.endSegment();
    client.close();
    site.close();
    dynamoDb.close();
  }

  @ParameterizedTest
  @CsvSource({"200, true", "204, true", "404, false", "503, false"})
  void storesWhetherTheAddressAnsweredWithSuccess(int status, boolean is2xx) {
    site.answer(status, "");
    dynamoDb.answer(200, "{}");
    long before = Instant.now().getEpochSecond();

    Map<String, Object> result = check().handleRequest(Map.of("source", "aws.events"), context);

    assertEquals(List.of("GET /health"), site.requests());
    assertEquals(is2xx, result.get("2xx"));
    long timestamp = (Long) result.get("Timestamp");
    assertTrue(before <= timestamp && timestamp <= Instant.now().getEpochSecond());
    assertEquals(List.of(Map.of("Timestamp", "{\"N\":\"" + timestamp + "\"}", "2xx", "{\"BOOL\":" + is2xx + "}")), items());
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 404})
  void recordsTheRequestInASubsegmentOfItsOwnWithTheCodeAsAnAnnotation(int status) {
    site.answer(status, "");
    dynamoDb.answer(200, "{}");

    check().handleRequest(null, context);

    Subsegment makeRequest = onlySubsegment(segment.getSubsegments());
    assertEquals("makeRequest", makeRequest.getName());
    assertEquals(Map.of("responseCode", status), makeRequest.getAnnotations());
    Subsegment http = onlySubsegment(makeRequest.getSubsegments());
    assertEquals("remote", http.getNamespace());
    assertEquals(Map.of("url", site.address() + "health", "method", "GET"), http.getHttp().get("request"));
    assertTrue(site.header("X-Amzn-Trace-Id").contains("Parent=" + http.getId()));
  }

  @Test
  void storesThatNobodyAnswers() {
    CheckUptime check = check();
    site.close();
    dynamoDb.answer(200, "{}");

    Map<String, Object> result = check.handleRequest(null, context);

    assertEquals(false, result.get("2xx"));
    assertEquals("{\"BOOL\":false}", items().get(0).get("2xx"));
    Subsegment makeRequest = onlySubsegment(segment.getSubsegments());
    assertTrue(makeRequest.getAnnotations().isEmpty());
    assertFalse(makeRequest.isFault());
    assertTrue(onlySubsegment(makeRequest.getSubsegments()).isFault());
    assertTrue(context.log().startsWith("no answer from " + site.address()), context.log());
  }

  @Test
  void storesTheItemWhenTheTableFailsOnce() {
    site.answer(200, "");
    dynamoDb.answer(500, "{}");
    dynamoDb.answer(200, "{}");

    assertEquals(true, check().handleRequest(null, context).get("2xx"));
    assertEquals(2, dynamoDb.requests().size());
  }

  @Test
  void failsWhenTheTableIsGoneSoThatLambdaTriesAgain() {
    site.answer(200, "");
    dynamoDb.answer(400, TABLE_IS_GONE);

    assertThrows(ResourceNotFoundException.class, () -> check().handleRequest(null, context));
    assertTrue(onlySubsegment(segment.getSubsegments()).isFault());
  }

  @ParameterizedTest
  @ValueSource(strings = {"aws.amazon.com", "/health", "mailto:someone@example.com"})
  void refusesWhatIsNoAddress(String address) {
    IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> new CheckUptime(address, "checks", client));
    assertTrue(error.getMessage().endsWith("got '" + address + "'"), error.getMessage());
  }

  @Test
  void refusesAnEnvironmentWithoutItsSettings() {
    IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> CheckUptime.setting(Map.of("TABLE_NAME", ""), "TABLE_NAME"));
    assertEquals("the environment variable TABLE_NAME is not set", error.getMessage());
  }

  private CheckUptime check() {
    return new CheckUptime(site.address() + "health", "checks", client);
  }

  /** Attributes of the items that were put, each as DynamoDB's protocol writes it. */
  private List<Map<String, String>> items() {
    return dynamoDb.bodies().stream().map(body -> {
      Matcher match = ITEM.matcher(body);
      assertTrue(match.matches(), body);
      Map<String, String> item = new HashMap<>();
      ATTRIBUTE.matcher(match.group(1)).results().forEach(found -> item.put(found.group(1), found.group(2)));
      return item;
    }).toList();
  }

  private static Subsegment onlySubsegment(List<Subsegment> subsegments) {
    assertEquals(1, subsegments.size());
    return subsegments.get(0);
  }

  /** The segment is looked at where it is made; nothing leaves the process. */
  private static final class NoEmitter extends Emitter {
    @Override
    public boolean sendSegment(Segment sent) {
      return true;
    }

    @Override
    public boolean sendSubsegment(Subsegment sent) {
      return true;
    }
  }
}
