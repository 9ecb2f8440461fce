package cdktracedfunction;

import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Records queries with JDBC, of their text the first word. Calls of its interfaces are made to come here when the package is made, so that the
 * program's connections and statements are those of its driver.
 */
public final class JdbcCalls {
  private static final Pattern FIRST_WORD = Pattern.compile("(?:[\\s({?=]|--[^\n]*(?:\n|$)|/\\*.{0,500}?\\*/)*([A-Za-z]{1,20})\\b.*", Pattern.DOTALL);
  private static final int LONGEST_LOOKED_AT = 1_000;

  /** Names of statements that were prepared before they are executed. */
  private static final Map<Statement, String> PREPARED = Collections.synchronizedMap(new WeakHashMap<>());

  /** A pool's statement calls the driver's, and a driver may call itself. */
  private static final ThreadLocal<Boolean> IS_RUNNING = new ThreadLocal<>();

  private JdbcCalls() {}

  public static ResultSet executeQuery(Statement statement, String sql) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.executeQuery(sql);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static boolean execute(Statement statement, String sql) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.execute(sql);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static boolean execute(Statement statement, String sql, int keys) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.execute(sql, keys);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static boolean execute(Statement statement, String sql, int[] columns) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.execute(sql, columns);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static boolean execute(Statement statement, String sql, String[] columns) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.execute(sql, columns);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static int executeUpdate(Statement statement, String sql) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.executeUpdate(sql);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static int executeUpdate(Statement statement, String sql, int keys) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.executeUpdate(sql, keys);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static int executeUpdate(Statement statement, String sql, int[] columns) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.executeUpdate(sql, columns);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static int executeUpdate(Statement statement, String sql, String[] columns) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.executeUpdate(sql, columns);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static long executeLargeUpdate(Statement statement, String sql) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.executeLargeUpdate(sql);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static long executeLargeUpdate(Statement statement, String sql, int keys) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.executeLargeUpdate(sql, keys);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static long executeLargeUpdate(Statement statement, String sql, int[] columns) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.executeLargeUpdate(sql, columns);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static long executeLargeUpdate(Statement statement, String sql, String[] columns) throws SQLException {
    ClientCall call = begin(statement, sql);
    Throwable failure = null;
    try {
      return statement.executeLargeUpdate(sql, columns);
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static int[] executeBatch(Statement statement) throws SQLException {
    ClientCall call = begin(statement, null);
    Throwable failure = null;
    try {
      return statement.executeBatch();
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static int[] executeBatch(PreparedStatement statement) throws SQLException {
    return executeBatch((Statement) statement);
  }

  public static long[] executeLargeBatch(Statement statement) throws SQLException {
    ClientCall call = begin(statement, null);
    Throwable failure = null;
    try {
      return statement.executeLargeBatch();
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static ResultSet executeQuery(PreparedStatement statement) throws SQLException {
    ClientCall call = begin(statement, null);
    Throwable failure = null;
    try {
      return statement.executeQuery();
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static boolean execute(PreparedStatement statement) throws SQLException {
    ClientCall call = begin(statement, null);
    Throwable failure = null;
    try {
      return statement.execute();
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static int executeUpdate(PreparedStatement statement) throws SQLException {
    ClientCall call = begin(statement, null);
    Throwable failure = null;
    try {
      return statement.executeUpdate();
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static long executeLargeUpdate(PreparedStatement statement) throws SQLException {
    ClientCall call = begin(statement, null);
    Throwable failure = null;
    try {
      return statement.executeLargeUpdate();
    } catch (Throwable error) {
      failure = error;
      throw error;
    } finally {
      end(call, failure);
    }
  }

  public static void addBatch(Statement statement, String sql) throws SQLException {
    try {
      statement.addBatch(sql);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
    prepared(statement, sql);
  }

  public static PreparedStatement prepareStatement(Connection connection, String sql) throws SQLException {
    try {
      return prepared(connection.prepareStatement(sql), sql);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  public static PreparedStatement prepareStatement(Connection connection, String sql, int keys) throws SQLException {
    try {
      return prepared(connection.prepareStatement(sql, keys), sql);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  public static PreparedStatement prepareStatement(Connection connection, String sql, int[] columns) throws SQLException {
    try {
      return prepared(connection.prepareStatement(sql, columns), sql);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  public static PreparedStatement prepareStatement(Connection connection, String sql, String[] columns) throws SQLException {
    try {
      return prepared(connection.prepareStatement(sql, columns), sql);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  public static PreparedStatement prepareStatement(Connection connection, String sql, int type, int concurrency) throws SQLException {
    try {
      return prepared(connection.prepareStatement(sql, type, concurrency), sql);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  public static PreparedStatement prepareStatement(Connection connection, String sql, int type, int concurrency, int holdability) throws SQLException {
    try {
      return prepared(connection.prepareStatement(sql, type, concurrency, holdability), sql);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  public static CallableStatement prepareCall(Connection connection, String sql) throws SQLException {
    try {
      return prepared(connection.prepareCall(sql), sql);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  public static CallableStatement prepareCall(Connection connection, String sql, int type, int concurrency) throws SQLException {
    try {
      return prepared(connection.prepareCall(sql, type, concurrency), sql);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  public static CallableStatement prepareCall(Connection connection, String sql, int type, int concurrency, int holdability) throws SQLException {
    try {
      return prepared(connection.prepareCall(sql, type, concurrency, holdability), sql);
    } catch (Throwable error) {
      Guard.leaveOut(error);
      throw error;
    }
  }

  private static <S extends Statement> S prepared(S statement, String sql) {
    try {
      if (statement != null) {
        PREPARED.put(statement, operation(sql));
      }
    } catch (Throwable error) {
      Guard.failed(error);
    }
    return statement;
  }

  /** @param sql null for what was prepared, or for a batch */
  private static ClientCall begin(Statement statement, String sql) {
    try {
      if (statement == null || IS_RUNNING.get() != null || !Recorder.isSampled()) {
        return null;
      }
      String operation = sql != null ? operation(sql) : PREPARED.getOrDefault(statement, "query");
      ClientCall call = Recorder.query(operation, Database.of(statement));
      if (call != null) {
        IS_RUNNING.set(true);
      }
      return call;
    } catch (Throwable error) {
      Guard.failed(error);
      return null;
    }
  }

  private static void end(ClientCall call, Throwable error) {
    if (error != null) {
      Guard.leaveOut(error);
    }
    if (call != null) {
      IS_RUNNING.remove();
      call.end(error);
    }
  }

  /** The word that a statement begins with: what comes after it may hold values. */
  private static String operation(String sql) {
    if (sql == null) {
      return "query";
    }
    Matcher match = FIRST_WORD.matcher(sql.length() > LONGEST_LOOKED_AT ? sql.substring(0, LONGEST_LOOKED_AT) : sql);
    return match.matches() ? match.group(1).toUpperCase(Locale.ROOT) : "query";
  }
}
