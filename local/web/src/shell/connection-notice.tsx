import { useEffect, useState } from 'preact/hooks';
import type { Connection, LiveEvents } from '../api/live-events';

export function useConnection(events: LiveEvents): Connection {
  const [connection, setConnection] = useState(events.connection);
  useEffect(() => events.onConnection(() => setConnection(events.connection)), [events]);
  return connection;
}

/** What is on the page looks like the present: it must be said when it is not. */
export function ConnectionNotice({ events }: { events: LiveEvents }) {
  const isLost = useConnection(events) === 'lost';
  return (
    <div role="status" class={isLost ? 'connection-notice' : ''}>
      {isLost && `The local X-Ray at ${location.host} does not answer. What is shown is from before; it goes on by itself when X-Ray is back.`}
    </div>
  );
}
