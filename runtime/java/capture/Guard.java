package cdktracedfunction;

import java.util.ArrayList;
import java.util.List;

/** Keeps what goes wrong while something is recorded from the program: it costs the record. */
public final class Guard {
  /** Exceptions of one chain, at most. */
  private static final int MOST_CAUSES = 20;

  private static volatile boolean told;

  private Guard() {}

  /** One line, once. It holds no message, which may hold anything. */
  public static void failed(Throwable error) {
    if (!told) {
      told = true;
      System.err.println("cdk-traced-function: a call is not recorded (" + error.getClass().getName() + ")");
    }
  }

  /** Takes out of an error that is passed on the frames of what has passed it on. */
  public static void leaveOut(Throwable error) {
    try {
      Throwable next = error;
      for (int i = 0; next != null && i < MOST_CAUSES; i++, next = next.getCause()) {
        leaveOutFrames(next);
      }
    } catch (Throwable failed) { // of an error that overrides what it is asked
      failed(failed);
    }
  }

  private static void leaveOutFrames(Throwable error) {
    StackTraceElement[] frames = error.getStackTrace();
    List<StackTraceElement> kept = new ArrayList<>(frames.length);
    for (StackTraceElement frame : frames) {
      if (!isOurs(frame.getClassName())) {
        kept.add(frame);
      }
    }
    if (kept.size() < frames.length) {
      error.setStackTrace(kept.toArray(new StackTraceElement[0]));
    }
  }

  private static boolean isOurs(String className) {
    return className.startsWith("cdktracedfunction.") || className.endsWith(".CdkTracedFunctionCalls");
  }
}
