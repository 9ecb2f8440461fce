import { Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Instrumentation } from '../../../lib';
import { callbackStyle, isPlainlyAsync } from '../../../lib/private/languages/callback-style';
import { projectFolder, tracedFunction } from '../../test-app';

test.each([
  ['exports.handler = function (event, context, callback) { callback(null); };', "a callback, its parameter 'callback'"],
  ['export const handler: Handler<APIGatewayEvent, Result> = (event, { a, b }, cb: Callback<Result>) => cb();', "a callback, its parameter 'cb'"],
  ['export function handler(event: { a: [number, string] }, context, done) { done(); }', "a callback, its parameter 'done'"],
  ['module.exports.handler = (event, context) => { setTimeout(() => context.done(null, 1)); };', "'context.done()'"],
  ['exports.handler = (event, ctx) => ctx.fail(new Error());', "'ctx.fail()'"],
  ['exports.handler = async (event, context) => context.awsRequestId;', undefined],
  ['exports.handler = (event, context, options = {}) => 1;', undefined], // Lambda counts two
  ['exports.handler = (...args) => 1;', undefined],
  ['// exports.handler = (a, b, c) => 1;\nexports.handler = wrap(inner);', undefined],
  ["const text = 'exports.handler = (a, b, c) =>'; export const handler = async () => text;", undefined],
  ['export const handler = awslambda.streamifyResponse(async (event, stream, context) => {});', undefined],
  ['export const other = (a, b, c) => 1; export const handler = async () => 1;', undefined],
])('%s', (source, style) => {
  expect(callbackStyle(source, 'handler')).toBe(style);
});

test.each([
  ['export const handler = async event => event;', true],
  ['export async function handler({ a }, context) {}', true],
  ['exports.handler = async function named(event) {};', true],
  ['export const handler = async (event, context, callback) => callback();', false],
  ['export const handler = (event, context) => work(event);', false],
  ['export const handler = middy(async event => event);', false],
  ['export { handler } from "./other";', false],
  ['let handler = async () => 1; if (old) exports.handler = (e, c, cb) => cb();', false],
])('%s is plainly async: %s', (source, expected) => {
  expect(isPlainlyAsync(source, 'handler')).toBe(expected);
});

describe('a handler with a callback that is not traced', () => {
  const folder = projectFolder({ 'f.js': 'exports.handler = (event, context, callback) => callback(null, 1);' });
  const warnings = (props: object) => {
    const { node } = tracedFunction({ entry: `${folder}/f.js`, ...props });
    return Annotations.fromStack(node.scope as Stack).findWarning('*', Match.stringLikeRegexp('callback')).map(({ entry }) => String(entry.data));
  };

  test('is warned of where Lambda does not start it', () => {
    expect(warnings({ instrumentation: Instrumentation.none() })).toEqual([expect.stringMatching(/'handler' in '.*f\.js' answers by a callback.*Instrumentation\.xraySdk\(\).*\[ack: cdk-traced-function:callbackHandler\]/)]);
  });

  test.each([[{}], [{ instrumentation: Instrumentation.none(), runtime: lambda.Runtime.NODEJS_22_X }]])('is not elsewhere', props => {
    expect(warnings(props)).toEqual([]);
  });
});
