package cdktracedfunction;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is recorded of texts that somebody else has written. Secrets are not: passwords, queries and signatures in addresses, values of headers, literals in
 * messages of databases, values of environment variables.
 */
public final class Texts {
  private static final String MASK = "***";
  private static final int LONGEST = 2_000;
  private static final int MOST_CAUSES = 10;

  private static final Pattern URL = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*://)(?:[^\\s'\"<>]*@)?([^\\s/?#'\"<>]*)(/[^\\s?#'\"<>]*)?(?:[?#;][^\\s'\"<>]*)?");
  private static final Pattern QUERY = Pattern.compile("(?<=[\\w/%.~-])[?#;][^\\s'\"<>)]*=[^\\s'\"<>)]*");
  private static final Pattern QUOTED = Pattern.compile("['\"`].*['\"`]", Pattern.DOTALL);
  private static final Pattern BRACED = Pattern.compile("=?\\([^()]*\\)");
  private static final Pattern NAMED = Pattern.compile(
      "([\\w-]*(?:password|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|credential|signature|authorization|cookie|session[_-]?id)[\\w-]*"
          + "['\"]?\\s*[=:]\\s*)(?:(?:basic|bearer|digest|negotiate)\\s+)?(?:'[^']*'|\"[^\"]*\"|[^\\s,;&'\")}]+)", Pattern.CASE_INSENSITIVE);
  private static final Pattern SCHEME = Pattern.compile("\\b(bearer|basic|digest|negotiate)\\s+[\\w.~+/=-]{6,}", Pattern.CASE_INSENSITIVE);
  private static final Pattern HOST_WITH_USER = Pattern.compile("[^\\s/@'\"<>]+:[^\\s'\"<>]+@(?=[\\w.\\[-]+)");
  private static final Pattern KEY = Pattern.compile("\\b(?:AKIA|ASIA)[A-Z0-9]{16}\\b|\\beyJ[\\w-]{8,}\\.[\\w-]+\\.[\\w-]*");
  /** Of messages that quote what they could not make use of. */
  private static final Pattern QUOTES_INPUT = Pattern.compile("header|illegal char|unexpected char|malformed|invalid ur[il]|unresolved|port:|parse", Pattern.CASE_INSENSITIVE);
  private static final Pattern VALUE = Pattern.compile("\\b(values?)(\\s+is|\\s*[:=])?\\s*(?:'[^']*'|\"[^\"]*\"|\\([^)]*\\)|(?<=[:=]\\s{0,3})\\S.*)", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private static final Pattern OPEN_VARIABLE = Pattern.compile(
      "AWS_(?:REGION|DEFAULT_REGION|EXECUTION_ENV|LAMBDA_\\w+|XRAY_\\w+)|_HANDLER|_X_AMZN_TRACE_ID|LAMBDA_\\w+|LANG|LC_\\w+|PATH|PWD|HOME|TZ|LD_LIBRARY_PATH|SHLVL|JAVA_\\w+|_");
  private static final Pattern SECRET_VARIABLE = Pattern.compile("KEY|SECRET|TOKEN|PASS|PWD|CREDENTIAL|AUTH|DSN|CONN|URI|URL|SIGN");

  private static final List<Pattern> REDACTED = compiled(Settings.REDACT);

  private Texts() {}

  public static boolean hasPatterns() {
    return !REDACTED.isEmpty();
  }

  /** Without what the construct's patterns match. */
  public static String redacted(String text) {
    String result = text;
    for (Pattern pattern : REDACTED) {
      result = pattern.matcher(result).replaceAll(Matcher.quoteReplacement(MASK));
    }
    return result;
  }

  /** Of a request, without its query; null where it is not to be recorded. */
  static String path(String path) {
    if (!Settings.URL_PATHS || path == null) {
      return "";
    }
    int end = 0;
    while (end < path.length() && "?#".indexOf(path.charAt(end)) < 0) {
      end++;
    }
    return path.substring(0, end);
  }

  /** An address without user, password, query, and perhaps path. */
  static String url(String url) {
    return URL.matcher(url).replaceAll(Settings.URL_PATHS ? "$1$2$3" : "$1$2");
  }

  /** Null where messages are not recorded, or where there is none. */
  public static String message(Throwable error) {
    if (!Settings.EXCEPTION_MESSAGES) {
      return null;
    }
    try {
      return message(error.getMessage(), isOfDatabase(error));
    } catch (Throwable broken) { // of an error of somebody's own making
      return "<no text: " + broken.getClass().getName() + ">";
    }
  }

  public static String message(String message, boolean isOfDatabase) {
    if (!Settings.EXCEPTION_MESSAGES || message == null) {
      return null;
    }
    String text = message.length() > LONGEST * 4 ? message.substring(0, LONGEST * 4) : message;
    if (isOfDatabase) {
      // Its first line: the rest repeats the statement and its values.
      int end = text.indexOf('\n');
      text = BRACED.matcher(QUOTED.matcher(end < 0 ? text : text.substring(0, end)).replaceAll(MASK)).replaceAll(MASK);
    } else if (QUOTES_INPUT.matcher(text).find() && !text.startsWith("http:") && !text.startsWith("https:")) {
      text = QUOTED.matcher(text).replaceAll(MASK);
    }
    text = withoutVariables(text);
    text = URL.matcher(text).replaceAll(Settings.URL_PATHS ? "$1$2$3" : "$1$2");
    text = QUERY.matcher(text).replaceAll("");
    text = NAMED.matcher(text).replaceAll("$1" + Matcher.quoteReplacement(MASK));
    text = SCHEME.matcher(text).replaceAll("$1 " + Matcher.quoteReplacement(MASK));
    text = HOST_WITH_USER.matcher(text).replaceAll(Matcher.quoteReplacement(MASK) + "@");
    text = KEY.matcher(text).replaceAll(Matcher.quoteReplacement(MASK));
    text = VALUE.matcher(text).replaceAll("$1$2 " + Matcher.quoteReplacement(MASK));
    return redacted(text.length() > LONGEST ? text.substring(0, LONGEST) : text);
  }

  public static boolean isOfDatabase(Throwable error) {
    Throwable next = error;
    for (int i = 0; next != null && i < MOST_CAUSES; i++, next = next.getCause()) {
      if (next instanceof SQLException) {
        return true;
      }
    }
    return false;
  }

  /** As Java writes it, with the messages as they are recorded. */
  static String stack(Throwable error) {
    StringBuilder text = new StringBuilder();
    Throwable next = error;
    for (int i = 0; next != null && i < MOST_CAUSES; i++, next = next.getCause()) {
      String message = message(next);
      text.append(i == 0 ? "" : "Caused by: ").append(next.getClass().getName()).append(message == null ? "" : ": " + message).append('\n');
      for (StackTraceElement frame : next.getStackTrace()) {
        text.append("\tat ").append(frame).append('\n');
      }
    }
    return text.toString();
  }

  private static String withoutVariables(String message) {
    String text = message;
    for (Map.Entry<String, String> variable : System.getenv().entrySet()) {
      String name = variable.getKey();
      String value = variable.getValue();
      if (value.length() >= 4 && text.contains(value) && value.length() >= (SECRET_VARIABLE.matcher(name).find() ? 4 : 12) && !OPEN_VARIABLE.matcher(name).matches()) {
        text = text.replace(value, MASK);
      }
    }
    return text;
  }

  private static List<Pattern> compiled(String[] patterns) {
    List<Pattern> found = new ArrayList<>();
    for (String pattern : patterns) {
      try {
        found.add(Pattern.compile(pattern));
      } catch (RuntimeException error) {
        System.err.println("cdk-traced-function: a pattern of 'recording.redact' is not used, Java does not read it: " + error.getMessage());
      }
    }
    return found;
  }
}
