package cdktracedfunction;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Spans as OTLP, the protocol of OpenTelemetry, in protobuf.
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
final class Otlp {
  private byte[] bytes = new byte[512];
  private int length;

  /** An ExportTraceServiceRequest with one span; texts are cut to so many characters. */
  static byte[] request(RecordedSpan span, int longest) {
    Otlp scope = new Otlp().text(1, span.scope, longest);
    if (span.scopeVersion != null) {
      scope.text(2, span.scopeVersion, longest);
    }
    Otlp scopeSpans = new Otlp().message(1, scope).message(2, span(span, longest));
    Otlp resource = new Otlp().attributes(1, resource(), Integer.MAX_VALUE);
    return new Otlp().message(1, new Otlp().message(1, resource).message(2, scopeSpans)).toBytes();
  }

  private static Otlp span(RecordedSpan span, int longest) {
    Otlp out = new Otlp().hex(1, span.traceId).hex(2, span.spanId);
    if (span.parentId != null) {
      out.hex(4, span.parentId);
    }
    out.text(5, span.name, longest).integer(6, span.kind).fixed64(7, span.startNanos).fixed64(8, span.endNanos)
        .attributes(9, span.attributes, longest);
    for (RecordedSpan.Event event : span.events) {
      out.message(11, new Otlp().fixed64(1, event.nanos()).text(2, event.name(), longest).attributes(3, event.attributes(), longest));
    }
    for (RecordedSpan.Link link : span.links) {
      out.message(13, new Otlp().hex(1, link.traceId()).hex(2, link.spanId()).attributes(4, link.attributes(), longest));
    }
    if (span.status != 0) {
      Otlp status = new Otlp();
      if (span.message != null && !span.message.isEmpty()) {
        status.text(2, span.message, longest);
      }
      out.message(15, status.integer(3, span.status));
    }
    return out;
  }

  /** https://opentelemetry.io/docs/specs/semconv/resource/faas/ */
  private static Map<String, Object> resource() {
    Map<String, Object> values = new LinkedHashMap<>();
    String service = System.getenv("OTEL_SERVICE_NAME");
    values.put("service.name", service != null && !service.isEmpty() ? service : System.getenv("AWS_LAMBDA_FUNCTION_NAME"));
    values.put("cloud.provider", "aws");
    values.put("cloud.platform", "aws_lambda");
    values.put("cloud.region", System.getenv("AWS_REGION"));
    values.put("faas.name", System.getenv("AWS_LAMBDA_FUNCTION_NAME"));
    values.put("faas.version", System.getenv("AWS_LAMBDA_FUNCTION_VERSION"));
    values.put("telemetry.sdk.name", "cdk-traced-function");
    values.put("telemetry.sdk.language", "java");
    return values;
  }

  /** What is null is left out. */
  private Otlp attributes(int field, Map<String, Object> values, int longest) {
    values.forEach((key, value) -> {
      if (value != null) {
        message(field, new Otlp().text(1, key, longest).message(2, new Otlp().value(value, longest)));
      }
    });
    return this;
  }

  /** An AnyValue. */
  private Otlp value(Object value, int longest) {
    if (value instanceof Boolean truth) {
      return integer(2, truth ? 1 : 0);
    }
    if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return integer(3, ((Number) value).longValue());
    }
    if (value instanceof Double || value instanceof Float) {
      return tag(4, 1).eightBytes(Double.doubleToRawLongBits(((Number) value).doubleValue()));
    }
    if (value instanceof Collection<?> list) {
      Otlp items = new Otlp();
      list.forEach(item -> items.message(1, item == null ? new Otlp() : new Otlp().value(item, longest)));
      return message(5, items);
    }
    return text(1, String.valueOf(value), longest);
  }

  private Otlp integer(int field, long value) {
    return tag(field, 0).varint(value);
  }

  private Otlp fixed64(int field, long value) {
    return tag(field, 1).eightBytes(value);
  }

  private Otlp text(int field, String value, int longest) {
    String clean = Texts.redacted(value);
    String kept = clean.length() > longest ? clean.substring(0, longest) : clean;
    return data(field, kept.getBytes(StandardCharsets.UTF_8));
  }

  private Otlp hex(int field, String digits) {
    byte[] value = new byte[digits.length() / 2];
    for (int i = 0; i < value.length; i++) {
      value[i] = (byte) Integer.parseInt(digits, i * 2, i * 2 + 2, 16);
    }
    return data(field, value);
  }

  private Otlp message(int field, Otlp value) {
    return data(field, value.toBytes());
  }

  private Otlp data(int field, byte[] value) {
    tag(field, 2).varint(value.length).room(value.length);
    System.arraycopy(value, 0, bytes, length, value.length);
    length += value.length;
    return this;
  }

  private Otlp tag(int field, int wireType) {
    return varint((long) field << 3 | wireType);
  }

  private Otlp varint(long value) {
    room(10);
    long rest = value;
    for (; (rest & ~0x7fL) != 0; rest >>>= 7) {
      bytes[length++] = (byte) (rest & 0x7f | 0x80);
    }
    bytes[length++] = (byte) rest;
    return this;
  }

  private Otlp eightBytes(long value) {
    room(8);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(length, value);
    length += 8;
    return this;
  }

  private void room(int more) {
    if (length + more > bytes.length) {
      bytes = java.util.Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
    }
  }

  private byte[] toBytes() {
    return java.util.Arrays.copyOf(bytes, length);
  }
}
