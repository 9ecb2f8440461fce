package cdktracedfunction;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The trace that a call belongs to, and the span that it hangs under. Ids are hexadecimal digits: 32 and 16.
 *
 * @param parentId null at the root of a trace
 * @param lineage what Lambda uses to find loops; empty, or with ';' in front
 */
record Trace(String traceId, String parentId, boolean isSampled, String lineage) {
  private static final Pattern ROOT = Pattern.compile("Root=1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})(?:;|$)");
  private static final Pattern PARENT = Pattern.compile("Parent=([0-9a-fA-F]{16})(?:;|$)");
  private static final Pattern SAMPLED = Pattern.compile("Sampled=([01])(?:;|$)");
  private static final Pattern LINEAGE = Pattern.compile(";Lineage=[^;]*");

  /** Where Lambda's runtime keeps the header for each thread when it runs several requests at a time; the AWS SDK brings the class. */
  private static final MethodHandle OF_THREAD = ofThread();

  /** Finds the span under which a call hangs; set where the handler uses OpenTelemetry's own contexts. */
  static volatile Supplier<Trace> active = () -> null;

  /** The trace of a call that is made now; null outside of an invocation and where nobody has decided, as in pass-through mode. */
  static Trace running() {
    Trace found = active.get();
    return found != null ? found : parse(header());
  }

  private static String header() {
    if (OF_THREAD != null) {
      try {
        String header = (String) OF_THREAD.invokeExact("AWS_LAMBDA_X_TRACE_ID");
        if (header != null) {
          return header;
        }
      } catch (Throwable ignored) {
        // another version of it
      }
    }
    String header = System.getProperty("com.amazonaws.xray.traceHeader");
    return header != null ? header : System.getenv("_X_AMZN_TRACE_ID");
  }

  private static MethodHandle ofThread() {
    try {
      Class<?> type = Class.forName("software.amazon.awssdk.utilslite.SdkInternalThreadLocal");
      return MethodHandles.publicLookup().findStatic(type, "get", MethodType.methodType(String.class, String.class));
    } catch (ReflectiveOperationException | LinkageError absent) {
      return null;
    }
  }

  /** `Root=1-<8 digits>-<24 digits>;Parent=<16 digits>;Sampled=1;Lineage=...` */
  static Trace parse(String header) {
    if (header == null) {
      return null;
    }
    Matcher root = ROOT.matcher(header);
    Matcher parent = PARENT.matcher(header);
    Matcher sampled = SAMPLED.matcher(header);
    if (!root.find() || !parent.find() || !sampled.find()) {
      return null;
    }
    Matcher lineage = LINEAGE.matcher(header);
    return new Trace((root.group(1) + root.group(2)).toLowerCase(Locale.ROOT), parent.group(1).toLowerCase(Locale.ROOT),
        sampled.group(1).equals("1"), lineage.find() ? lineage.group() : "");
  }

  /** What X-Ray takes, with the id of the span that a call is made in. */
  String header(String spanId) {
    return "Root=1-" + traceId.substring(0, 8) + "-" + traceId.substring(8) + ";Parent=" + spanId + ";Sampled=" + (isSampled ? 1 : 0);
  }

  /** What W3C has everybody take. https://www.w3.org/TR/trace-context/ */
  String traceparent(String spanId) {
    return "00-" + traceId + "-" + spanId + "-0" + (isSampled ? 1 : 0);
  }
}
