import { STATUS_LABELS, Status } from '../status';

/** What became of something: a form of its own for each status, so that colour is not all that tells them apart. */
export function StatusMark({ status, code, isCompact = false }: { status: Status; code?: number; isCompact?: boolean }) {
  const label = STATUS_LABELS[status];
  return (
    <span class={`status status-${status}`} title={code === undefined ? label : `${label}, HTTP ${code}`}>
      <svg class="status-shape" viewBox="0 0 12 12" width="10" height="10" aria-hidden="true" focusable="false"><path d={SHAPES[status]} /></svg>
      <span class={isCompact ? 'visually-hidden' : ''}>{label}{code === undefined ? '' : ` ${code}`}</span>
    </span>
  );
}

const SHAPES: Record<Status, string> = {
  ok: 'M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1Z',
  error: 'M6 .8 11.6 11H.4Z',
  fault: 'M3.6 1h4.8L11 3.6v4.8L8.4 11H3.6L1 8.4V3.6Z',
  throttle: 'M6 .4 11.6 6 6 11.6.4 6Z',
  pending: 'M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1Zm0 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6Z',
};
