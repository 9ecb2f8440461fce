import type { ComponentChildren } from 'preact';

/** A failed request; what was there before stays on the page. */
export function ErrorNotice({ error, onRetry }: { error: Error; onRetry: () => void }) {
  return (
    <div class="error-notice" role="alert">
      <span>{error.message}</span>
      <button type="button" class="button" onClick={onRetry}>Try again</button>
    </div>
  );
}

export function EmptyNotice({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="notice">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** For what takes longer than a moment: CSS shows it late, so that a fast answer does not flicker. */
export function Loading({ what }: { what: string }) {
  return <p class="loading" role="status">Loading {what}…</p>;
}
