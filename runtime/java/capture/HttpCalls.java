package cdktracedfunction;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import javax.net.ssl.SSLSession;

/** Records calls with java.net.http. Calls of its client are made to come here when the package is made. */
public final class HttpCalls {
  private HttpCalls() {}

  public static <T> HttpResponse<T> send(HttpClient client, HttpRequest request, HttpResponse.BodyHandler<T> handler)
      throws IOException, InterruptedException {
    Call call = begin(request);
    HttpResponse<T> response;
    try {
      response = client.send(call == null ? request : call.request, handler);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      if (call != null) {
        call.end(null, error);
      }
      throw error;
    }
    if (call == null) {
      return response;
    }
    call.end(response, null);
    return response == null ? null : new Response<>(response, request);
  }

  public static <T> CompletableFuture<HttpResponse<T>> sendAsync(HttpClient client, HttpRequest request, HttpResponse.BodyHandler<T> handler) {
    return sendAsync(client, request, handler, null);
  }

  public static <T> CompletableFuture<HttpResponse<T>> sendAsync(
      HttpClient client, HttpRequest request, HttpResponse.BodyHandler<T> handler, HttpResponse.PushPromiseHandler<T> pushed) {
    Call call = begin(request);
    HttpRequest sent = call == null ? request : call.request;
    CompletableFuture<HttpResponse<T>> future;
    try {
      future = pushed == null ? client.sendAsync(sent, handler) : client.sendAsync(sent, handler, pushed);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      if (call != null) {
        call.end(null, error);
      }
      throw error;
    }
    return call == null || future == null ? future : Answer.of(future, call, request);
  }

  /** @return null for what is not to be changed */
  private static Call begin(HttpRequest request) {
    try {
      // Whoever has set the header has recorded the call.
      if (request == null || request.headers().firstValue(ClientCall.TRACE_HEADER).isPresent()) {
        return null;
      }
      URI uri = request.uri();
      ClientCall recorded = Recorder.http(request.method(), uri.getScheme(), uri.getHost(), uri.getPort(), uri.getRawPath());
      return recorded == null ? null : Call.of(recorded, request);
    } catch (Throwable error) {
      Guard.failed(error);
      return null;
    }
  }

  private static final class Call {
    final HttpRequest request;
    private final ClientCall recorded;

    private Call(ClientCall recorded, HttpRequest request) {
      this.recorded = recorded;
      this.request = request;
    }

    static Call of(ClientCall recorded, HttpRequest original) {
      try {
        return new Call(recorded, withHeaders(recorded.headers(), original));
      } catch (RuntimeException error) { // of a request of the program's own kind
        Guard.failed(error);
        return new Call(recorded, original);
      }
    }

    private static HttpRequest withHeaders(String[] headers, HttpRequest original) {
      HttpRequest.Builder changed = HttpRequest.newBuilder(original, (name, value) -> true);
      for (int i = 0; i < headers.length; i += 2) {
        if (original.headers().firstValue(headers[i]).isEmpty()) {
          changed.header(headers[i], headers[i + 1]);
        }
      }
      return changed.build();
    }

    void end(HttpResponse<?> response, Throwable error) {
      try {
        if (response != null) {
          recorded.responded(response.statusCode(), ClientCall.length(response.headers().firstValue("content-length").orElse(null)));
        }
      } catch (Throwable failed) {
        Guard.failed(failed);
      }
      recorded.end(error instanceof CompletionException && error.getCause() != null ? error.getCause() : error);
    }
  }

  /** An answer that is recorded before anybody gets it. As the client's own, it can be cancelled, and what is made from it can, too. */
  private static final class Answer<T> extends CompletableFuture<T> {
    private final CompletableFuture<?> future;

    private Answer(CompletableFuture<?> future) {
      this.future = future;
    }

    static <T> CompletableFuture<HttpResponse<T>> of(CompletableFuture<HttpResponse<T>> future, Call call, HttpRequest request) {
      Answer<HttpResponse<T>> answer = new Answer<>(future);
      future.whenComplete((response, error) -> {
        call.end(response, error);
        if (error != null) {
          answer.completeExceptionally(error);
        } else {
          answer.complete(response == null ? null : new Response<>(response, request));
        }
      });
      return answer;
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
      return new Answer<>(future);
    }

    @Override
    public boolean cancel(boolean mayInterrupt) {
      boolean result = super.cancel(mayInterrupt);
      return future.cancel(mayInterrupt) || result;
    }
  }

  /** Names the request that the program has made. */
  private static final class Response<T> implements HttpResponse<T> {
    private final HttpResponse<T> response;
    private final HttpRequest original;
    private final HttpRequest request;

    Response(HttpResponse<T> response, HttpRequest original) {
      this.response = response;
      this.original = original;
      this.request = withoutHeaders(response.request(), original);
    }

    private static HttpRequest withoutHeaders(HttpRequest sent, HttpRequest original) {
      try {
        if (sent == null || sent.headers().firstValue(ClientCall.TRACE_HEADER).isEmpty()) {
          return sent;
        }
        return HttpRequest.newBuilder(sent, (name, value) ->
            !(ClientCall.TRACE_HEADER.equalsIgnoreCase(name) || "traceparent".equalsIgnoreCase(name)) || original.headers().firstValue(name).isPresent()).build();
      } catch (Throwable error) {
        Guard.failed(error);
        return sent;
      }
    }

    @Override
    public int statusCode() {
      return response.statusCode();
    }

    @Override
    public HttpRequest request() {
      return request;
    }

    @Override
    public Optional<HttpResponse<T>> previousResponse() {
      return response.previousResponse().map(previous -> new Response<>(previous, original));
    }

    @Override
    public HttpHeaders headers() {
      return response.headers();
    }

    @Override
    public T body() {
      return response.body();
    }

    @Override
    public Optional<SSLSession> sslSession() {
      return response.sslSession();
    }

    @Override
    public URI uri() {
      return response.uri();
    }

    @Override
    public HttpClient.Version version() {
      return response.version();
    }

    @Override
    public String toString() {
      return response.toString();
    }

    /** Since Java 25. */
    @SuppressWarnings("unchecked")
    public Optional<String> connectionLabel() {
      try {
        return (Optional<String>) HttpResponse.class.getMethod("connectionLabel").invoke(response);
      } catch (ReflectiveOperationException absent) {
        return Optional.empty();
      }
    }
  }
}
