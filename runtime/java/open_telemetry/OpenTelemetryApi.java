package cdktracedfunction;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerBuilder;
import io.opentelemetry.api.trace.TracerProvider;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.context.propagation.TextMapSetter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes the spans that a handler makes with OpenTelemetry's API part of the trace. Only in packages of functions that have the API.
 */
public final class OpenTelemetryApi implements OpenTelemetry {
  /** Attribute with the names of those that X-Ray is to make annotations of. https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-migration.html */
  private static final String ANNOTATIONS = "aws.xray.annotations";

  public OpenTelemetryApi() {
    Trace.active = OpenTelemetryApi::activeTrace;
  }

  private static Trace activeTrace() {
    return traceOf(Span.current().getSpanContext());
  }

  private static Trace traceOf(SpanContext found) {
    return found.isValid() ? new Trace(found.getTraceId(), found.getSpanId(), found.isSampled(), "") : null;
  }

  private static SpanContext contextOf(String traceId, String spanId, boolean isSampled, boolean isRemote) {
    TraceFlags flags = isSampled ? TraceFlags.getSampled() : TraceFlags.getDefault();
    return isRemote ? SpanContext.createFromRemoteParent(traceId, spanId, flags, TraceState.getDefault())
        : SpanContext.create(traceId, spanId, flags, TraceState.getDefault());
  }

  @Override
  public TracerProvider getTracerProvider() {
    return new TracerProvider() {
      @Override
      public Tracer get(String name) {
        return get(name, null);
      }

      @Override
      public Tracer get(String name, String version) {
        return spanName -> new Builder(name, version, spanName);
      }

      @Override
      public TracerBuilder tracerBuilder(String name) {
        return new TracerBuilder() {
          private String version;

          @Override
          public TracerBuilder setSchemaUrl(String schemaUrl) {
            return this;
          }

          @Override
          public TracerBuilder setInstrumentationVersion(String instrumentationVersion) {
            version = instrumentationVersion;
            return this;
          }

          @Override
          public Tracer build() {
            return get(name, version);
          }
        };
      }
    };
  }

  @Override
  public ContextPropagators getPropagators() {
    return ContextPropagators.create(new Propagator());
  }

  private static Map<String, Object> plain(Attributes attributes) {
    Map<String, Object> values = new LinkedHashMap<>();
    attributes.forEach((key, value) -> values.put(key.getKey(), value));
    return values;
  }

  private static final class Builder implements SpanBuilder {
    private final String scope;
    private final String version;
    private final String name;
    private final Map<String, Object> attributes = new LinkedHashMap<>();
    private final List<RecordedSpan.Link> links = new ArrayList<>();
    private Context parent;
    private boolean isRoot;
    private SpanKind kind = SpanKind.INTERNAL;
    private long startNanos;

    Builder(String scope, String version, String name) {
      this.scope = scope;
      this.version = version;
      this.name = name;
    }

    @Override
    public SpanBuilder setParent(Context context) {
      parent = context;
      isRoot = false;
      return this;
    }

    @Override
    public SpanBuilder setNoParent() {
      isRoot = true;
      return this;
    }

    @Override
    public SpanBuilder addLink(SpanContext context) {
      return addLink(context, Attributes.empty());
    }

    @Override
    public SpanBuilder addLink(SpanContext context, Attributes values) {
      links.add(new RecordedSpan.Link(context.getTraceId(), context.getSpanId(), plain(values)));
      return this;
    }

    @Override
    public SpanBuilder setAttribute(String key, String value) {
      attributes.put(key, value);
      return this;
    }

    @Override
    public SpanBuilder setAttribute(String key, long value) {
      attributes.put(key, value);
      return this;
    }

    @Override
    public SpanBuilder setAttribute(String key, double value) {
      attributes.put(key, value);
      return this;
    }

    @Override
    public SpanBuilder setAttribute(String key, boolean value) {
      attributes.put(key, value);
      return this;
    }

    @Override
    public <T> SpanBuilder setAttribute(AttributeKey<T> key, T value) {
      attributes.put(key.getKey(), value);
      return this;
    }

    @Override
    public SpanBuilder setSpanKind(SpanKind spanKind) {
      kind = spanKind;
      return this;
    }

    @Override
    public SpanBuilder setStartTimestamp(long timestamp, TimeUnit unit) {
      startNanos = unit.toNanos(timestamp);
      return this;
    }

    @Override
    public Span startSpan() {
      Trace trace = traceOf((parent == null ? Span.current() : Span.fromContext(parent)).getSpanContext());
      if (trace == null) {
        trace = Trace.running();
      }
      if (trace == null) {
        return Span.getInvalid();
      }
      if (!trace.isSampled()) {
        return Span.wrap(contextOf(trace.traceId(), trace.parentId(), false, false)); // not recorded; hands on what it has been given
      }
      if (isRoot) { // X-Ray finds a trace by its time
        trace = new Trace(String.format("%08x", Instant.now().getEpochSecond()) + RecordedSpan.randomId() + RecordedSpan.randomId().substring(8), null, true, "");
      }
      ApiSpan span = new ApiSpan(trace, name, kind.ordinal() + 1);
      span.scope = scope;
      span.scopeVersion = version;
      span.attributes.putAll(attributes);
      span.links.addAll(links);
      if (startNanos != 0) {
        span.startNanos = startNanos;
      }
      return span;
    }
  }

