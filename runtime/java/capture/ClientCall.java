package cdktracedfunction;

/** A call of a client, from when it is made until it has an answer. Nothing of it throws. */
public abstract class ClientCall {
  public static final String TRACE_HEADER = "X-Amzn-Trace-Id";

  /** Names and values in turn, of what hands the trace on. */
  public abstract String[] headers();

  /** @param length of the body, negative where it is not known */
  public abstract void responded(int status, long length);

  /** @param error null where there is none */
  public abstract void end(Throwable error);

  /** Of the header that says it, negative where it says nothing. */
  public static long length(String contentLength) {
    return contentLength != null && contentLength.matches("\\d{1,18}") ? Long.parseLong(contentLength) : -1;
  }
}
