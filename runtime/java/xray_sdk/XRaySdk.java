package cdktracedfunction;

import com.amazonaws.xray.emitters.Emitter;
import com.amazonaws.xray.entities.Entity;
import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.entities.Subsegment;
import com.amazonaws.xray.entities.ThrowableDescription;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.commons.logging.Log;

/** What the X-Ray SDK does with a subsegment that has ended is made to come here when the package is made. */
public final class XRaySdk {
  /** What joins documents, and what X-Ray has a meaning for. */
  private static final Set<String> KEPT = Set.of("id", "trace_id", "parent_id", "type", "namespace");

  private static final Set<String> S3_KEYS = Set.of("key", "keys", "copy_source", "prefix");

  private static boolean told;

  private XRaySdk() {}

  /** Its own end; and what has ended is sent at once, also below one that goes on: the time of that may run out. */
  public static boolean end(Subsegment subsegment) {
    boolean result = subsegment.end();
    try {
      Entity parent = subsegment.getParent();
      Segment segment = subsegment.getParentSegment();
      boolean isSampled = segment != null && segment.isSampled();
      if (isSampled && parent instanceof Subsegment && parent.isInProgress() && subsegment.getSubsegments().isEmpty()
          && sendSubsegment(subsegment.getCreator().getEmitter(), subsegment)) {
        parent.removeSubsegment(subsegment);
      }
    } catch (Throwable error) {
      Guard.failed(error);
    }
    return result;
  }

  public static boolean sendSubsegment(Emitter emitter, Subsegment subsegment) {
    try {
      leaveOut(subsegment);
      return emitter.sendSubsegment(subsegment);
    } catch (Throwable error) {
      Guard.failed(error);
      return false;
    }
  }

  public static String streamSerialize(Subsegment subsegment) {
    String text = subsegment.streamSerialize();
    if (!Texts.hasPatterns()) {
      return text;
    }
    try {
      ObjectMapper mapper = new ObjectMapper();
      JsonNode document = mapper.readTree(text);
      redact(document, true);
      return mapper.writeValueAsString(document);
    } catch (Exception error) { // rather none than one with what is to be left out
      Guard.failed(error);
      return "{}";
    }
  }

  /** It says where the daemon is each time that a function starts: nothing that belongs into the function's log. */
  public static void info(Log log, Object message) {
    log.debug(message);
  }

  /** Of each document that cannot be sent it would tell, with all of a stack. */
  public static void error(Log log, Object message, Throwable error) {
    log.debug(message, error);
    tell("what the X-Ray SDK records cannot be sent to the daemon (" + error.getClass().getName() + "); the function runs on without traces");
  }

  /** `AWS_XRAY_DAEMON_ADDRESS` in the form that the SDK reads; null where it is to take its default. */
  public static String getenv(String name) {
    if (!name.equals("AWS_XRAY_DAEMON_ADDRESS")) {
      return System.getenv(name);
    }
    DaemonAddress address = DaemonAddress.fromEnvironment();
    if (address.isMalformed()) {
      tell("AWS_XRAY_DAEMON_ADDRESS is malformed; the X-Ray daemon is taken to be at " + address);
    }
    return address.toString();
  }

  /** One line, once. */
  private static synchronized void tell(String text) {
    if (!told) {
      told = true;
      System.err.println("cdk-traced-function: " + text);
    }
  }

  private static void leaveOut(Entity entity) {
    if (entity.getCause() != null) {
      for (ThrowableDescription described : entity.getCause().getExceptions()) {
        Throwable thrown = described.getThrowable();
        described.setMessage(thrown == null ? Texts.message(described.getMessage(), false) : Texts.message(thrown));
      }
    }
    if (!Settings.S3_KEYS && entity.getAws() != null) {
      S3_KEYS.forEach(entity.getAws()::remove);
    }
    leaveOutOfAddress(entity);
    entity.getSubsegments().forEach(XRaySdk::leaveOut);
  }

  /** Of what the handler, or a client that the SDK itself has for it, has recorded. */
  private static void leaveOutOfAddress(Entity entity) {
    Object request = entity.getHttp() == null ? null : entity.getHttp().get("request");
    if (request instanceof Map<?, ?> described && described.get("url") instanceof String url) {
      String kept = Texts.url(url);
      if (!kept.equals(url)) {
        Map<String, Object> changed = new LinkedHashMap<>();
        described.forEach((key, value) -> changed.put(String.valueOf(key), value));
        changed.put("url", kept);
        entity.getHttp().put("request", changed);
      }
    }
  }

  private static void redact(JsonNode node, boolean isOutermost) {
    if (node instanceof ObjectNode object) {
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      for (String name : names) {
        JsonNode value = object.get(name);
        if (value.isTextual() && !(isOutermost && KEPT.contains(name))) {
          object.set(name, TextNode.valueOf(Texts.redacted(value.textValue())));
        } else {
          redact(value, name.equals("subsegments"));
        }
      }
    } else if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        if (array.get(i).isTextual()) {
          array.set(i, TextNode.valueOf(Texts.redacted(array.get(i).textValue())));
        } else {
          redact(array.get(i), isOutermost);
        }
      }
    }
  }
}
