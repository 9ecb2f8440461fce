import { useState } from 'preact/hooks';
import { formatCount, plural } from '../formatting';
import { axisOf, Bin, sharesOf } from '../histogram';

/**
 * Bars of a distribution of response times. With `onSelect` the bars are one stop of the Tab key: arrow keys walk along them, Enter selects
 * the range of one.
 */
export function Histogram({ bins, title, heading: Heading = 'h3', onSelect, height = 64, isPlain = false }: {
  bins: readonly Bin[]; title: string; heading?: 'h2' | 'h3'; onSelect?: (bin: Bin) => void; height?: number;
  /** The samples do not say what became of them. */
  isPlain?: boolean;
}) {
  // Known by where they begin: a live histogram, and one that is narrowed, has other bars at the same places.
  const [current, setCurrent] = useState<number | undefined>();
  const [hovered, setHovered] = useState<number | undefined>();
  if (bins.length === 0) return null;
  const axis = axisOf(bins);
  const highest = Math.max(...bins.map(({ total }) => total));
  const entry = Math.max(0, bins.findIndex(({ fromMs }) => fromMs === current));
  const shown = hovered === undefined ? undefined : bins.find(({ fromMs }) => fromMs === hovered);
  const onKeyDown = (event: KeyboardEvent, index: number): void => {
    const next = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: bins.length - 1 }[event.key];
    if (next !== undefined && bins[next] !== undefined) {
      setCurrent(bins[next].fromMs);
      (event.currentTarget as Element).parentElement?.children.item(next)?.querySelector('.hit')?.parentElement?.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {onSelect?.(bins[index]);} else {return;}
    event.preventDefault();
  };
  return (
    <figure class={`histogram${isPlain ? ' is-plain' : ''}`}>
      <figcaption>
        <Heading>{title}</Heading>
        <span class="histogram-note">{shown === undefined ? '' : describe(shown)}</span>
      </figcaption>
      <svg viewBox={`0 0 1000 ${height}`} height={height} width="100%" preserveAspectRatio="none" role="group" aria-label={`${title}, ${plural(bins.length, 'bar')}`}>
        {bins.map((bin, index) => {
          const left = axis.position(bin.fromMs) * 1000;
          const width = axis.position(bin.toMs) * 1000 - left;
          const full = bin.total === 0 ? 0 : Math.max(2.5, (bin.total / highest) * (height - 3));
          return (
            <g
              key={bin.fromMs} class={`bar${onSelect === undefined ? '' : ' is-button'}`} role={onSelect === undefined ? 'img' : 'button'} aria-label={describe(bin)}
              tabindex={onSelect === undefined ? undefined : index === entry ? 0 : -1}
              onClick={() => onSelect?.(bin)} onKeyDown={(event) => onKeyDown(event, index)}
              onMouseEnter={() => setHovered(bin.fromMs)} onMouseLeave={() => setHovered(undefined)} onBlur={() => setHovered(undefined)}
              onFocus={() => {
                setCurrent(bin.fromMs);
                setHovered(bin.fromMs);
              }}
            >
              <rect class="hit" x={left} y={0} width={width} height={height} />
              {sharesOf(bin).map(({ status, start, share }) => (
                <rect key={status} class={`fill-${status}`} x={left + 1} width={Math.max(1, width - 2)} y={height - (start + share) * full} height={share * full} />
              ))}
            </g>
          );
        })}
      </svg>
      <div class="histogram-axis" aria-hidden="true">
        {axis.ticks.map(({ ms, position }) => <span key={ms} style={{ left: `${position * 100}%` }}>{tick(ms)}</span>)}
      </div>
    </figure>
  );
}

function describe({ fromMs, toMs, total }: Bin): string {
  return `${tick(fromMs)} – ${tick(toMs)}: ${formatCount(total)}`;
}

/** As short as an axis needs it: `0.3 ms`, `10 ms`, `1 s`. */
function tick(ms: number): string {
  return ms < 1000 ? `${ms} ms` : ms < 60_000 ? `${ms / 1000} s` : `${Math.round(ms / 6000) / 10} min`;
}
