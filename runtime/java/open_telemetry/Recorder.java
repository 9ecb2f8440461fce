package cdktracedfunction;

/** Makes spans of the calls of clients. https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
public final class Recorder {
  private Recorder() {}

  static boolean isSampled() {
    Trace trace = Trace.running();
    return trace != null && trace.isSampled();
  }

  /**
   * @param port negative where it is the scheme's own
   * @param path may have a query after it, which is not recorded
   * @return null where there is no trace
   */
  public static ClientCall http(String method, String scheme, String host, int port, String path) {
    Trace trace = Trace.running();
    if (trace == null) {
      return null;
    }
    if (!trace.isSampled()) {
      return new PassedOn(headers(trace, trace.parentId()));
    }
    RecordedSpan span = new RecordedSpan(trace, method, RecordedSpan.CLIENT);
    span.attributes.put("http.method", method);
    span.attributes.put("http.url", scheme + "://" + host + (port < 0 ? "" : ":" + port) + Texts.path(path));
    return new Call(span, headers(trace, span.spanId));
  }

  static ClientCall query(String operation, Database database) {
    Trace trace = Trace.running();
    if (trace == null || !trace.isSampled()) {
      return null;
    }
    RecordedSpan span = new RecordedSpan(trace, operation, RecordedSpan.CLIENT);
    span.attributes.put("db.system", database.system());
    span.attributes.put("db.operation", operation);
    span.attributes.put("db.name", database.name());
    span.attributes.put("server.address", database.host());
    return new Call(span, new String[0]);
  }

  private static String[] headers(Trace trace, String spanId) {
    return new String[] {ClientCall.TRACE_HEADER, trace.header(spanId), "traceparent", trace.traceparent(spanId)};
  }

  private static final class Call extends ClientCall {
    private final RecordedSpan span;
    private final String[] headers;
    private boolean ended;

    Call(RecordedSpan span, String[] headers) {
      this.span = span;
      this.headers = headers;
    }

    @Override
    public String[] headers() {
      return headers;
    }

    @Override
    public void responded(int status, long length) {
      span.attributes.put("http.status_code", status);
      if (length >= 0) {
        span.attributes.put("http.response_content_length", length);
      }
      if (status >= 400) {
        span.status = RecordedSpan.ERROR;
      }
    }

    @Override
    public synchronized void end(Throwable error) {
      try {
        if (!ended) {
          ended = true;
          span.close(error, null);
        }
      } catch (Throwable failed) {
        Guard.failed(failed);
      }
    }
  }
}
