import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

/** Where a list stood when it was left. */
export interface ListPlace {
  readonly rows: number;
  /** In pixels. */
  readonly top: number;
}

const REST_MS = 100;

/** The place that is kept with the present entry of the browser's history: who goes back, or loads again, finds it; who follows a link begins at the top. */
export function placeInHistory(): ListPlace | undefined {
  return (history.state as { list?: ListPlace } | null)?.list;
}

/** Goes to a place once as many rows are there, and from then on keeps where the list stands. */
export function useListPlace(place: ListPlace | undefined, rows: number, isThere: boolean): void {
  const isRestored = useRef(place === undefined);
  useLayoutEffect(() => {
    if (isRestored.current || !isThere) return;
    isRestored.current = true;
    scrollTo(0, place?.top ?? 0);
  }, [isThere]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const keep = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (isRestored.current) history.replaceState({ ...history.state as object | null, list: { rows, top: scrollY } }, '');
      }, REST_MS);
    };
    addEventListener('scroll', keep, { passive: true });
    return () => {
      removeEventListener('scroll', keep);
      clearTimeout(timer);
    };
  }, [rows]);
}
