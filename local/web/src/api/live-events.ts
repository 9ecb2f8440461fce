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
  /** Something may have changed that was not told. */
  private isBehind = false;
  connection: Connection = 'connecting';

  /**
   * Follows while the page can be seen, until the returned function is called. A browser opens six connections to a server and no more:
   * forgotten tabs must not hold them all.
   */
  followWhileVisible(): () => void {
    const follow = (): void => {
      if (document.hidden) this.stop();
      else this.start();
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      this.stop();
      this.isBehind = false;
    };
  }

  private start(): void {
    if (this.source !== undefined) return;
    this.source = new EventSource('local/events');
    this.source.onopen = () => {
      this.setConnection('open');
      // What changed meanwhile was not told: everything is read again.
      if (this.isBehind) this.tell({ created: [], updated: [], removed: [], all: true });
      this.isBehind = false;
    };
    this.source.onerror = () => {
      this.isBehind = true;
      this.setConnection('lost');
    };
    this.source.addEventListener('traces', (event: MessageEvent<string>) => this.tell(JSON.parse(event.data) as TraceChanges));
  }

  private stop(): void {
    this.source?.close();
    this.isBehind = true;
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
