import { useState } from 'preact/hooks';
import type { LiveEvents } from '../api/live-events';
import { useQuery } from '../api/use-query';
import type { Health } from '../api/wire-types';
import { health } from '../api/xray-api';
import { plural } from '../formatting';
import { useNavigation } from '../navigation';
import { addressOf } from '../routes';
import { chooseTheme, storedTheme, Theme } from '../theme';
import { useConnection } from './connection-notice';
import { Glyph } from './glyph';
import { RangePicker } from './range-picker';

const NEXT_THEME: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };

/** Where one is, what time is looked at, and whether the page is live. */
export function Header({ events, isPaused, onPause }: { events: LiveEvents; isPaused: boolean; onPause: (paused: boolean) => void }) {
  const { route, go } = useNavigation();
  const { range } = route;
  return (
    <header class="header">
      <a class="skip-link" href={addressOf(route)} onClick={skipToView}>Skip to the view</a>
      <a class="brand" href={addressOf({ view: 'map', range })}>
        <img src="favicon.svg" alt="" width="24" height="24" />
        <span class="brand-name">X-Ray</span> <span class="brand-where">local</span>
      </a>
      <nav class="tabs" aria-label="Views">
        <a href={addressOf({ view: 'map', range })} aria-current={route.view === 'map' ? 'page' : undefined}>Trace map</a>
        <a href={addressOf({ view: 'traces', range })} aria-current={route.view === 'traces' || route.view === 'trace' ? 'page' : undefined}>Traces</a>
      </nav>
      <div class="header-tools">
        {route.view !== 'trace' && route.view !== 'collector' && <RangePicker range={range} onChange={(next) => go({ ...route, range: next })} />}
        <LiveButton events={events} isPaused={isPaused} onPause={onPause} />
        <CollectorLink />
        <ThemeButton />
      </div>
    </header>
  );
}

function skipToView(event: Event): void {
  event.preventDefault();
  document.getElementById('view')?.focus();
}

function LiveButton({ events, isPaused, onPause }: { events: LiveEvents; isPaused: boolean; onPause: (paused: boolean) => void }) {
  const connection = useConnection(events);
  const state = isPaused ? 'paused' : connection;
  const words = { paused: 'Paused', open: 'Live', connecting: 'Live', lost: 'Reconnecting' }[state];
  const title = {
    paused: 'New traces do not appear by themselves; press to go on',
    open: 'New traces appear by themselves; press to pause',
    connecting: 'Connecting to the local X-Ray',
    lost: 'The local X-Ray does not answer; trying again',
  }[state];
  return (
    <button type="button" class={`button live live-${state}`} aria-pressed={!isPaused} title={title} onClick={() => onPause(!isPaused)}>
      <span class="live-dot" aria-hidden="true" />{words}
    </button>
  );
}

/** How much has come in, and a warning for what was refused. */
function CollectorLink() {
  const { route } = useNavigation();
  const { data } = useQuery('health', health, { everyMs: 5000 });
  const refused = data === undefined ? 0 : refusedCount(data);
  return (
    <a
      class={`button collector-link${refused > 0 ? ' has-refusals' : ''}`} href={addressOf({ view: 'collector', range: route.range })}
      aria-current={route.view === 'collector' ? 'page' : undefined} title="What the collector has received"
    >
      <Glyph name={refused > 0 ? 'warning' : 'inbox'} />
      <span>{data === undefined ? 'Collector' : plural(data.traces, 'trace')}</span>
      {refused > 0 && <span class="refusals">{plural(refused, 'document')} refused</span>}
    </a>
  );
}

export function refusedCount({ refused }: Health): number {
  return Object.values(refused).reduce((sum, count) => sum + count, 0);
}

function ThemeButton() {
  const [theme, setTheme] = useState(storedTheme);
  const next = NEXT_THEME[theme];
  const names: Record<Theme, string> = { system: "the system's colours", light: 'light', dark: 'dark' };
  const choose = (): void => {
    chooseTheme(next);
    setTheme(next);
  };
  return (
    <button type="button" class="button icon-button" onClick={choose} title={`Colours: ${names[theme]}; press for ${names[next]}`} aria-label={`Colours: ${names[theme]}. Change to ${names[next]}`}>
      <Glyph name={({ system: 'contrast', light: 'sun', dark: 'moon' } as const)[theme]} />
    </button>
  );
}
