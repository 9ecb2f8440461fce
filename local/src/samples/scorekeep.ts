import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { missingInTrace } from './missing-in-trace';
import type { Missing, Sample, SampleContext, SampleTrace, TrafficContext } from './sample';
import { sendSigned } from './signed-request';
import { callFunction, newTraceId, output } from './traced-calls';

/** X wins by the upper row. */
const CELLS = [1, 4, 2, 5, 3];
/** What the worker asks of the API for one game: game, session, two users, each move, and one state more than there are moves. */
const CALLS_OF_WORKER = 2 + 2 + CELLS.length + CELLS.length + 1;

interface Game {
  readonly id: string;
  readonly session: string;
  readonly users: readonly string[];
}

/** A game that was played to its end. */
interface Round extends Game {
  /** Ids of the traces of its first and its last request. */
  readonly sessionTrace: string;
  readonly lastMoveTrace: string;
}

/** Plays a game of the stack `scorekeep` to its end and lets the worker store it. */
export class ScorekeepSample implements Sample {
  public readonly stackName = 'scorekeep';
  public readonly description = 'REST API -> TypeScript -> DynamoDB, random names -> SNS, and a worker in Python -> SQS, API, S3';
  private readonly rounds: Round[] = [];

  public async sendTraffic(context: TrafficContext): Promise<void> {
    const round = await playGame(context, output(this, context, 'ApiUrl'));
    this.rounds.push(round);
    // The schedule would do it within five minutes.
    await callFunction(context, { functionName: output(this, context, 'LambdaNameWorker'), asynchronous: true, traceId: newTraceId() }, {});
  }

  public async check(context: SampleContext): Promise<Missing[]> {
    const traces = new Map((await context.traces()).map(trace => [trace.id, trace]));
    const client = new S3Client({ endpoint: context.endpoint });
    try {
      const missing = await Promise.all(this.rounds.map(async round => [
        ...this.missingOfSession(traces.get(round.sessionTrace), context).map(what => ({ subject: 'new session', what })),
        ...this.missingOfLastMove(traces.get(round.lastMoveTrace), context).map(what => ({ subject: 'last move', what })),
        ...(await missingOfRecord(client, output(this, context, 'BucketName'), round, context.signal)).map(what => ({ subject: `game ${round.id}`, what })),
      ]));
      return [...missing.flat(), ...this.missingOfWorker([...traces.values()], context)];
    } finally {
      client.destroy();
    }
  }

  private missingOfSession(trace: SampleTrace | undefined, context: SampleContext): string[] {
    const randomName = output(this, context, 'LambdaNameRandomName');
    return missingInTrace(trace, {
      segments: [{ origin: 'AWS::ApiGateway::Stage', count: 1 }],
      functions: [
        {
          name: output(this, context, 'LambdaNameApi'),
          subsegments: [
            { name: 'Lambda', aws: { operation: 'Invoke', function_name: randomName } }, { name: 'DynamoDB', aws: { operation: 'TransactWriteItems' } },
          ],
        },
        { name: randomName, subsegments: [{ name: 'annotations' }, { name: 'SNS', aws: { operation: 'Publish', topic_arn: output(this, context, 'TopicArn') } }] },
      ],
    });
  }

  private missingOfLastMove(trace: SampleTrace | undefined, context: SampleContext): string[] {
    return missingInTrace(trace, {
      segments: [{ origin: 'AWS::ApiGateway::Stage', count: 1 }],
      functions: [{ name: output(this, context, 'LambdaNameApi'), subsegments: [{ name: 'SQS', aws: { operation: 'SendMessage' } }] }],
    });
  }

  /** Its run may have been the schedule's. */
  private missingOfWorker(traces: SampleTrace[], context: SampleContext): Missing[] {
    if (this.rounds.length === 0) return [];
    const name = output(this, context, 'LambdaNameWorker');
    const subsegments = [
      { name: 'SQS', aws: { operation: 'ReceiveMessage' } }, { name: 'SQS', aws: { operation: 'DeleteMessage' } },
      { name: 'S3', aws: { operation: 'PutObject', bucket_name: output(this, context, 'BucketName') } },
    ];
    const missing = traces.filter(trace => trace.segments.some(segment => segment.name === name)).map(trace => missingInTrace(trace, {
      segments: [{ origin: 'AWS::ApiGateway::Stage', count: CALLS_OF_WORKER }], functions: [{ name, subsegments }],
    }));
    const [best = ['trace']] = missing.sort((a, b) => a.length - b.length);
    return best.map(what => ({ subject: name, what }));
  }
}

/** A session with two users, the first of whom has a random name, and a game that the first wins. */
export async function playGame(context: TrafficContext, apiUrl: string): Promise<Round> {
  const post = async <T>(path: string, body: object): Promise<{ item: T; traceId: string }> => {
    const traceId = newTraceId();
    const item = await sendSigned<T>(context, traceId, 'POST', `${apiUrl.replace(/\/$/, '')}/${path}`, body);
    context.log(`posted ${path} as trace ${traceId}`);
    return { item, traceId };
  };
  const { item: { id: session }, traceId: sessionTrace } = await post<{ id: string }>('sessions', { name: 'evening' });
  await post(`sessions/${session}/users`, { name: 'Grace' });
  const { item: game } = await post<Game>(`sessions/${session}/games`, {});
  let lastMoveTrace = '';
  for (const [index, cell] of CELLS.entries()) {
    ({ traceId: lastMoveTrace } = await post(`sessions/${session}/games/${game.id}/moves`, { user: game.users[index % 2], cell }));
  }
  return { id: game.id, session, users: game.users, sessionTrace, lastMoveTrace };
}

async function missingOfRecord(client: S3Client, bucket: string, { session, id, users }: Round, abortSignal: AbortSignal): Promise<string[]> {
  const key = `games/${session}/${id}.json`;
  try {
    const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal });
    const record = JSON.parse(await body!.transformToString()) as { winner?: string; moves?: { cell?: number }[]; states?: { board?: string }[] };
    const cells = record.moves?.map(move => move.cell).join();
    const board = record.states?.[CELLS.length]?.board;
    return record.winner === users[0] && cells === CELLS.join() && board === 'XXXOO....' ? [] : [`moves, states and winner in object ${key}`];
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return [`object ${key} in bucket ${bucket}`];
    throw error;
  }
}
