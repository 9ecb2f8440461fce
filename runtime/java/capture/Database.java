package cdktracedfunction;

import java.sql.Statement;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a query goes. What a part of it is not known is null.
 *
 * @param system as OpenTelemetry names it
 * @param host with its port
 */
record Database(String system, String host, String name) {
  private static final Database UNKNOWN = new Database("other_sql", null, null);

  private static final Pattern KIND = Pattern.compile("jdbc:(?:aws-wrapper:|p6spy:|otel:|log4jdbc:|tc:)*([a-z0-9]{1,20})[:@-].*", Pattern.DOTALL | Pattern.CASE_INSENSITIVE);
  private static final Pattern AUTHORITY = Pattern.compile("//([^/?;]*)(?:/([^?;:/]*))?");
  private static final Pattern ORACLE = Pattern.compile("@(?://)?([\\w.-]+(?::\\d+)?)(?:[:/]([\\w.$-]+))?");
  private static final Pattern HOST_WORD = Pattern.compile("\\(\\s*host\\s*=\\s*([\\w.-]+)", Pattern.CASE_INSENSITIVE);
  private static final Pattern NAME_WORD = Pattern.compile("\\(\\s*(?:service_name|sid)\\s*=\\s*([\\w.$-]+)", Pattern.CASE_INSENSITIVE);
  private static final Pattern NAME_PARAMETER = Pattern.compile("[;?&](?:databaseName|database|db)=([\\w.$-]+)", Pattern.CASE_INSENSITIVE);
  private static final Pattern LOCAL_NAME = Pattern.compile("jdbc:[^?;]*?([^:/\\\\?;]+)(?:[?;].*)?", Pattern.DOTALL);

  static Database of(Statement statement) {
    try {
      return parse(statement.getConnection().getMetaData().getURL());
    } catch (Exception closed) { // the query itself says so
      return UNKNOWN;
    }
  }

  /** Nothing else of the address is kept, least of all the password. */
  static Database parse(String address) {
    Matcher kind = KIND.matcher(address == null ? "" : address);
    if (!kind.matches()) {
      return UNKNOWN;
    }
    String system = kind.group(1).toLowerCase(Locale.ROOT);
    if (system.equals("oracle")) {
      String after = address.substring(Math.max(address.lastIndexOf('@'), 0));
      Matcher plain = ORACLE.matcher(after);
      return plain.lookingAt() ? new Database(system, plain.group(1), plain.group(2)) : new Database(system, found(HOST_WORD, address), found(NAME_WORD, address));
    }
    Matcher authority = AUTHORITY.matcher(address);
    if (!authority.find()) {
      Matcher local = LOCAL_NAME.matcher(address);
      return new Database(system, null, local.matches() ? local.group(1) : null);
    }
    String host = authority.group(1).substring(authority.group(1).lastIndexOf('@') + 1);
    if (host.contains("(") || host.contains("=")) {
      host = found(HOST_WORD, address);
    }
    String name = authority.group(2);
    return new Database(system.equals("sqlserver") ? "mssql" : system, host == null || host.isEmpty() ? null : host,
        name != null && !name.isEmpty() ? name : found(NAME_PARAMETER, address));
  }

  /** What a node of the map is called. */
  String service() {
    return name != null && host != null ? name + "@" + host : host != null ? host : name != null ? name : system;
  }

  private static String found(Pattern pattern, String text) {
    Matcher match = pattern.matcher(text);
    return match.find() ? match.group(1) : null;
  }
}
