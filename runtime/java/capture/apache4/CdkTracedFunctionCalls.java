package org.apache.http.impl.client;

import cdktracedfunction.ClientCall;
import cdktracedfunction.Guard;
import cdktracedfunction.Recorder;
import java.io.IOException;
import java.net.URI;
import org.apache.http.HttpClientConnection;
import org.apache.http.HttpException;
import org.apache.http.HttpHost;
import org.apache.http.HttpRequest;
import org.apache.http.HttpResponse;
import org.apache.http.client.methods.CloseableHttpResponse;
import org.apache.http.protocol.HttpContext;
import org.apache.http.protocol.HttpRequestExecutor;

/**
 * Records calls with Apache HttpClient 4. What its library does with a call is made to come here when the package is made. In a package of the
 * library's, for what is called is not open to others.
 */
public final class CdkTracedFunctionCalls {
  /** A client of this kind works on one thread. */
  private static final ThreadLocal<ClientCall> RUNNING = new ThreadLocal<>();

  private CdkTracedFunctionCalls() {}

  /** All of a call, with its redirections and repetitions. */
  public static CloseableHttpResponse doExecute(CloseableHttpClient client, HttpHost target, HttpRequest request, HttpContext context) throws IOException {
    ClientCall call = begin(target, request);
    ClientCall outer = RUNNING.get();
    if (call != null) {
      RUNNING.set(call);
    }
    CloseableHttpResponse response;
    try {
      response = client.doExecute(target, request, context);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      if (call != null) {
        call.end(error);
      }
      throw error;
    } finally {
      if (outer == null) {
        RUNNING.remove();
      } else {
        RUNNING.set(outer);
      }
    }
    if (call != null) {
      end(call, response);
    }
    return response;
  }

  /** What goes over the wire: the request that the program has made is another. */
  public static HttpResponse execute(HttpRequestExecutor executor, HttpRequest request, HttpClientConnection connection, HttpContext context)
      throws IOException, HttpException {
    try {
      ClientCall call = RUNNING.get();
      if (call != null && !"CONNECT".equals(request.getRequestLine().getMethod())) {
        String[] headers = call.headers();
        for (int i = 0; i < headers.length; i += 2) {
          if (!request.containsHeader(headers[i])) {
            request.addHeader(headers[i], headers[i + 1]);
          }
        }
      }
    } catch (Throwable error) {
      Guard.failed(error);
    }
    try {
      return executor.execute(request, connection, context);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  private static ClientCall begin(HttpHost target, HttpRequest request) {
    try {
      if (request == null || request.containsHeader(ClientCall.TRACE_HEADER)) {
        return null;
      }
      URI uri = URI.create(request.getRequestLine().getUri());
      String host = target != null ? target.getHostName() : uri.getHost();
      if (host == null) {
        return null; // the client says what is wrong
      }
      return Recorder.http(request.getRequestLine().getMethod(), target != null ? target.getSchemeName() : uri.getScheme(), host,
          target != null ? target.getPort() : uri.getPort(), uri.getRawPath());
    } catch (Throwable error) {
      Guard.failed(error);
      return null;
    }
  }

  private static void end(ClientCall call, HttpResponse response) {
    try {
      if (response != null) {
        call.responded(response.getStatusLine().getStatusCode(),
            ClientCall.length(response.getFirstHeader("Content-Length") == null ? null : response.getFirstHeader("Content-Length").getValue()));
      }
    } catch (Throwable error) {
      Guard.failed(error);
    }
    call.end(null);
  }
}
