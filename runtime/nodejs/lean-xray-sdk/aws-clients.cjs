'use strict';
// Stands in for aws3_p.js of aws-xray-sdk-core: the same documents. What goes wrong while a call is recorded, such as with an error that refuses to be looked
// at, does not take the place of its outcome.
const { isThrottlingError } = require('@smithy/service-error-classification');
const Aws = require('../segments/attributes/aws');
const Subsegment = require('../segments/attributes/subsegment');
const contextUtils = require('../context_utils');
const { getLogger } = require('../logger');
const { getCauseTypeFromHttpStatus, safeParseInt } = require('../utils');

const name = 'XRaySDKInstrumentation';

/** @param manualSegment under which the calls are recorded in manual mode */
exports.captureAWSClient = (client, manualSegment) => {
  const { config, middlewareStack } = client;
  middlewareStack.remove(name);
  middlewareStack.use({
    applyToStack: stack => stack.add((next, context) => async args => {
      const segment = contextUtils.isAutomaticMode() ? contextUtils.resolveSegment() : manualSegment;
      const call = begin(segment, context, args);
      if (!call) return next(args);
      let result;
      try {
        result = await next(args);
      } catch (error) {
        await end(call, config, args, { error });
        throw error;
      }
      await end(call, config, args, { result });
      return result;
    }, { name, step: 'build' }),
  });
  return client;
};

function begin(segment, { clientName, commandName }, args) {
  try {
    const service = clientName.slice(0, -'Client'.length);
    const operation = commandName[0].toLowerCase() + commandName.slice(1, -'Command'.length);
    if (!segment) {
      getLogger().info(`Call ${service}.${operation} has no segment to be recorded in. Ignoring.`);
      return undefined;
    }
    const subsegment = segment.notTraced ? segment.addNewSubsegmentWithoutSampling(service) : segment.addNewSubsegment(service);
    subsegment.addAttribute('namespace', 'aws');
    const root = segment instanceof Subsegment ? segment.segment : segment;
    if (!segment.noOp && args.request) {
      const header = { Root: root.trace_id, Parent: subsegment.id, Sampled: subsegment.notTraced ? '0' : '1', ...(root.segment ?? root).additionalTraceData };
      args.request.headers['X-Amzn-Trace-Id'] = Object.entries(header).map(entry => entry.join('=')).join(';');
    }
    return { subsegment, service, operation };
  } catch {
    return undefined;
  }
}

async function end({ subsegment, service, operation }, config, { input: params = {} }, { result, error }) {
  try {
    const hasFailed = !result;
    if (!hasFailed || error?.$metadata) {
      const { extendedRequestId, requestId, httpStatusCode: statusCode, attempts: retryCount } = result?.output?.$metadata ?? error?.$metadata ?? {};
      const region = await config.region();
      subsegment.addAttribute('aws', new Aws({
        extendedRequestId, requestId, retryCount, data: result?.output, request: { operation, params, httpRequest: { region, statusCode } },
      }, service));
      const length = result?.response?.headers?.['content-length'];
      const response = { ...statusCode && { status: statusCode }, ...length !== undefined && { content_length: safeParseInt(length) } };
      subsegment.addAttribute('http', Object.keys(response).length > 0 ? { response } : {});
      if (hasFailed && isThrottlingError(error) || statusCode === 429) subsegment.addThrottleFlag();
      const cause = getCauseTypeFromHttpStatus(safeParseInt(statusCode));
      if (cause === 'fault') subsegment.addFaultFlag();
      else if (cause === 'error') subsegment.addErrorFlag();
    }
    if (hasFailed) subsegment.close({ message: error.message, name: error.name, stack: error.stack || new Error().stack }, true);
    else subsegment.close();
  } catch {
    subsegment.addFaultFlag();
    subsegment.close();
  }
}
