import type { FastifyInstance } from 'fastify';
import { ApiError } from '../api-error';
import type { Ingest, UnprocessedDocument } from '../ingest';
import type { ApiContext } from './operation';
import { documentsOfFile, TraceFileError } from '../store/trace-file';
import type { TraceStore } from '../store/trace-store';
import { isTraceId } from '../wire/segment-document';

/** Bursts are told as one: a browser needs no more than a few updates a second. */
const EVENT_INTERVAL_MS = 200;
const KEEP_ALIVE_MS = 15_000;
/** Of events that a page has not taken yet. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/**
 * What the page and people need beyond the X-Ray API.
 * `GET /local/health`: counters. `GET /local/events`: server-sent events `traces`, whose data is `{"created":[ids],"updated":[ids],"removed":[ids]}`.
 * `GET /local/traces/<id>`: the trace as a file. `POST /local/traces`: such a file, or what documentsOfFile takes; answers
 * `{"accepted","traces":[ids],"unprocessed":[...]}`.
 */
export function addLocalRoutes(app: FastifyInstance, { store, ingest }: Pick<ApiContext, 'store' | 'ingest'>, health: () => unknown): void {
  app.get('/local/health', health);
  app.get<{ Params: { id: string } }>('/local/traces/:id', (request, reply) => {
    const id = request.params.id.replace(/\.json$/, '');
    const { Traces: traces } = store.batchGetTraces([id]);
    if (traces.length === 0) throw new ApiError(`there is no trace '${id}'`, 'ResourceNotFoundException');
    return reply.type('application/json').header('content-disposition', `attachment; filename="${traces[0].Id}.json"`)
      .send(`${JSON.stringify({ Traces: traces }, null, 2)}\n`);
  });
  // Its own scope: an import may be JSON lines, which the API's parser would refuse.
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, parsed) => parsed(null, body));
    scope.post<{ Body: string }>('/local/traces', (request) => importTraces(ingest, String(request.body ?? '')));
    done();
  });
  app.get('/local/events', (request, reply) => {
    reply.hijack();
    const stream = reply.raw;
    stream.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'connection': 'keep-alive' });
    stream.write('retry: 1000\n\n');
    const stop = followTraces(store, (data) => {
      // A page that has stopped reading connects again when it goes on; until then nothing piles up here.
      if (stream.writableLength > MAX_UNREAD_BYTES) stream.destroy();
      else stream.write(`event: traces\ndata: ${JSON.stringify(data)}\n\n`);
    });
    const keepAlive = setInterval(() => stream.write(': still here\n\n'), KEEP_ALIVE_MS);
    keepAlive.unref();
    request.raw.once('close', () => {
      stop();
      clearInterval(keepAlive);
    });
  });
}

function importTraces(ingest: Ingest, text: string): { accepted: number; traces: string[]; unprocessed: UnprocessedDocument[] } {
  let documents: string[];
  try {
    documents = documentsOfFile(text);
  } catch (error) {
    if (error instanceof TraceFileError) throw new ApiError(error.message);
    throw error;
  }
  const unprocessed = ingest.documents(documents, true);
  const traces = new Set(documents.map((document) => (JSON.parse(document) as { trace_id?: unknown }).trace_id).filter(isTraceId));
  return { accepted: documents.length - unprocessed.length, traces: [...traces], unprocessed };
}

export interface TraceChanges {
  created: string[];
  updated: string[];
  removed: string[];
}

/** Calls `tell` with what has changed, at most every 200 ms; returns what stops it. */
function followTraces(store: TraceStore, tell: (changes: TraceChanges) => void): () => void {
  const changes = new Map<string, keyof TraceChanges>();
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    const told: TraceChanges = { created: [], updated: [], removed: [] };
    for (const [id, kind] of changes) told[kind].push(id);
    changes.clear();
    tell(told);
  };
  const note = (id: string, kind: keyof TraceChanges): void => {
    if (kind !== 'updated' || !changes.has(id)) changes.set(id, kind);
    timer ??= setTimeout(flush, EVENT_INTERVAL_MS).unref();
  };
  const onTrace = (id: string, isNew: boolean): void => note(id, isNew ? 'created' : 'updated');
  const onEvicted = (id: string): void => note(id, 'removed');
  store.on('trace', onTrace);
  store.on('evicted', onEvicted);
  return () => {
    clearTimeout(timer);
    store.off('trace', onTrace);
    store.off('evicted', onEvicted);
  };
}
