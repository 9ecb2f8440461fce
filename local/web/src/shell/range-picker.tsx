import { describeRange, RANGES, rangeFromText, rangeToText, TimeRange } from '../time-range';

/** The span of time that a view looks at. A fixed one comes from an address and stays offered while it is in use. */
export function RangePicker({ range, onChange }: { range: TimeRange; onChange: (range: TimeRange) => void }) {
  const current = rangeToText(range);
  const isOffered = range.kind === 'all' || RANGES.some(({ key }) => key === current);
  return (
    <label class="range-picker">
      <span class="visually-hidden">Time range</span>
      <select
        class="select" value={current}
        onChange={(event) => {
          const next = rangeFromText(event.currentTarget.value);
          if (next !== undefined) onChange(next);
        }}
      >
        {RANGES.map(({ key, label }) => <option key={key} value={key}>{label}</option>)}
        <option value="all">All time</option>
        {!isOffered && <option value={current}>{describeRange(range)}</option>}
      </select>
    </label>
  );
}
