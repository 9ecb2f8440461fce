import type { FastifyInstance } from 'fastify';
import type { TraceStore } from '../store/trace-store';

/** Bursts are told as one: a browser needs no more than a few updates a second. */
const EVENT_INTERVAL_MS = 200;
const KEEP_ALIVE_MS = 15_000;

/**
 * What the page needs beyond the X-Ray API.
 * `GET /local/health`: counters. `GET /local/events`: server-sent events `traces`, whose data is `{"created":[ids],"updated":[ids],"removed":[ids]}`.
 */
export function addLocalRoutes(app: FastifyInstance, store: TraceStore, health: () => unknown): void {
  app.get('/local/health', health);
  app.get('/local/events', (request, reply) => {
    reply.hijack();
    const stream = reply.raw;
    stream.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'connection': 'keep-alive' });
    stream.write('retry: 1000\n\n');
    const stop = followTraces(store, (data) => stream.write(`event: traces\ndata: ${JSON.stringify(data)}\n\n`));
    const keepAlive = setInterval(() => stream.write(': still here\n\n'), KEEP_ALIVE_MS);
    keepAlive.unref();
    request.raw.once('close', () => {
      stop();
      clearInterval(keepAlive);
    });
  });
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
