package cdktracedfunction;

/** A call of a request that is not sampled, which is told to the other side. */
final class PassedOn extends ClientCall {
  private final String[] headers;

  PassedOn(String[] headers) {
    this.headers = headers;
  }

  @Override
  public String[] headers() {
    return headers;
  }

  @Override
  public void responded(int status, long length) {}

  @Override
  public void end(Throwable error) {}
}
