package cdktracedfunction;

import java.io.IOException;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/** Records calls with OkHttp. What its library does with a call on its way to the interceptors is made to come here when the package is made. */
public final class OkHttpCalls {
  /** Its interceptors run on one thread. */
  private static final ThreadLocal<ClientCall> RUNNING = new ThreadLocal<>();

  private OkHttpCalls() {}

  /** All of a call, with its redirections and repetitions. */
  public static Response proceed(Interceptor.Chain chain, Request request) throws IOException {
    ClientCall call = begin(request);
    ClientCall outer = RUNNING.get();
    if (call != null) {
      RUNNING.set(call);
    }
    Response response;
    try {
      response = chain.proceed(request);
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

  /** What goes over the wire: the request that the program sees is another. */
  public static Request build(Request.Builder builder) {
    try {
      ClientCall call = RUNNING.get();
      if (call != null) {
        Request request = builder.build();
        String[] headers = call.headers();
        for (int i = 0; i < headers.length; i += 2) {
          if (request.header(headers[i]) == null) {
            builder.header(headers[i], headers[i + 1]);
          }
        }
      }
    } catch (Throwable error) {
      Guard.failed(error);
    }
    return builder.build();
  }

  private static ClientCall begin(Request request) {
    try {
      if (request == null || request.header(ClientCall.TRACE_HEADER) != null) {
        return null;
      }
      HttpUrl url = request.url();
      int port = url.port() == HttpUrl.defaultPort(url.scheme()) ? -1 : url.port();
      return Recorder.http(request.method(), url.scheme(), url.host(), port, url.encodedPath());
    } catch (Throwable error) {
      Guard.failed(error);
      return null;
    }
  }

  private static void end(ClientCall call, Response response) {
    try {
      if (response != null) {
        call.responded(response.code(), ClientCall.length(response.header("Content-Length")));
      }
    } catch (Throwable error) {
      Guard.failed(error);
    }
    call.end(null);
  }
}
