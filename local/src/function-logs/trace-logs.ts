import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { FunctionRequests, functionRequests } from './function-requests';
import { attributeStreams, LogEvent, LogLine } from './request-lines';
import type { Trace } from '../xray/model/trace';

export type { LogLine } from './request-lines';

/** The answer of `GET /local/logs`. */
export interface TraceLogs {
  /** One element for each function of the trace. */
  readonly functions: readonly FunctionLogs[];
  /** Why no log can be read at all; absent when it can. */
  readonly unavailable?: string;
}

export interface FunctionLogs {
  readonly functionName: string;
  readonly logGroup: string;
  readonly requestIds: readonly string[];
  /** In order of time, at most 2,000. */
  readonly lines: readonly LogLine[];
  /** True when there were more lines. */
  readonly isTruncated: boolean;
  /** Why there are no lines; absent when there are some. */
  readonly missing?: string;
}

/** Clients of the account and region in which a function runs. */
export interface LogClients {
  readonly logs: CloudWatchLogsClient;
  readonly lambda: LambdaClient;
}

export type LogClientsOf = (place: { readonly account: string; readonly region: string }) => LogClients;

const MAX_LINES = 2000;
/** Clocks differ, environments start before their first request, and logs of a failed start come after it. Milliseconds. */
const MARGIN_MS = 15_000;

/**
 * The log lines of every function of a trace, read from CloudWatch Logs: all lines of its requests, and of starts that failed in its time
 * without coming to a request. Fails only when the cloud does not answer.
 */
export async function traceLogs(clientsOf: LogClientsOf, trace: Trace): Promise<TraceLogs> {
  const window = { startTime: Math.floor(trace.startMs - MARGIN_MS), endTime: Math.ceil(trace.endMs + MARGIN_MS) };
  return { functions: await Promise.all(functionRequests(trace).map((requests) => functionLogs(clientsOf(requests), requests, window))) };
}

async function functionLogs(clients: LogClients, requests: FunctionRequests, window: { startTime: number; endTime: number }): Promise<FunctionLogs> {
  const { functionName, requestIds, hasFailed } = requests;
  const { logs: client } = clients;
  const logGroup = requests.logGroup ?? await logGroupOf(functionName, clients.lambda);
  const about = { functionName, logGroup, requestIds };
  try {
    const streams = new Set<string>();
    for (const requestId of requestIds) {
      for (const { stream } of await events(client, { logGroupName: logGroup, filterPattern: `"${requestId}"`, ...window })) streams.add(stream);
    }
    const logStreamNames = [...streams].slice(0, 100); // as many as the API takes
    const ofStreams = logStreamNames.length === 0 ? [] : await events(client, { logGroupName: logGroup, logStreamNames, ...window });
    const lines = attributeStreams(ofStreams).filter((line) => line.requestId !== undefined && requestIds.includes(line.requestId));
    // Only then is it worth the look through everything that the function has logged meanwhile.
    if (hasFailed || lines.length === 0) {
      const all = attributeStreams(await events(client, { logGroupName: logGroup, ...window }));
      lines.push(...all.filter((line) => line.part === 'unattributed'));
      lines.sort((a, b) => a.at - b.at);
    }
    return {
      ...about,
      lines: lines.slice(0, MAX_LINES),
      isTruncated: lines.length > MAX_LINES,
      ...(lines.length > 0 ? {} : { missing: `${logGroup} has no lines of this request` }),
    };
  } catch (error) {
    if ((error as Error).name !== 'ResourceNotFoundException') throw error;
    return { ...about, lines: [], isTruncated: false, missing: `the log group ${logGroup} does not exist` };
  }
}

/** The function's own setting, else Lambda's default; a function that is gone by now had the default, as far as anyone knows. */
async function logGroupOf(functionName: string, lambda: LambdaClient): Promise<string> {
  const fallback = `/aws/lambda/${functionName}`;
  try {
    const { LoggingConfig: logging } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName }));
    return logging?.LogGroup ?? fallback;
  } catch (error) {
    if ((error as Error).name !== 'ResourceNotFoundException') throw error;
    return fallback;
  }
}

async function events(client: CloudWatchLogsClient, input: ConstructorParameters<typeof FilterLogEventsCommand>[0]): Promise<LogEvent[]> {
  const found: LogEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(new FilterLogEventsCommand({ ...input, nextToken }));
    for (const { timestamp = 0, logStreamName = '', message = '' } of page.events ?? []) {
      found.push({ at: timestamp, stream: logStreamName, message: message.replace(/\n$/, '') });
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined && found.length < MAX_LINES * 10);
  return found;
}
