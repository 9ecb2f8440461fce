// What goes wrong while something is recorded costs the record, and never the request.

let reported = false;

/** Runs what records. A failure is logged, once for an environment, and gives undefined. */
export function guard(work) {
  try {
    return work();
  } catch (error) {
    report(error);
    return undefined;
  }
}

function report(error) {
  if (reported) return;
  reported = true;
  try {
    console.warn(`cdk-traced-function: a part of the trace is lost (${error.message})`);
  } catch { /* an error that cannot be described, or a console that the handler has replaced */ }
}
