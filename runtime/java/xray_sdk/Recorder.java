package cdktracedfunction;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.AWSXRayRecorder;
import com.amazonaws.xray.entities.Entity;
import com.amazonaws.xray.entities.Subsegment;
import com.amazonaws.xray.entities.TraceHeader;
import java.util.LinkedHashMap;
import java.util.Map;

/** Makes subsegments of the calls of clients, below those that the handler makes with the X-Ray SDK. */
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
      return new PassedOn(new String[] {ClientCall.TRACE_HEADER, trace.header(trace.parentId())});
    }
    Call call = new Call(host);
    call.subsegment.putHttp("request", Map.of("method", method, "url", scheme + "://" + host + (port < 0 ? "" : ":" + port) + Texts.path(path)));
    return call;
  }

  static ClientCall query(String operation, Database database) {
    if (!isSampled()) {
      return null;
    }
    Call call = new Call(database.service());
    call.subsegment.putSql("database_type", database.system());
    call.subsegment.putSql("sanitized_query", operation);
    if (database.host() != null) {
      call.subsegment.putSql("url", database.host() + (database.name() == null ? "" : "/" + database.name()));
    }
    return call;
  }

  private static final class Call extends ClientCall {
    final Subsegment subsegment;
    private final AWSXRayRecorder recorder = AWSXRay.getGlobalRecorder();
    private boolean ended;

    Call(String name) {
      Entity before = recorder.getTraceEntity();
      subsegment = recorder.beginSubsegment(name);
      // It may end on another thread, and what this one does until then is no part of it.
      restore(before);
      subsegment.setNamespace("remote");
    }

    private void restore(Entity entity) {
      if (entity == null) {
        recorder.clearTraceEntity();
      } else {
        recorder.setTraceEntity(entity);
      }
    }

    @Override
    public String[] headers() {
      return new String[] {TRACE_HEADER, TraceHeader.fromEntity(subsegment).toString()};
    }

    @Override
    public void responded(int status, long length) {
      Map<String, Object> described = new LinkedHashMap<>();
      described.put("status", status);
      if (length >= 0) {
        described.put("content_length", length);
      }
      subsegment.putHttp("response", described);
      subsegment.setError(status >= 400 && status < 500);
      subsegment.setThrottle(status == 429);
      subsegment.setFault(status >= 500);
    }

    @Override
    public synchronized void end(Throwable error) {
      if (ended) {
        return;
      }
      ended = true;
      try {
        if (error != null) {
          subsegment.addException(error);
        }
        Entity before = recorder.getTraceEntity();
        recorder.setTraceEntity(subsegment);
        recorder.endSubsegment();
        restore(before);
      } catch (Throwable failed) {
        Guard.failed(failed);
      }
    }
  }
}
