package cdktracedfunction;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpRetryException;
import java.net.HttpURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/** Records calls with HttpURLConnection and with methods of URL. Calls of their methods are made to come here when the package is made. */
public final class UrlCalls {
  /** Of a connection whose call has ended, or that is not to be recorded. */
  private static final ClientCall DONE = new ClientCall() {
    @Override
    public String[] headers() {
      return new String[0];
    }

    @Override
    public void responded(int status, long length) {}

    @Override
    public void end(Throwable error) {}
  };

  private static final Map<URLConnection, ClientCall> CALLS = Collections.synchronizedMap(new WeakHashMap<>());

  private UrlCalls() {}

  // What connects, and has no answer yet.

  public static void connect(URLConnection connection) throws IOException {
    ClientCall call = begin(connection, true);
    try {
      connection.connect();
    } catch (Throwable error) {
      failed(connection, call, error);
      throw error;
    }
  }

  public static OutputStream getOutputStream(URLConnection connection) throws IOException {
    ClientCall call = begin(connection, true);
    try {
      return connection.getOutputStream();
    } catch (Throwable error) {
      failed(connection, call, error);
      throw error;
    }
  }

  public static void connect(HttpURLConnection connection) throws IOException {
    connect((URLConnection) connection);
  }

  public static OutputStream getOutputStream(HttpURLConnection connection) throws IOException {
    return getOutputStream((URLConnection) connection);
  }

  public static InputStream getInputStream(HttpURLConnection connection) throws IOException {
    return getInputStream((URLConnection) connection);
  }

  // What waits for the answer, and says how it went.

  public static InputStream getInputStream(URLConnection connection) throws IOException {
    ClientCall call = begin(connection, false);
    InputStream result;
    try {
      result = connection.getInputStream();
    } catch (Throwable error) {
      failed(connection, call, error);
      throw error;
    }
    end(connection, call);
    return result;
  }

  public static int getResponseCode(HttpURLConnection connection) throws IOException {
    ClientCall call = begin(connection, false);
    int result;
    try {
      result = connection.getResponseCode();
    } catch (Throwable error) {
      failed(connection, call, error);
      throw error;
    }
    end(connection, call);
    return result;
  }

  public static String getResponseMessage(HttpURLConnection connection) throws IOException {
    ClientCall call = begin(connection, false);
    String result;
    try {
      result = connection.getResponseMessage();
    } catch (Throwable error) {
      failed(connection, call, error);
      throw error;
    }
    end(connection, call);
    return result;
  }

  public static Object getContent(URLConnection connection) throws IOException {
    ClientCall call = begin(connection, false);
    Object result;
    try {
      result = connection.getContent();
    } catch (Throwable error) {
      failed(connection, call, error);
      throw error;
    }
    end(connection, call);
    return result;
  }

  public static Object getContent(URLConnection connection, Class<?>[] types) throws IOException {
    ClientCall call = begin(connection, false);
    Object result;
    try {
      result = connection.getContent(types);
    } catch (Throwable error) {
      failed(connection, call, error);
      throw error;
    }
    end(connection, call);
    return result;
  }

