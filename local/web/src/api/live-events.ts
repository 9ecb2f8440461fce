import type { TraceChanges } from './wire-types';

/** `all`: anything may have changed, because the connection was lost for a while. */
export interface LiveChanges extends TraceChanges {
  readonly all?: boolean;
}

export type Connection = 'connecting' | 'open' | 'lost';

/** The stream of `GET /local/events`: tells listeners which traces have come, changed or gone. The browser reconnects by itself. */
export class LiveEvents {
  private readonly listeners = new Set<(changes: LiveChanges) => void>();
  private readonly connectionListeners = new Set<() => void>();
  private source: EventSource | undefined;
  connection: Connection = 'connecting';

  start(): void {
    if (this.source !== undefined) return;
    this.source = new EventSource('local/events');
    let wasLost = false;
    this.source.onopen = () => {
      this.setConnection('open');
      // What changed meanwhile was not told: everything is read again.
      if (wasLost) this.tell({ created: [], updated: [], removed: [], all: true });
      wasLost = false;
    };
    this.source.onerror = () => {
      wasLost = true;
      this.setConnection('lost');
    };
    this.source.addEventListener('traces', (event: MessageEvent<string>) => this.tell(JSON.parse(event.data) as TraceChanges));
  }

  stop(): void {
    this.source?.close();
    this.source = undefined;
    this.setConnection('connecting');
  }

  /** Returns what ends the subscription. */
  onChanges(listener: (changes: LiveChanges) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onConnection(listener: () => void): () => void {
    this.connectionListeners.add(listener);
    return () => this.connectionListeners.delete(listener);
  }

  private tell(changes: LiveChanges): void {
    for (const listener of this.listeners) listener(changes);
  }

  private setConnection(connection: Connection): void {
    if (this.connection === connection) return;
    this.connection = connection;
    for (const listener of this.connectionListeners) listener();
  }
}