  private static final class ApiSpan extends RecordedSpan implements Span {
    private final SpanContext context;
    private boolean ended;

    ApiSpan(Trace trace, String name, int kind) {
      super(trace, name, kind);
      context = contextOf(traceId, spanId, true, false);
    }

    private synchronized Span change(Runnable change) {
      if (!ended) {
        change.run();
      }
      return this;
    }

    @Override
    public Span setAttribute(String key, String value) {
      return change(() -> attributes.put(key, value));
    }

    @Override
    public Span setAttribute(String key, long value) {
      return change(() -> attributes.put(key, value));
    }

    @Override
    public Span setAttribute(String key, double value) {
      return change(() -> attributes.put(key, value));
    }

    @Override
    public Span setAttribute(String key, boolean value) {
      return change(() -> attributes.put(key, value));
    }

    @Override
    public <T> Span setAttribute(AttributeKey<T> key, T value) {
      return change(() -> {
        if (key.getKey().equals(ANNOTATIONS) && value instanceof List<?> more && attributes.get(ANNOTATIONS) instanceof List<?> before) {
          Set<Object> all = new LinkedHashSet<>(before); // they are collected
          all.addAll(more);
          attributes.put(ANNOTATIONS, List.copyOf(all));
        } else {
          attributes.put(key.getKey(), value);
        }
      });
    }

    @Override
    public Span addEvent(String eventName, Attributes values) {
      return change(() -> events.add(new Event(eventName, now(), plain(values))));
    }

    @Override
    public Span addEvent(String eventName, Attributes values, long timestamp, TimeUnit unit) {
      return change(() -> events.add(new Event(eventName, unit.toNanos(timestamp), plain(values))));
    }

    @Override
    public Span addLink(SpanContext linked, Attributes values) {
      return change(() -> links.add(new Link(linked.getTraceId(), linked.getSpanId(), plain(values))));
    }

    @Override
    public Span setStatus(StatusCode code, String description) {
      return change(() -> {
        if (status == OK || code == StatusCode.UNSET) {
          return; // after OK nothing changes it
        }
        status = code == StatusCode.OK ? OK : ERROR;
        message = code == StatusCode.OK ? null : description;
      });
    }

    @Override
    public Span recordException(Throwable exception, Attributes values) {
      return change(() -> {
        Map<String, Object> described = describe(exception, null);
        described.putAll(plain(values));
        events.add(new Event("exception", now(), described));
      });
    }

    @Override
    public Span updateName(String newName) {
      return change(() -> name = newName);
    }

    @Override
    public void end() {
      end(now(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void end(long timestamp, TimeUnit unit) {
      change(() -> {
        ended = true;
        endNanos = Math.max(unit.toNanos(timestamp), startNanos);
        Daemon.export(this);
      });
    }

    @Override
    public SpanContext getSpanContext() {
      return context;
    }

    @Override
    public synchronized boolean isRecording() {
      return !ended;
    }
  }

  /** For clients that the handler connects by itself, with X-Ray's header and W3C's. */
  private static final class Propagator implements TextMapPropagator {
    private static final Pattern W3C = Pattern.compile("[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]([0-9a-f])(?:-.*)?");

    @Override
    public List<String> fields() {
      return List.of("X-Amzn-Trace-Id", "traceparent");
    }

    @Override
    public <C> void inject(Context context, C carrier, TextMapSetter<C> setter) {
      Trace trace = traceOf(Span.fromContext(context).getSpanContext());
      if (trace == null) {
        trace = Trace.running();
      }
      if (trace != null) {
        setter.set(carrier, "X-Amzn-Trace-Id", trace.header(trace.parentId()));
        setter.set(carrier, "traceparent", trace.traceparent(trace.parentId()));
      }
    }

    @Override
    public <C> Context extract(Context context, C carrier, TextMapGetter<C> getter) {
      Trace found = Trace.parse(get(carrier, getter, "X-Amzn-Trace-Id", "x-amzn-trace-id"));
      if (found != null) {
        return context.with(Span.wrap(contextOf(found.traceId(), found.parentId(), found.isSampled(), true)));
      }
      String w3c = get(carrier, getter, "traceparent", "Traceparent");
      Matcher match = W3C.matcher(w3c == null ? "" : w3c);
      return match.matches()
          ? context.with(Span.wrap(contextOf(match.group(1), match.group(2), (Integer.parseInt(match.group(3), 16) & 1) == 1, true))) : context;
    }

    private static <C> String get(C carrier, TextMapGetter<C> getter, String name, String otherSpelling) {
      String value = getter.get(carrier, name);
      return value != null ? value : getter.get(carrier, otherSpelling);
    }
  }
}
