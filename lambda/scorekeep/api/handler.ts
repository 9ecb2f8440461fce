import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { ApiRequest } from './api-request';
import { HttpError } from './http-error';
import { Scorekeep, type Answer } from './scorekeep';
import { Tables } from './tables';

const tables = new Tables(new DynamoDBClient({}), {
  users: required('USER_TABLE'), sessions: required('SESSION_TABLE'), games: required('GAME_TABLE'), moves: required('MOVE_TABLE'), states: required('STATE_TABLE'),
});
const [randomNameFunction, queueUrl] = [required('RANDOM_NAME_FUNCTION'), required('FINISHED_GAMES_QUEUE')];
const lambda = new LambdaClient({});
const sqs = new SQSClient({});

const scorekeep = new Scorekeep({
  tables,
  randomName,
  announce: async finished => { await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(finished) })); },
  now: () => new Date(),
});

const GAME = '/sessions/{sessionId}/games/{gameId}';
const OPERATIONS: Readonly<Record<string, (request: ApiRequest) => Promise<Answer>>> = {
  'POST /users': request => scorekeep.createUser(request),
  'GET /users/{userId}': request => scorekeep.getUser(request),
  'POST /sessions': request => scorekeep.createSession(request),
  'GET /sessions/{sessionId}': request => scorekeep.getSession(request),
  'POST /sessions/{sessionId}/users': request => scorekeep.joinSession(request),
  'POST /sessions/{sessionId}/games': request => scorekeep.createGame(request),
  [`GET ${GAME}`]: request => scorekeep.getGame(request),
  [`POST ${GAME}/moves`]: request => scorekeep.makeMove(request),
  [`GET ${GAME}/moves/{moveId}`]: request => scorekeep.getMove(request),
  [`GET ${GAME}/states/{stateId}`]: request => scorekeep.getState(request),
};

/**
 * The API. What is wrong with a request is said in the answer; what is wrong with a service fails the invocation, which API Gateway answers with 502:
 * nothing has been changed then, and the request can be sent again.
 */
export async function handler(event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> {
  try {
    const request = new ApiRequest(event);
    const operation = OPERATIONS[request.operation];
    if (!operation) throw new HttpError(404, `there is no operation '${request.operation}'`);
    const { status, body } = await operation(request);
    return json(status, body);
  } catch (error) {
    if (error instanceof HttpError) return json(error.status, { code: error.code, message: error.message });
    throw error;
  }
}

async function randomName(userId: string): Promise<string> {
  const { FunctionError: failure, Payload: payload } = await lambda.send(new InvokeCommand({
    FunctionName: randomNameFunction, Payload: JSON.stringify({ userid: userId }),
  }));
  const answer = JSON.parse(payload!.transformToString()) as { name?: unknown; errorType?: string };
  if (failure || typeof answer.name !== 'string') throw new Error(`${randomNameFunction} gave no name: ${failure ?? 'Answer'} ${answer.errorType ?? ''}`.trim());
  return answer.name;
}

function json(statusCode: number, body: object): APIGatewayProxyResult {
  return { statusCode, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`the environment variable ${name} is not set`);
  return value;
}
