package cdktracedfunction;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Queue;

/**
 * Sends spans to the X-Ray daemon that every Lambda environment has, as the AWS Distro for OpenTelemetry does: one datagram is the daemon's header,
 * 'T1S' (sampled; what is not is not sent at all), and base64 of an OTLP request. It never throws, and never waits.
 * https://github.com/aws-observability/aws-otel-java-instrumentation/tree/main/exporters/aws-distro-opentelemetry-xray-udp-span-exporter
 */
final class Daemon {
  private static final String PREFIX = "{\"format\":\"json\",\"version\":1}\nT1S";

  /** A datagram of 60 kB, of the 65,507 bytes that fit, before base64. */
  private static final int LARGEST_REQUEST = (60_000 - PREFIX.length()) / 4 * 3;

  /** Characters that a text of a span keeps when the span does not fit with all of them. */
  private static final int[] SHORTENED = {Integer.MAX_VALUE, 4_096, 256, 16};

  /** Datagrams that wait for the daemon's name to be looked up; more than an invocation makes while that goes on are not kept. */
  private static final int MOST_WAITING = 100;

  private static final Daemon INSTANCE = new Daemon(DaemonAddress.fromEnvironment());

  private final String address;
  private final Queue<byte[]> waiting = new ArrayDeque<>();
  private InetSocketAddress target;
  private DatagramChannel channel;
  private boolean isLookingUp;
  private boolean reported;

  private Daemon(DaemonAddress at) {
    address = at + (at.isMalformed() ? ", for AWS_XRAY_DAEMON_ADDRESS is malformed," : "");
    if (!at.isNumeric()) {
      lookUp(at.host(), at.port());
      return;
    }
    try {
      target = new InetSocketAddress(InetAddress.getByName(at.host()), at.port());
    } catch (IOException error) {
      report("it is no address");
    }
  }

  /** Sends a span that has ended, so that it has left before the handler returns. What is too long of its texts is cut. */
  static void export(RecordedSpan span) {
    try {
      for (int longest : SHORTENED) {
        byte[] request = Otlp.request(span, longest);
        if (request.length <= LARGEST_REQUEST) {
          INSTANCE.send((PREFIX + Base64.getEncoder().encodeToString(request)).getBytes(StandardCharsets.ISO_8859_1));
          return;
        }
      }
      warn("the span '" + span.name + "' is lost, it is too large to send");
    } catch (RuntimeException error) { // of a value of the handler's own that cannot be written
      warn("the span '" + span.name + "' is lost (" + error + ")");
    }
  }

  /** A name: an answer, or none, may take seconds, and no handler is to wait for it. */
  private void lookUp(String host, int port) {
    isLookingUp = true;
    Thread thread = new Thread(() -> {
      InetSocketAddress found = null;
      try {
        found = new InetSocketAddress(InetAddress.getByName(host), port);
      } catch (UnknownHostException error) {
        report("the name does not resolve");
      }
      synchronized (this) {
        isLookingUp = false;
        target = found;
        waiting.forEach(datagram -> deliver(datagram, true));
        waiting.clear();
      }
    }, "cdk-traced-function");
    thread.setDaemon(true);
    thread.start();
  }

  private synchronized void send(byte[] datagram) {
    if (!isLookingUp) {
      deliver(datagram, true);
    } else if (waiting.size() < MOST_WAITING) {
      waiting.add(datagram);
    }
  }

  /** By a connected channel, which learns of a daemon that is not there; an unconnected one never does. */
  private void deliver(byte[] datagram, boolean retry) {
    if (target == null) {
      return;
    }
    try {
      if (channel == null) {
        channel = DatagramChannel.open();
        channel.configureBlocking(false);
        channel.connect(target);
      }
      channel.write(ByteBuffer.wrap(datagram));
    } catch (IOException error) {
      if (error instanceof PortUnreachableException) {
        report("connection refused");
      }
      close();
      // What is refused is an earlier datagram: the system says so at the next one, and does not send that.
      if (retry) {
        deliver(datagram, false);
      } else {
        report(String.valueOf(error.getMessage()));
      }
      return;
    }
    try {
      channel.read(ByteBuffer.allocate(1)); // on one machine the system knows already whether somebody has taken it
    } catch (IOException error) {
      report("connection refused");
    }
  }

  private void close() {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException ignored) {
      // it is given up anyway
    }
    channel = null;
  }

  private void report(String problem) {
    if (!reported) {
      reported = true;
      warn("the X-Ray daemon at " + address + " cannot be reached (" + problem + "); the function runs on without traces");
    }
  }

  private static void warn(String text) {
    System.err.println("cdk-traced-function: " + text);
  }
}
