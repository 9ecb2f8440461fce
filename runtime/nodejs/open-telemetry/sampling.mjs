// Keeps requests that Lambda does not sample. It is in a package only when the function's instrumentation asks for it.
import { guard } from '../capture/guard.mjs';
import { Invocation } from './invocation.mjs';
import { SERVER, Span } from './span.mjs';

/** Spans of one request that wait for how it ends. */
const MOST_KEPT = 500;

const serviceName = process.env.OTEL_SERVICE_NAME ?? process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'unknown_service';

/**
 * @param {{ slowerThan?: number, ratio?: number }} chosen milliseconds from which a request is kept; or the share of requests that is recorded as if it were sampled
 * @param place what else decides where an invocation belongs
 * @returns the recorder's `place`
 */
export function traceSampling({ slowerThan = Infinity, ratio }, place = own => own) {
  const decide = (invocation, context) => {
    // By the trace's id, so that functions with one ratio decide alike.
    if (ratio !== undefined) return parseInt(invocation.traceId.slice(-8), 16) / 2 ** 32 < ratio ? new RootInvocation(invocation, context) : invocation;
    return new KeptInvocation(invocation, context, slowerThan);
  };
  return (own, event, context) => {
    const invocation = place(own, event, context);
    return invocation && !invocation.isSampled ? guard(() => decide(invocation, context)) ?? invocation : invocation;
  };
}

/** Where Lambda records no segments, its root is the function's. What called the function is not recorded either. */
class RootInvocation extends Invocation {
  constructor({ traceId, lineage }, context) {
    super(traceId, undefined, true, lineage);
    this.root = new Span(this, undefined, serviceName, SERVER, this.startTime);
    this.root.attributes = { 'aws.request_id': context?.awsRequestId };
    this.root.isUsed = true;
    this.lambda = context;
  }
}

/** Recorded, and sent only when it fails, is slow or is about to run out of time. To whatever it calls it is not sampled. */
class KeptInvocation extends RootInvocation {
  traceFlags = 0;
  left = 0;

  constructor(own, context, slowerThan) {
    super(own, context);
    this.slowerThan = slowerThan;
    this.timer = this.watchTime();
  }

  header(spanId) {
    return super.header(spanId).replace(/.$/, '0');
  }

  headers(spanId) {
    return super.headers(spanId).map(([name, value]) => [name, value.replace(/.$/, '0')]);
  }

  ended(span) {
    if (this.isKept) super.ended(span);
    else if (span === this.root || this.isClosed) return;
    else if (this.spans.length < MOST_KEPT) this.spans.push(span);
    else this.left += 1;
  }

  flush() {
    if (this.isRunningOut && !this.isKept && !this.isClosed) this.keep('the time of the request is running out');
    if (this.isKept) super.flush();
  }

  keep(why) {
    const { root, left } = this;
    this.isKept = true;
    root.setAttribute('kept_because', why);
    if (left > 0) root.setAttribute('spans_left_out', left);
    if (this.isRunningOut) this.spans.push({ ...root, traceId: root.traceId, parentId: root.parentId, endTime: this.now() });
  }

  close() {
    if (!this.isKept) {
      if (this.root.status) this.keep('the request failed');
      else if (this.now() - this.startTime >= this.slowerThan) this.keep('the request was slow');
      else this.spans.length = 0;
    }
    if (this.isKept) super.close();
    this.isClosed = true;
    clearTimeout(this.timer);
  }
}
