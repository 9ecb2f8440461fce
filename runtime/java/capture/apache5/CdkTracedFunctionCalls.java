package org.apache.hc.client5.http.impl.classic;

import cdktracedfunction.ClientCall;
import cdktracedfunction.Guard;
import cdktracedfunction.Recorder;
import java.io.IOException;
import java.net.URI;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.impl.io.HttpRequestExecutor;
import org.apache.hc.core5.http.io.HttpClientConnection;
import org.apache.hc.core5.http.io.HttpResponseInformationCallback;
import org.apache.hc.core5.http.protocol.HttpContext;

/**
 * Records calls with Apache HttpClient 5. What its library does with a call is made to come here when the package is made. In a package of the
 * library's, for what is called is not open to others.
 */
public final class CdkTracedFunctionCalls {
  /** A client of this kind works on one thread. */
  private static final ThreadLocal<ClientCall> RUNNING = new ThreadLocal<>();

  private CdkTracedFunctionCalls() {}

  /** All of a call, with its redirections and repetitions. */
  public static CloseableHttpResponse doExecute(CloseableHttpClient client, HttpHost target, ClassicHttpRequest request, HttpContext context) throws IOException {
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
  public static ClassicHttpResponse execute(HttpRequestExecutor executor, ClassicHttpRequest request, HttpClientConnection connection, HttpContext context)
      throws IOException, HttpException {
    addHeaders(request);
    try {
      return executor.execute(request, connection, context);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  public static ClassicHttpResponse execute(
      HttpRequestExecutor executor, ClassicHttpRequest request, HttpClientConnection connection, HttpResponseInformationCallback informed, HttpContext context)
      throws IOException, HttpException {
    addHeaders(request);
    try {
      return executor.execute(request, connection, informed, context);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  private static void addHeaders(ClassicHttpRequest request) {
    try {
      ClientCall call = RUNNING.get();
      if (call != null && !"CONNECT".equals(request.getMethod())) {
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
  }

  private static ClientCall begin(HttpHost target, ClassicHttpRequest request) {
    try {
      if (request == null || request.containsHeader(ClientCall.TRACE_HEADER)) {
        return null;
      }
      URI uri = request.getUri();
      String host = target != null ? target.getHostName() : uri.getHost();
      if (host == null) {
        return null; // the client says what is wrong
      }
      return Recorder.http(request.getMethod(), target != null ? target.getSchemeName() : uri.getScheme(), host,
          target != null ? target.getPort() : uri.getPort(), uri.getRawPath());
    } catch (Throwable error) {
      Guard.failed(error);
      return null;
    }
  }

  private static void end(ClientCall call, ClassicHttpResponse response) {
    try {
      if (response != null) {
        call.responded(response.getCode(), ClientCall.length(response.getFirstHeader("Content-Length") == null ? null : response.getFirstHeader("Content-Length").getValue()));
      }
    } catch (Throwable error) {
      Guard.failed(error);
    }
    call.end(null);
  }
}