  public static InputStream openStream(URL url) throws IOException {
    try {
      return getInputStream(url.openConnection());
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  public static Object getContent(URL url) throws IOException {
    try {
      return getContent(url.openConnection());
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  public static Object getContent(URL url, Class<?>[] types) throws IOException {
    try {
      return getContent(url.openConnection(), types);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  // What waits for the answer, and gives nothing where there is none.

  public static String getHeaderField(URLConnection connection, String name) {
    await(connection);
    return connection.getHeaderField(name);
  }

  public static String getHeaderField(URLConnection connection, int number) {
    await(connection);
    return connection.getHeaderField(number);
  }

  public static String getHeaderFieldKey(URLConnection connection, int number) {
    await(connection);
    return connection.getHeaderFieldKey(number);
  }

  public static Map<String, List<String>> getHeaderFields(URLConnection connection) {
    await(connection);
    return connection.getHeaderFields();
  }

  public static int getHeaderFieldInt(URLConnection connection, String name, int otherwise) {
    await(connection);
    return connection.getHeaderFieldInt(name, otherwise);
  }

  public static long getHeaderFieldLong(URLConnection connection, String name, long otherwise) {
    await(connection);
    return connection.getHeaderFieldLong(name, otherwise);
  }

  public static long getHeaderFieldDate(URLConnection connection, String name, long otherwise) {
    await(connection);
    return connection.getHeaderFieldDate(name, otherwise);
  }

  public static int getContentLength(URLConnection connection) {
    await(connection);
    return connection.getContentLength();
  }

  public static long getContentLengthLong(URLConnection connection) {
    await(connection);
    return connection.getContentLengthLong();
  }

  public static String getContentType(URLConnection connection) {
    await(connection);
    return connection.getContentType();
  }

  public static String getContentEncoding(URLConnection connection) {
    await(connection);
    return connection.getContentEncoding();
  }

  public static long getDate(URLConnection connection) {
    await(connection);
    return connection.getDate();
  }

  public static long getExpiration(URLConnection connection) {
    await(connection);
    return connection.getExpiration();
  }

  public static long getLastModified(URLConnection connection) {
    await(connection);
    return connection.getLastModified();
  }

  public static void disconnect(HttpURLConnection connection) {
    connection.disconnect();
    ClientCall call = CALLS.get(connection);
    if (call != null) {
      finish(connection, call, null); // nobody has asked for the answer
    }
  }

  /** Connects where that has not been done, as all that asks for the answer does. The connection keeps what comes of it, failure or not. */
  private static void await(URLConnection connection) {
    ClientCall call = begin(connection, false);
    if (call == null) {
      return;
    }
    try {
      ((HttpURLConnection) connection).getResponseCode();
    } catch (Throwable error) {
      finish(connection, call, error);
      return;
    }
    end(connection, call);
  }

  /** @return null where nothing is to be recorded */
  private static ClientCall begin(URLConnection connection, boolean sends) {
    if (!(connection instanceof HttpURLConnection http)) {
      return null; // a file, a file in a jar
    }
    try {
      ClientCall known = CALLS.get(connection);
      if (known != null) {
        return known == DONE ? null : known;
      }
      if (isConnected(http) || http.getRequestProperty(ClientCall.TRACE_HEADER) != null) {
        CALLS.put(http, DONE); // somebody else has begun, or has set the header and so recorded it
        return null;
      }
      URL url = http.getURL();
      String method = sends && http.getDoOutput() && http.getRequestMethod().equals("GET") ? "POST" : http.getRequestMethod();
      ClientCall call = Recorder.http(method, url.getProtocol(), url.getHost(), url.getPort(), url.getPath());
      if (call == null) {
        return null;
      }
      CALLS.put(http, call);
      String[] headers = call.headers();
      for (int i = 0; i < headers.length; i += 2) {
        if (http.getRequestProperty(headers[i]) == null) {
          http.setRequestProperty(headers[i], headers[i + 1]);
        }
      }
      return call;
    } catch (Throwable error) {
      Guard.failed(error);
      return null;
    }
  }

  private static boolean isConnected(HttpURLConnection connection) {
    try {
      connection.getRequestProperty(ClientCall.TRACE_HEADER);
      return false;
    } catch (IllegalStateException connected) {
      return true;
    }
  }

  private static void end(URLConnection connection, ClientCall call) {
    if (call == null) {
      return;
    }
    try {
      // Known by now, so that nothing goes over the network.
      HttpURLConnection http = (HttpURLConnection) connection;
      int status = http.getResponseCode();
      if (status > 0) {
        call.responded(status, http.getContentLengthLong());
      }
    } catch (Throwable error) {
      Guard.failed(error);
    }
    finish(connection, call, null);
  }

  private static void failed(URLConnection connection, ClientCall call, Throwable error) {
    Guard.leaveOut(error);
    if (call != null) {
      // An answer that the connection makes an exception of; after any other it would try again when it was asked.
      if (error instanceof FileNotFoundException || error instanceof HttpRetryException
          || error instanceof IOException && String.valueOf(error.getMessage()).startsWith("Server returned HTTP response code:")) {
        end(connection, call);
      } else {
        finish(connection, call, error);
      }
    }
  }

  private static void finish(URLConnection connection, ClientCall call, Throwable error) {
    if (CALLS.put(connection, DONE) != DONE) {
      call.end(error);
    }
  }
}
