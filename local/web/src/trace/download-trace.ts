import type { TraceReport } from '../../../src/xray/model/trace-of-documents';

/** Saves a trace as `aws xray batch-get-traces` prints it. */
export function downloadTrace(report: TraceReport): void {
  const address = URL.createObjectURL(new Blob([JSON.stringify({ Traces: [report] }, undefined, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `trace-${report.Id}.json`;
  link.click();
  // Not at once: the browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
