import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { graphOperations } from './api/graph-operations';
import { groupOperations } from './api/group-operations';
import { addLocalRoutes } from './api/local-routes';
import type { ApiContext } from './api/operation';
import { addOtlpRoutes } from './api/otlp-routes';
import { daemonOperations, samplingOperations } from './api/sampling-operations';
import { createServer } from './api/server';
import { settingsOperations } from './api/settings-operations';
import { traceOperations } from './api/trace-operations';
import { Collector } from './collector/collector';
import { prepareFilterParser } from './filter/parse-filter';
import { Ingest } from './ingest';
import { TraceFilters } from './query/trace-filters';
import { Groups } from './settings/groups';
import { ResourcePolicies } from './settings/resource-policies';
import { SamplingRules } from './settings/sampling-rules';
import { Tags } from './settings/tags';
import { XraySettings } from './settings/xray-settings';
import { Journal } from './store/journal';
import { TraceStore } from './store/trace-store';

export { formatTraceTree } from './model/format-trace-tree';
export { traceOfReport, type TraceReport } from './model/trace-of-documents';
export type { Trace, TraceEntry } from './model/trace';
export type { TraceStore } from './store/trace-store';

export interface XrayOptions {
  /** @default 127.0.0.1, the only kind of address that makes sense: nothing here asks who is calling */
  readonly host?: string;
  /** Port of the daemon's protocol, UDP, and TCP for sampling; 0 picks a free one. */
  readonly udpPort: number;
  /** Port of the X-Ray API and of the page, TCP; 0 picks a free one. */
  readonly httpPort: number;
  /**
   * Port on which OpenTelemetry's SDKs look for a receiver, TCP; 0 picks a free one. One that is in use is told of and left alone: `httpPort` takes
   * OTLP as well. @default - OTLP comes over `httpPort` alone
   */
  readonly otlpPort?: number;
  /** Folder in which traces outlive a restart. @default - traces live in memory only */
  readonly journalDir?: string;
  /** Gets one line for whatever a person should know. @default - nothing is told */
  readonly log?: (line: string) => void;
  /** Folder of the page. @default - no page */
  readonly webDir?: string;
  /** Adds what else the page's server answers: the logs of a trace's functions, at `/local/logs`. @default - there are no logs */
  readonly addRoutes?: (server: FastifyInstance, store: TraceStore) => void;
  /** Refuses documents that AWS would not take, or not index in full, instead of telling of them. @default false */
  readonly strict?: boolean;
  /** Documents kept in memory, in bytes; the journal may grow to twice that. @default 512 MiB */
  readonly maxBytes?: number;
}

/** A running X-Ray: collector, store and API. */
export interface Xray {
  readonly udpPort: number;
  readonly httpPort: number;
  /** Absent where none was asked for, or the one asked for was in use. */
  readonly otlpPort?: number;
  /** Of the API and the page, such as `http://127.0.0.1:2080`. */
  readonly url: string;
  readonly store: TraceStore;
  /** Counters, as `GET /local/health` answers. */
  health(): XrayHealth;
  /** Frees the ports; everything accepted stays in the journal. */
  close(): Promise<void>;
}

export interface XrayHealth {
  status: 'ok';
  /** Datagrams over UDP; documents taken (`accepted`) and not taken, by reason; of the taken ones, those that were not sampled. */
  datagrams: number;
  accepted: number;
  unsampled: number;
  refused: Record<string, number>;
  lastRefusals: { at: number; code: string; message: string }[];
  /** What AWS would not take, or not index, of documents that were taken, by reason. */
  deviations: Record<string, number>;
  lastDeviations: { at: number; code: string; message: string }[];
  /** Datagrams that were lost because they came faster than they could be read. */
  dropped: number;
  /** Traces held, bytes of their documents, and traces that had to go for newer ones. */
  traces: number;
  bytes: number;
  evicted: number;
  /** Traces read back at the start, and bytes on disk; absent without a journal. `healthy` is false after a failed write. */
  journal?: { restored: number; bytes: number; healthy: boolean };
}

/** The X-Ray API. Everything else gets the service's answer to an unknown operation. */
const OPERATIONS = [...traceOperations, ...graphOperations, ...samplingOperations, ...groupOperations, ...settingsOperations];

const DEFAULT_MAX_BYTES = 512 * 1024 * 1024;
const MIN_ROTATE_BYTES = 64 * 1024;
const MAX_ROTATE_BYTES = 32 * 1024 * 1024;
const PORT_ATTEMPTS = 10;

/**
 * Starts an X-Ray on this machine. Fails with an Error of one clear sentence when a port is in use or the journal cannot be opened; then
 * nothing is left behind.
 */
