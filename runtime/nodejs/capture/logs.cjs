'use strict';
// Gives lines of loggers that write JSON the ids of the trace. It is in a package only together with a logger, when the function's `logs` option asks for it.

/** Of the span that is active: X-Ray's form, OpenTelemetry's form, and the span. Nothing outside of an invocation. */
function ids() {
  try {
    const invocation = globalThis[Symbol.for('cdk-traced-function.recorder')]?.invocation();
    if (!invocation) return undefined;
    const { traceId } = invocation;
    return {
      xray_trace_id: `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`, trace_id: traceId,
      span_id: (invocation.isSampled ? invocation.activeSpan()?.id : undefined) ?? invocation.parentId,
    };
  } catch {
    return undefined; // a line without them is better than none
  }
}

/** @param tools `pino/lib/tools` */
exports.correlatePino = tools => {
  const { asJson } = tools;
  tools.asJson = function (object, ...rest) {
    const found = ids();
    return asJson.call(this, found ? { ...found, ...object } : object, ...rest); // what the function says itself stays
  };
};

/** @param module of `logform/json`, the format of winston */
exports.correlateWinston = module => {
  const json = module.exports;
  module.exports = Object.assign(function (...args) {
    const format = json(...args);
    const { transform } = format;
    format.transform = function (info, ...rest) {
      const found = ids();
      for (const name in found) if (!(name in info)) info[name] = found[name];
      return transform.call(this, info, ...rest);
    };
    return format;
  }, json);
};

/** @param Formatter Powertools' own format */
exports.correlatePowertools = ({ prototype }) => {
  const { formatAttributes } = prototype;
  prototype.formatAttributes = function (...args) {
    const item = formatAttributes.apply(this, args);
    const { xray_trace_id: _, ...found } = ids() ?? {}; // it has that
    const written = item.getAttributes();
    item.addAttributes(Object.fromEntries(Object.entries(found).filter(([name]) => !(name in written))));
    return item;
  };
};
