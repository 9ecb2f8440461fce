package cdktracedfunction;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.AWSXRayRecorder;
import com.amazonaws.xray.entities.Entity;
import com.amazonaws.xray.entities.Subsegment;
import com.amazonaws.xray.entities.TraceHeader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Records calls with java.net.http. Calls of its client in the function's classes are made to come here when the package is made. */
public final class HttpCalls {
  private HttpCalls() {}

  public static <T> HttpResponse<T> send(HttpClient client, HttpRequest request, HttpResponse.BodyHandler<T> handler)
      throws IOException, InterruptedException {
    Call call = begin(request);
    if (call == null) {
      return client.send(request, handler);
    }
    HttpResponse<T> response;
    try {
      response = client.send(call.request, handler);
    } catch (IOException | InterruptedException | RuntimeException | Error error) {
      call.end(null, error);
      throw error;
    }
    call.end(response, null);
    return response;
  }

  public static <T> CompletableFuture<HttpResponse<T>> sendAsync(HttpClient client, HttpRequest request, HttpResponse.BodyHandler<T> handler) {
    Call call = begin(request);
    return call == null ? client.sendAsync(request, handler) : client.sendAsync(call.request, handler).whenComplete(call::end);
  }

  public static <T> CompletableFuture<HttpResponse<T>> sendAsync(
      HttpClient client, HttpRequest request, HttpResponse.BodyHandler<T> handler, HttpResponse.PushPromiseHandler<T> pushed) {
    Call call = begin(request);
    return call == null ? client.sendAsync(request, handler, pushed) : client.sendAsync(call.request, handler, pushed).whenComplete(call::end);
  }

  /** @return null for what is not to be changed */
  private static Call begin(HttpRequest request) {
    // Whoever has set the header has recorded the call; and while the function loads there is no trace.
    if (request == null || request.headers().firstValue("X-Amzn-Trace-Id").isPresent()
        || System.getProperty("com.amazonaws.xray.traceHeader") == null && System.getenv("_X_AMZN_TRACE_ID") == null) {
      return null;
    }
    try {
      return new Call(request);
    } catch (RuntimeException error) {
      System.err.println("cdk-traced-function: a call over HTTP is not recorded (" + error + ")");
      return null;
    }
  }

  private static final class Call {
    private final AWSXRayRecorder recorder = AWSXRay.getGlobalRecorder();
    private final Subsegment subsegment;
    final HttpRequest request;

    Call(HttpRequest original) {
      URI uri = original.uri();
      Entity before = recorder.getTraceEntity();
      subsegment = recorder.beginSubsegment(uri.getHost());
      // It may end on another thread, and what this one does until then is no part of it.
      restore(before);
      String authority = uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
      subsegment.setNamespace("remote");
      subsegment.putHttp("request", Map.of(
          "method", original.method(), "url", uri.getScheme() + "://" + authority + (uri.getRawPath() == null ? "" : uri.getRawPath())));
      request = HttpRequest.newBuilder(original, (name, value) -> true)
          .header(TraceHeader.HEADER_KEY, TraceHeader.fromEntity(subsegment).toString()).build();
    }

    private void restore(Entity entity) {
      if (entity == null) {
        recorder.clearTraceEntity();
      } else {
        recorder.setTraceEntity(entity);
      }
    }

    void end(HttpResponse<?> response, Throwable error) {
      try {
        if (response != null) {
          int status = response.statusCode();
          Map<String, Object> described = new LinkedHashMap<>();
          described.put("status", status);
          response.headers().firstValue("content-length").filter(length -> length.matches("\\d{1,18}"))
              .ifPresent(length -> described.put("content_length", Long.parseLong(length)));
          subsegment.putHttp("response", described);
          subsegment.setError(status >= 400 && status < 500);
          subsegment.setThrottle(status == 429);
          subsegment.setFault(status >= 500);
        }
        if (error != null) {
          subsegment.addException(error instanceof CompletionException && error.getCause() != null ? error.getCause() : error);
        }
        Entity before = recorder.getTraceEntity();
        recorder.setTraceEntity(subsegment);
        recorder.endSubsegment();
        restore(before);
      } catch (RuntimeException failed) {
        System.err.println("cdk-traced-function: a call over HTTP is not recorded (" + failed + ")");
      }
    }
  }
}
