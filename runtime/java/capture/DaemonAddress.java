package cdktracedfunction;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the X-Ray daemon listens, in all forms of the variable `AWS_XRAY_DAEMON_ADDRESS`: `host:port`, `[address]:port`, or `tcp:host:port udp:host:port` in any order.
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-java-configuration.html
 *
 * @param host without brackets
 * @param isMalformed the variable has none of these forms
 */
record DaemonAddress(String host, int port, boolean isMalformed) {
  private static final String DEFAULT_HOST = "127.0.0.1";
  private static final int DEFAULT_PORT = 2000;
  private static final Pattern UDP = Pattern.compile("\\budp:(\\S+)", Pattern.CASE_INSENSITIVE);
  private static final Pattern FORM = Pattern.compile("\\[?([^\\s\\]\\[]+)]?:(\\d{1,5})");
  private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(?:%\\w+)?");

  static DaemonAddress fromEnvironment() {
    return parse(System.getenv("AWS_XRAY_DAEMON_ADDRESS"));
  }

  /** @return the default for what is empty, and for what is none of these */
  static DaemonAddress parse(String text) {
    if (text == null || text.isBlank()) {
      return new DaemonAddress(DEFAULT_HOST, DEFAULT_PORT, false);
    }
    Matcher udp = UDP.matcher(text);
    Matcher form = FORM.matcher(udp.find() ? udp.group(1) : text.trim());
    if (form.matches()) {
      String host = form.group(1);
      int port = Integer.parseInt(form.group(2));
      if (port > 0 && port < 65_536 && (!host.contains(":") || IPV6.matcher(host).matches())) {
        return new DaemonAddress(host, port, false);
      }
    }
    return new DaemonAddress(DEFAULT_HOST, DEFAULT_PORT, true);
  }

  /** Whether it is an address, and not a name that has to be looked up. */
  boolean isNumeric() {
    return host.contains(":") || host.matches("[0-9.]+");
  }

  /** As the SDKs read it. */
  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