export async function startXray(options: XrayOptions): Promise<Xray> {
  const host = options.host ?? '127.0.0.1';
  const log = options.log ?? (() => undefined);
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const cleanups: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    const store = new TraceStore({ maxBytes });
    cleanups.push(() => store.close());
    const rotateBytes = Math.min(MAX_ROTATE_BYTES, Math.max(MIN_ROTATE_BYTES, Math.floor(maxBytes / 4)));
    let rotateReceiver = (): void => undefined;
    const journal = options.journalDir === undefined ? undefined : Journal.open({
      directory: options.journalDir, maxBytes: maxBytes * 2, rotateBytes, onRotated: () => rotateReceiver(), log,
    });
    if (journal !== undefined) cleanups.push(() => journal.close());
    const ingest = new Ingest(store, journal, log, options.strict);
    ingest.restore();

    const settings = new XraySettings(options.journalDir, log);
    const groups = new Groups(settings);
    const rules = new SamplingRules(settings);
    const tags = new Tags(settings, (arn) => groups.list().some((group) => group.GroupARN === arn)
      || rules.list().some((record) => record.SamplingRule.RuleARN === arn));
    const context: ApiContext = {
      store, ingest, filters: new TraceFilters(store, groups), groups, rules, policies: new ResourcePolicies(settings), tags, settings,
    };
    const { collector, daemon } = await listenAsDaemon(options.udpPort, async (port) => {
      const started = await Collector.start({
        host,
        port,
        journalDir: options.journalDir,
        rotateBytes,
        onDatagram: (datagram) => ingest.datagram(datagram),
        onRotated: (file) => {
          if (journal?.needsCompaction(store.bytes)) void journal.compact(store.snapshot(), file);
        },
        log,
      });
      return started;
    }, () => createServer({ operations: daemonOperations, context, log }), host);
    // Whichever file was full: the receiver begins a new one too, and `onRotated` above looks at the size of the whole.
    rotateReceiver = () => collector.rotate();
    cleanups.push(() => collector.close(), () => daemon.close());

    const health = (): XrayHealth => ({
      status: 'ok',
      datagrams: ingest.counters.datagrams,
      accepted: ingest.counters.accepted,
      unsampled: ingest.counters.unsampled,
      refused: ingest.counters.refused as Record<string, number>,
      lastRefusals: ingest.counters.lastRefusals,
      deviations: ingest.counters.deviations as Record<string, number>,
      lastDeviations: ingest.counters.lastDeviations,
      dropped: collector.dropped,
      traces: store.size,
      bytes: store.bytes,
      evicted: store.evicted,
      ...(journal === undefined ? {} : {
        journal: { restored: ingest.counters.restored, bytes: journal.bytes, healthy: journal.isHealthy && collector.isJournaling },
      }),
    });
    const listenForOtlp = async (port: number | undefined): Promise<number | undefined> => {
      if (port === undefined) return undefined;
      const receiver = createServer({ operations: [], context, log });
      addOtlpRoutes(receiver, ingest);
      try {
        const listening = await listen(receiver, host, port, 'OTLP', 'CDK_TRACED_OTLP_PORT or --otlp-port');
        cleanups.push(() => receiver.close());
        return listening;
      } catch (error) {
        await receiver.close();
        log(`${(error as Error).message}. Programs can send OTLP to http://${host}:${httpPort} instead`);
        return undefined;
      }
    };
    const server = createServer({ operations: OPERATIONS, context, webDir: options.webDir, log });
    cleanups.push(() => server.close());
    addLocalRoutes(server, context, health);
    addOtlpRoutes(server, ingest);
    (options.addRoutes ?? addNoLogs)(server, store);
    const httpPort = await listen(server, host, options.httpPort, 'the X-Ray API', 'CDK_TRACED_WEB_PORT or --web-port');
    const otlpPort = await listenForOtlp(options.otlpPort);
    const preparation = setTimeout(prepareFilterParser, 500).unref();
    cleanups.push(() => clearTimeout(preparation));
    return { udpPort: collector.port, httpPort, otlpPort, url: `http://${host}:${httpPort}`, store, health, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The page asks for the logs of a trace's functions; alone, X-Ray has none. */
function addNoLogs(server: FastifyInstance): void {
  server.get('/local/logs', () => ({ functions: [], unavailable: 'this X-Ray reads no logs' }));
}

/** Takes UDP and TCP under one number, as a daemon does; a free pair is looked for when any will do. */
async function listenAsDaemon(
  port: number, startCollector: (port: number) => Promise<Collector>, createDaemon: () => FastifyInstance, host: string,
): Promise<{ collector: Collector; daemon: FastifyInstance }> {
  for (let attempt = 1; ; attempt += 1) {
    const collector = await startCollector(port);
    const daemon = createDaemon();
    try {
      await listen(daemon, host, collector.port, 'sampling requests', 'CDK_TRACED_XRAY_PORT or --xray-port');
      return { collector, daemon };
    } catch (error) {
      await daemon.close();
      await collector.close();
      if (port !== 0 || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function listen(server: FastifyInstance, host: string, port: number, what: string, setting: string): Promise<number> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new Error(`TCP port ${port} on ${host}, meant for ${what}, is in use; set ${setting} to another one`);
    throw new Error(`TCP port ${port} on ${host}, meant for ${what}, cannot be opened: ${message}`);
  }
  return (server.server.address() as AddressInfo).port;
}
