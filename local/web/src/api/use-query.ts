import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { LiveEvents } from './live-events';
import type { TraceChanges } from './wire-types';

/** The stream of changes, or undefined while the page is paused. */
export const Live = createContext<LiveEvents | undefined>(undefined);

export interface Query<Data> {
  /** Of the present key; that of the last success stays while it is asked again. */
  readonly data: Data | undefined;
  readonly error: Error | undefined;
  /** Nothing, or not all, has come for the key yet; asking again for what is there is not loading. */
  readonly isLoading: boolean;
  readonly reload: () => void;
}

export interface QueryOptions {
  /** Whether a change of traces makes the data old. @default - every change does */
  readonly isOutdatedBy?: (changes: TraceChanges) => boolean;
  /** Keeps the data of the last key until those of the new one are there. @default false */
  readonly keepsPrevious?: boolean;
  /** Asks again so often, in milliseconds, while the page is live: for what no event tells. @default - events only */
  readonly everyMs?: number;
}

interface QueryState<Data> {
  readonly key: string | undefined;
  readonly data?: Data;
  readonly error?: Error;
  /** The data are the beginning of an answer. */
  readonly isPart?: boolean;
  readonly isLoading: boolean;
}

/** A live page asks again at most so often, in milliseconds... */
const MIN_INTERVAL_MS = 700;
/** ...and at most a fifth of the time, so that a store with very many traces is not kept busy by those who look at it. */
const REST_FACTOR = 4;

/**
 * Data from the API for a key: asked when the key changes, and again when traces change. A request that is no longer wanted is aborted.
 * An undefined key asks nothing. `ask` may `show` what it has of a long answer; that is taken while there is nothing else for the key.
 */
export function useQuery<Data>(
  key: string | undefined, ask: (signal: AbortSignal, show: (part: Data) => void) => Promise<Data>, options: QueryOptions = {},
): Query<Data> {
  const live = useContext(Live);
  const [state, setState] = useState<QueryState<Data>>({ key: undefined, isLoading: true });
  const latest = useRef({ ask, options });
  latest.current = { ask, options };
  const control = useRef<{ reload: () => void }>({ reload: () => undefined });

  useEffect(() => {
    if (key === undefined) return undefined;
    let abort: AbortController | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let restUntil = 0;
    let isWaiting = false;
    const run = async (): Promise<void> => {
      timer = undefined;
      isWaiting = false;
      abort?.abort();
      const mine = abort = new AbortController();
      const started = performance.now();
      setState((old) => ({ ...old, isLoading: true }));
      try {
        const data = await latest.current.ask(mine.signal, (part) => {
          if (!mine.signal.aborted) setState((old) => (old.key === key && !old.isPart ? old : { key, data: part, isPart: true, isLoading: true }));
        });
        if (!mine.signal.aborted) setState({ key, data, isLoading: false });
      } catch (error) {
        if (!mine.signal.aborted) setState((old) => ({ key, data: old.key === key ? old.data : undefined, error: error as Error, isLoading: false }));
      } finally {
        if (abort === mine) abort = undefined;
        restUntil = performance.now() + Math.max(MIN_INTERVAL_MS, (performance.now() - started) * REST_FACTOR);
        if (isWaiting && !mine.signal.aborted) schedule();
      }
    };
    const schedule = (): void => {
      isWaiting = true;
      // An answer under way may not hold the change: asked again after it.
      if (abort !== undefined || timer !== undefined) return;
      timer = setTimeout(() => void run(), Math.max(0, restUntil - performance.now()));
    };
    control.current.reload = () => void run();
    void run();
    const stop = live?.onChanges((changes) => {
      if (changes.all === true || (latest.current.options.isOutdatedBy?.(changes) ?? true)) schedule();
    });
    const { everyMs } = latest.current.options;
    const interval = everyMs === undefined || live === undefined ? undefined : setInterval(() => {
      if (!document.hidden) schedule();
    }, everyMs);
    return () => {
      stop?.();
      clearInterval(interval);
      clearTimeout(timer);
      abort?.abort();
    };
  }, [key, live]);

  const isCurrent = state.key === key;
  const data = isCurrent || options.keepsPrevious === true ? state.data : undefined;
  const isLoading = !isCurrent || (state.isLoading && (state.data === undefined || state.isPart === true));
  return { data, error: isCurrent ? state.error : undefined, isLoading, reload: () => control.current.reload() };
}
