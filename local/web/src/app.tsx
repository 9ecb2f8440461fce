import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { LiveEvents } from './api/live-events';
import { Live } from './api/use-query';
import { CollectorView } from './collector/collector-view';
import { MapView } from './map/map-view';
import { NavigationProvider, useHashNavigation } from './navigation';
import { addressOf, Route } from './routes';
import { ConnectionNotice } from './shell/connection-notice';
import { ErrorBoundary } from './shell/error-boundary';
import { Header } from './shell/header';
import { TraceView } from './trace/trace-view';
import { TracesView } from './traces/traces-view';

/** The whole page: one header, one view. */
export function App() {
  const navigation = useHashNavigation();
  const { route } = navigation;
  const events = useMemo(() => new LiveEvents(), []);
  const [isPaused, setPaused] = useState(false);
  useEffect(() => (isPaused ? undefined : events.followWhileVisible()), [isPaused]);
  useEffect(() => {
    document.title = `${titleOf(route)} · Local X-Ray`;
  }, [titleOf(route)]);
  const place = `${route.view} ${route.view === 'trace' ? route.id : ''}`;
  const lastPlace = useRef(place);
  useEffect(() => {
    if (lastPlace.current === place) return;
    lastPlace.current = place;
    // The link that was followed has gone with its view; the next Tab must not begin at the top of the page.
    if (document.activeElement === document.body) document.getElementById('view')?.focus({ preventScroll: true });
  }, [place]);

  return (
    <NavigationProvider value={navigation}>
      <Live.Provider value={isPaused ? undefined : events}>
        <Header events={events} isPaused={isPaused} onPause={setPaused} />
        <main id="view" tabIndex={-1} class={`view view-${route.view}`}>
          <ErrorBoundary key={place}>
            <View route={route} />
          </ErrorBoundary>
        </main>
        <ConnectionNotice events={events} />
      </Live.Provider>
    </NavigationProvider>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case 'map': return <MapView route={route} />;
    case 'traces': return <TracesView route={route} />;
    case 'trace': return <TraceView route={route} key={route.id} />;
    case 'collector': return <CollectorView />;
    case 'unknown': return (
      <div class="notice">
        <h1>There is no view “{route.path}”</h1>
        <p><a href={addressOf({ view: 'map', range: route.range })}>Open the trace map</a></p>
      </div>
    );
  }
}

function titleOf(route: Route): string {
  switch (route.view) {
    case 'map': return route.node === undefined ? 'Trace map' : `${route.node.name} · Trace map`;
    case 'traces': return 'Traces';
    case 'trace': return `Trace ${route.id}`;
    case 'collector': return 'Collector';
    case 'unknown': return 'Not found';
  }
}
