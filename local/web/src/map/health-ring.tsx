import { arc } from 'd3-shape';
import { formatShare } from '../formatting';
import { sharesOf } from '../histogram';
import { STATUS_LABELS, StatusCounts } from '../status';

/** X-Ray's ring: the shares of ok, error, throttle and fault around a node. */
export function HealthRing({ counts, radius, thickness }: { counts: StatusCounts; radius: number; thickness: number }) {
  const shares = sharesOf(counts);
  if (shares.length === 0) return <circle class="ring-empty" r={radius - thickness / 2} fill="none" stroke-width={thickness} />;
  return (
    <g>
      {shares.map(({ status, start, share }) => (
        <path key={status} class={`ring fill-${status}`} d={segment(start, share, radius, thickness)}>
          <title>{`${STATUS_LABELS[status]}: ${formatShare(share)}`}</title>
        </path>
      ))}
    </g>
  );
}

function segment(start: number, share: number, radius: number, thickness: number): string {
  // A sliver must still be seen.
  const shown = Math.max(share, 0.02);
  return arc()({
    innerRadius: radius - thickness,
    outerRadius: radius,
    startAngle: start * 2 * Math.PI,
    endAngle: Math.min(1, start + shown) * 2 * Math.PI,
    padAngle: share < 1 ? 0.06 : 0,
  }) ?? '';
}
