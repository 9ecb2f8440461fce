package cdktracedfunction;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.awscore.AwsExecutionAttribute;
import software.amazon.awssdk.awscore.AwsResponse;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.SdkHttpResponse;

/**
 * Records calls of the AWS SDK for Java 2 as spans with OpenTelemetry's attributes. The SDK finds it by a file on the class path.
 * https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/
 */
public final class AwsCalls implements ExecutionInterceptor {
  /** What of a service's parameters is recorded, and under which name. */
  private static final Map<String, Map<String, String>> PARAMETERS = Map.of(
      "Kinesis", Map.of("StreamName", "aws.kinesis.stream_name"),
      "Lambda", Map.of("FunctionName", "faas.invoked_name"),
      "S3", Map.of("Bucket", "aws.s3.bucket", "Key", "aws.s3.key"),
      "SecretsManager", Map.of("SecretId", "aws.secretsmanager.secret.arn"),
      "Sfn", Map.of("stateMachineArn", "aws.step_functions.state_machine.arn", "activityArn", "aws.step_functions.activity.arn"),
      "Sns", Map.of("TopicArn", "aws.sns.topic.arn"),
      "Sqs", Map.of("QueueUrl", "aws.sqs.queue.url"));

  private static final ExecutionAttribute<Call> CALL = new ExecutionAttribute<>("cdktracedfunction.Call");

  private static final class Call {
    final Trace trace;
    final RecordedSpan span;
    int attempts;

    Call(Trace trace, RecordedSpan span) {
      this.trace = trace;
      this.span = span;
    }
  }

  @Override
  public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
    try {
      Trace trace = Trace.running();
      // What is not sampled gets Lambda's own header from the AWS SDK.
      if (trace == null || !trace.isSampled()) {
        return;
      }
      String service = attributes.getAttribute(SdkExecutionAttribute.SERVICE_NAME);
      String operation = attributes.getAttribute(SdkExecutionAttribute.OPERATION_NAME);
      RecordedSpan span = new RecordedSpan(trace, service + "." + operation, RecordedSpan.CLIENT);
      span.attributes.put("rpc.system", "aws-api");
      span.attributes.put("rpc.service", service);
      span.attributes.put("rpc.method", operation);
      span.attributes.put("aws.region", Optional.ofNullable(attributes.getAttribute(AwsExecutionAttribute.AWS_REGION)).map(Object::toString).orElse(null));
      describe(span, service, context.request());
      attributes.putAttribute(CALL, new Call(trace, span));
    } catch (Throwable error) {
      Guard.failed(error);
    }
  }

  private static void describe(RecordedSpan span, String service, SdkRequest request) {
    if ("DynamoDb".equals(service)) {
      span.attributes.put("db.system", "dynamodb");
      Optional<String> table = request.getValueForField("TableName", Object.class).map(Object::toString);
      Optional<List<String>> tables = request.getValueForField("RequestItems", Map.class).map(items -> ((Map<?, ?>) items).keySet().stream().map(String::valueOf).toList());
      table.map(List::of).or(() -> tables).ifPresent(names -> span.attributes.put("aws.dynamodb.table_names", names));
      return;
    }
    PARAMETERS.getOrDefault(service, Map.of()).forEach((field, name) ->
        request.getValueForField(field, Object.class).filter(value -> Settings.S3_KEYS || !name.equals("aws.s3.key"))
            .ifPresent(value -> span.attributes.put(name, value.toString())));
  }

  /** Outside of retries and before the signature, which leaves the header out. */
  @Override
  public SdkHttpRequest modifyHttpRequest(Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
    try {
      Call call = attributes.getAttribute(CALL);
      if (call == null) {
        return context.httpRequest();
      }
      return context.httpRequest().toBuilder().putHeader("X-Amzn-Trace-Id", call.trace.header(call.span.spanId) + call.trace.lineage()).build();
    } catch (Throwable error) {
      Guard.failed(error);
      return context.httpRequest();
    }
  }

  @Override
  public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
    try {
      Call call = attributes.getAttribute(CALL);
      if (call != null) {
        call.attempts++;
      }
    } catch (Throwable error) {
      Guard.failed(error);
    }
  }

  @Override
  public void afterExecution(Context.AfterExecution context, ExecutionAttributes attributes) {
    try {
      Call call = attributes.getAttribute(CALL);
      if (call == null) {
        return;
      }
      note(call, context.httpResponse());
      if (context.response() instanceof AwsResponse response) {
        put(call.span, "aws.request_id", response.responseMetadata().requestId());
      }
      call.span.close(null, null);
    } catch (Throwable error) {
      Guard.failed(error);
    }
  }

  @Override
  public void onExecutionFailure(Context.FailedExecution context, ExecutionAttributes attributes) {
    try {
      Call call = attributes.getAttribute(CALL);
      if (call == null) {
        return;
      }
      context.httpResponse().ifPresent(response -> note(call, response));
      String type = null;
      Throwable cause = context.exception() instanceof java.util.concurrent.CompletionException completion && completion.getCause() != null
          ? completion.getCause() : context.exception();
      if (cause instanceof SdkServiceException failure) {
        call.span.attributes.put("http.status_code", failure.statusCode());
        put(call.span, "aws.request_id", failure.requestId());
        put(call.span, "aws.extended_request_id", failure.extendedRequestId());
      }
      if (cause instanceof AwsServiceException failure && failure.awsErrorDetails() != null) {
        type = failure.awsErrorDetails().errorCode();
      }
      call.span.close(cause, type);
    } catch (Throwable error) {
      Guard.failed(error);
    }
  }

  private static void note(Call call, SdkHttpResponse response) {
    if (call.attempts > 1) {
      call.span.attributes.put("http.request.resend_count", call.attempts - 1);
    }
    if (response == null) {
      return;
    }
    call.span.attributes.put("http.status_code", response.statusCode());
    response.firstMatchingHeader("Content-Length").filter(length -> length.matches("\\d{1,18}"))
        .ifPresent(length -> call.span.attributes.put("http.response_content_length", Long.parseLong(length)));
    response.firstMatchingHeader("x-amz-id-2").ifPresent(id -> call.span.attributes.put("aws.extended_request_id", id));
  }

  private static void put(RecordedSpan span, String name, String value) {
    if (value != null && !value.isEmpty() && !value.equals("UNKNOWN")) {
      span.attributes.put(name, value);
    }
  }
}
