import serverlessExpress from '@codegenie/serverless-express';
import express from 'express';

const app = express();
app.get('/', async (_, response) => response.json({ status: (await fetch(`${process.env.SITE}/status/200`)).status }));
const ofExpress = serverlessExpress({ app });

export const answers = (event, context, callback) => { fetch(`${process.env.SITE}/status/200`).then(({ status }) => callback(null, { status, event })); };
export const fails = (event, context, callback) => callback(new TypeError('by callback'));
export const failsWithText = (event, context, callback) => callback('a text');
export const throws = (event, context, callback) => { throw new RangeError('before it called back'); };
export const waits = (event, context, callback) => { setTimeout(() => console.log('later'), 30); callback(null, 'first'); };
export const doesNotWait = (event, context, callback) => { context.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 1_000).ref(); callback(null, 'at once'); };
export const keepsLoopBusy = (event, context, callback) => { globalThis.kept ??= setInterval(() => {}, 1_000); callback(null, 'busy'); };
export const neverAnswers = (event, context, callback) => { setTimeout(() => console.log('done'), 5); };
export const promises = async (event, context, callback) => ({ given: typeof callback });
export const asyncAndCallsBack = async (event, context, callback) => { callback(null, 'by callback'); return 'by promise'; };
export const callsTwice = (event, context, callback) => { callback(null, 'first'); callback(null, 'second'); };
export const contextDone = (event, context) => { setTimeout(() => context.done(null, { by: 'done' }), 5); };
export const contextSucceed = (event, context) => { context.succeed('succeeded'); };
export const contextFail = (event, context) => { setImmediate(() => context.fail(new Error('failed'))); };
export const adapter = (event, context, callback) => ofExpress(event, context, callback);
export const plain = event => event.a ?? 'nothing';
export const stream = globalThis.awslambda?.streamifyResponse(async (event, response, context) => {
  response.write(typeof context.getRemainingTimeInMillis);
  response.end(' streamed');
});
