import type { FastifyInstance } from 'fastify';
import type { LogClients, LogClientsOf, TraceLogs } from './trace-logs';
import { ApiError } from '../xray/api-error';
import type { Trace } from '../xray/model/trace';

export interface LogRoutesOptions {
  /** The trace of an id, undefined when there is none. */
  readonly traceById: (id: string) => Trace | undefined;
  /** Address of the local cloud; undefined while it is not running. Asked at each request, because the cloud starts after X-Ray. */
  readonly cloudEndpoint: () => string | undefined;
}

const TIMEOUT_MS = 5000;

/**
 * `GET /local/logs?traceId=1-...`: a `TraceLogs`. 400 without a trace id, 404 when X-Ray has no such trace; a log service that is not
 * there or does not answer is an answer too, with the reason in `unavailable`.
 */
export function addLogRoutes(app: FastifyInstance, { traceById, cloudEndpoint }: LogRoutesOptions): void {
  const clients = new Map<string, LogClients>();
  app.addHook('onClose', async () => clients.forEach(({ logs, lambda }) => {
    logs.destroy();
    lambda.destroy();
  }));
  app.get<{ Querystring: { traceId?: string | string[] } }>('/local/logs', async (request): Promise<TraceLogs> => {
    const id = request.query.traceId;
    if (typeof id !== 'string' || id === '') throw new ApiError(`traceId must be one trace id, as in ?traceId=1-58406520-a006649127e371903a2de979, got '${String(id)}'`);
    const trace = traceById(id);
    if (trace === undefined) throw new ApiError(`there is no trace ${id.slice(0, 100)}`, 'ResourceNotFoundException');
    const endpoint = cloudEndpoint();
    if (endpoint === undefined) return { functions: [], unavailable: 'no local cloud is running, so there are no logs to read' };
    try {
      const [{ traceLogs }, newClients] = await Promise.all([import('./trace-logs'), clientFactory(endpoint)]);
      return await traceLogs(place => {
        const key = `${endpoint} ${place.account} ${place.region}`;
        const known = clients.get(key) ?? newClients(place);
        clients.set(key, known);
        return known;
      }, trace);
    } catch (error) {
      return { functions: [], unavailable: `the local cloud at ${endpoint} did not give the logs: ${(error as Error).message}` };
    }
  });
}

/**
 * The local cloud takes any credentials, and an access key of 12 digits for an account; these keep the clients from looking for the user's own.
 * The clients are loaded here, and not with the server, because that would make every start wait for them.
 */
async function clientFactory(endpoint: string): Promise<LogClientsOf> {
  const [{ CloudWatchLogsClient }, { LambdaClient }] = await Promise.all([import('@aws-sdk/client-cloudwatch-logs'), import('@aws-sdk/client-lambda')]);
  return ({ account, region }) => {
    const settings = {
      endpoint,
      region,
      credentials: { accessKeyId: account, secretAccessKey: 'test' },
      maxAttempts: 1,
      requestHandler: { requestTimeout: TIMEOUT_MS, connectionTimeout: TIMEOUT_MS },
    };
    return { logs: new CloudWatchLogsClient(settings), lambda: new LambdaClient(settings) };
  };
}
