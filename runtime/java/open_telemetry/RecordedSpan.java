package cdktracedfunction;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/** What is known of a call. Times are nanoseconds since 1970. */
class RecordedSpan {
  /** As OTLP counts. */
  static final int INTERNAL = 1;
  static final int CLIENT = 3;
  static final int OK = 1;
  static final int ERROR = 2;

  record Event(String name, long nanos, Map<String, Object> attributes) {}

  record Link(String traceId, String spanId, Map<String, Object> attributes) {}

  final String traceId;
  final String spanId = randomId();
  final String parentId;
  final Map<String, Object> attributes = new LinkedHashMap<>();
  final List<Event> events = new ArrayList<>();
  final List<Link> links = new ArrayList<>();
  String scope = "cdk-traced-function";
  String scopeVersion;
  String name;
  int kind;
  long startNanos = now();
  long endNanos;
  int status;
  String message;

  RecordedSpan(Trace trace, String name, int kind) {
    traceId = trace.traceId();
    parentId = trace.parentId();
    this.name = name;
    this.kind = kind;
  }

  static long now() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000_000 + now.getNano();
  }

  static String randomId() {
    long id;
    do {
      // Its seed is not of the snapshot that SnapStart makes many environments of.
      id = ThreadLocalRandom.current().nextLong() ^ System.nanoTime() * 0x9E3779B97F4A7C15L;
    } while (id == 0);
    return String.format("%016x", id);
  }

  /** Ends it, as failed where there is an error. */
  void close(Throwable error, String type) {
    endNanos = Math.max(now(), startNanos);
    if (error != null) {
      status = ERROR;
      message = Texts.message(error);
      events.add(new Event("exception", endNanos, describe(error, type)));
    }
    Daemon.export(this);
  }

  /** https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/ */
  static Map<String, Object> describe(Throwable error, String type) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("exception.type", type != null ? type : error.getClass().getName());
    values.put("exception.message", Texts.message(error));
    values.put("exception.stacktrace", Texts.stack(error));
    return values;
  }
}
