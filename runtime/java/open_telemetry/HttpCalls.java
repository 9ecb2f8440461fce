package cdktracedfunction;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
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
    // Whoever has set the header has recorded the call.
    if (request == null || request.headers().firstValue("X-Amzn-Trace-Id").isPresent()) {
      return null;
    }
    try {
      Trace trace = Trace.running();
      return trace == null ? null : new Call(trace, request);
    } catch (RuntimeException error) {
      System.err.println("cdk-traced-function: a call over HTTP is not recorded (" + error + ")");
      return null;
    }
  }

  private static final class Call {
    final HttpRequest request;
    private final RecordedSpan span;

    Call(Trace trace, HttpRequest original) {
      URI uri = original.uri();
      span = trace.isSampled() ? new RecordedSpan(trace, original.method(), RecordedSpan.CLIENT) : null;
      if (span != null) {
        String authority = uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
        span.attributes.put("http.method", original.method());
        span.attributes.put("http.url", uri.getScheme() + "://" + authority + (uri.getRawPath() == null ? "" : uri.getRawPath()));
      }
      String spanId = span == null ? trace.parentId() : span.spanId;
      HttpRequest.Builder changed = HttpRequest.newBuilder(original, (name, value) -> true).header("X-Amzn-Trace-Id", trace.header(spanId));
      if (original.headers().firstValue("traceparent").isEmpty()) {
        changed.header("traceparent", trace.traceparent(spanId));
      }
      request = changed.build();
    }

    void end(HttpResponse<?> response, Throwable error) {
      if (span == null) {
        return;
      }
      if (response != null) {
        span.attributes.put("http.status_code", response.statusCode());
        response.headers().firstValue("content-length").filter(length -> length.matches("\\d{1,18}"))
            .ifPresent(length -> span.attributes.put("http.response_content_length", Long.parseLong(length)));
        if (response.statusCode() >= 400) {
          span.status = RecordedSpan.ERROR;
        }
      }
      span.close(error instanceof CompletionException && error.getCause() != null ? error.getCause() : error, null);
    }
  }
}
