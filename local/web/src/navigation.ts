import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { addressOf, Route, routeOf } from './routes';

export interface Navigation {
  readonly route: Route;
  /** The list of traces that was seen last, with its filter. */
  readonly lastTraces: Route | undefined;
  /** Shows another view; `replace` leaves no step to go back to. */
  go(route: Route, replace?: boolean): void;
}

const NavigationContext = createContext<Navigation>({ route: routeOf(''), lastTraces: undefined, go: () => undefined });
export const NavigationProvider = NavigationContext.Provider;

export function useNavigation(): Navigation {
  return useContext(NavigationContext);
}

/** The route of the page's address, and how to change it. */
export function useHashNavigation(): Navigation {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  const lastTraces = useRef<Route | undefined>(undefined);
  if (route.view === 'traces') lastTraces.current = route;
  useEffect(() => {
    const follow = (): void => setRoute(routeOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const go = (next: Route, replace = false): void => {
    const address = addressOf(next);
    if (address === location.hash) return;
    if (replace) history.replaceState(history.state, '', address);
    else history.pushState(null, '', address);
    setRoute(next);
  };
  return { route, lastTraces: lastTraces.current, go };
}
