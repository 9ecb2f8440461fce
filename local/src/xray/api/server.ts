import { randomUUID } from 'node:crypto';
import fastify, { FastifyInstance, FastifyReply } from 'fastify';
import { ApiError } from '../api-error';
import { BODY_LIMIT_BYTES } from './body-limit';
import { ApiContext, Operation } from './operation';
import { OTLP_PATH } from './otlp-routes';
import { addPage } from './page';
import { FilterSyntaxError } from '../filter/filter-expression';
import { JournalWriteError } from '../store/journal';

export interface ServerOptions {
  readonly operations: readonly Operation[];
  readonly context: ApiContext;
  /** Folder of the page, served at `/`. */
  readonly webDir?: string;
  readonly log: (line: string) => void;
}

/** To send a request in, not to answer it: a client that stops in the middle does not hold its connection for ever. */
const REQUEST_TIMEOUT_MS = 120_000;

/** The X-Ray API over HTTP, and the page. Answers this machine only: see `guard`. */
export function createServer({ operations, context, webDir, log }: ServerOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true, // browsers keep event streams open for ever
    genReqId: () => randomUUID(),
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false, allowUnionTypes: true } },
  });
  // Clients differ in the content type they send with a JSON body; some send none.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? {} : JSON.parse(body as string));
    } catch {
      done(new ApiError('the body is not JSON'));
    }
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-amzn-requestid', request.id);
    if (request.url.split('?')[0] === OTLP_PATH) guardOtlp(request.headers);
    else guard(request.headers, request.url, request.method);
  });
  // A request without a body is one with no members.
  app.addHook('preValidation', async (request) => {
    if (request.method === 'POST') request.body ??= {};
  });
  app.setErrorHandler((error: Error & { validation?: SchemaError[]; statusCode?: number }, request, reply) => {
    if (error instanceof ApiError) return answerError(reply, error.status, error.type, error.message);
    if (error instanceof FilterSyntaxError) return answerError(reply, 400, 'InvalidRequestException', error.message);
    if (error.validation !== undefined) return answerError(reply, 400, 'InvalidRequestException', messageOf(error.validation[0]));
    if (error.statusCode !== undefined && error.statusCode < 500) return answerError(reply, error.statusCode, 'InvalidRequestException', error.message);
    if (error instanceof JournalWriteError) return answerError(reply, 500, 'InternalFailure', error.message); // it has been logged
    log(`${request.method} ${request.url.split('?')[0]} failed: ${error.stack ?? error.message}`);
    return answerError(reply, 500, 'InternalFailure', 'the local X-Ray failed; its log has the reason');
  });
  app.setNotFoundHandler((request, reply) => {
    if (request.method === 'POST') return answerError(reply, 404, 'UnknownOperationException', `X-Ray has no operation at ${request.url.split('?')[0]}`);
    return reply.code(404).type('text/plain').send(`nothing at ${request.url.split('?')[0]}\n`);
  });
  for (const { path, body, handle } of operations) {
    app.post(path, { schema: { body } }, (request) => handle((request.body ?? {}) as never, context));
  }
  if (webDir !== undefined) addPage(app, webDir);
  return app;
}

interface RequestHeaders {
  'host'?: string;
  'origin'?: string;
  'sec-fetch-site'?: string;
  'sec-fetch-mode'?: string;
}

/**
 * A page from elsewhere must not read or write traces here. DNS rebinding shows in the Host header, a foreign page in the Origin header;
 * a program of this machine sends neither a foreign host nor, as a rule, an origin.
 */
function guard(headers: RequestHeaders, url: string, method: string): void {
  const host = headers.host ?? '';
  if (!isLoopback(hostnameOf(`http://${host}`))) {
    throw new ApiError(`requests must be for localhost or 127.0.0.1, got the host '${host.slice(0, 100)}'`, 'InvalidRequestException', 403);
  }
  if (headers.origin !== undefined && hostOf(headers.origin) !== host) {
    throw new ApiError(`${method} ${url.split('?')[0]} is refused to pages of another origin`, 'InvalidRequestException', 403);
  }
  // A link from elsewhere may lead to the page; an image, a script or a form of elsewhere is none of ours.
  if (headers['sec-fetch-site'] === 'cross-site' && !(method === 'GET' && headers['sec-fetch-mode'] === 'navigate')) {
    throw new ApiError(`${method} ${url.split('?')[0]} is refused to pages of another site`, 'InvalidRequestException', 403);
  }
}

/** What containers call the machine that they run on. */
const HOST_OF_CONTAINERS = new Set(['host.docker.internal', 'host.containers.internal', 'host.lima.internal']);

/** Spans may come from pages and containers of this machine, such as an app under development at another port. They cannot be read at this path. */
function guardOtlp({ host = '', origin }: RequestHeaders): void {
  const hostname = hostnameOf(`http://${host}`);
  if (!isLoopback(hostname) && !HOST_OF_CONTAINERS.has(hostname)) {
    throw new ApiError(`requests must be for localhost or 127.0.0.1, got the host '${host.slice(0, 100)}'`, 'InvalidRequestException', 403);
  }
  if (origin !== undefined && !isLoopback(hostnameOf(origin))) {
    throw new ApiError(`spans are taken from pages of this machine, got the origin '${origin.slice(0, 100)}'`, 'InvalidRequestException', 403);
  }
}

interface SchemaError {
  instancePath: string;
  message?: string;
  params: Record<string, unknown>;
}

/** `SamplingRule.Version must be 1`: which member, and what it may be. */
function messageOf({ instancePath: path, message, params }: SchemaError): string {
  const member = path.slice(1).replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.');
  const allowed = params.allowedValues ?? params.allowedValue ?? params.type;
  const must = allowed === undefined ? message ?? 'is wrong' : `must be ${[allowed].flat().join(' or ')}`;
  return `${member === '' ? 'the request' : member} ${must}`;
}

function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : '';
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.endsWith('.localhost') || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function answerError(reply: FastifyReply, status: number, type: string, message: string): FastifyReply {
  return reply.code(status).header('x-amzn-errortype', type).send({ __type: type, Message: message, message });
}
