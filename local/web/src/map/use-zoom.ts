import { select } from 'd3-selection';
import { zoom, ZoomBehavior, zoomIdentity, ZoomTransform } from 'd3-zoom';
import { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { fitScale } from './map-layout';

/** Nearer to the rim than so many pixels, a node is not fully seen. */
const REVEAL_MARGIN = 60;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Zoom {
  readonly transform: ZoomTransform;
  /** Everything in view. */
  fit(): void;
  /** Larger (above 1) or smaller. */
  by(factor: number): void;
  /** Moves so that a point of the picture is in view. */
  reveal(point: { x: number; y: number }): void;
}

/** A picture that is shown by itself: how small at most, and which point of it must be in view. */
export interface Opening {
  readonly minScale: number;
  readonly point?: { readonly x: number; readonly y: number };
}

/** Dragging, pinching and the wheel on an `svg`; until the user moves the picture it is fitted by itself, though never smaller than legible. */
export function useZoom(svg: RefObject<SVGSVGElement | null>, content: Size, space: Size, opening: Opening): Zoom {
  const [transform, setTransform] = useState<ZoomTransform>(zoomIdentity);
  const behaviour = useRef<ZoomBehavior<SVGSVGElement, unknown> | undefined>(undefined);
  const wasMoved = useRef(false);

  useEffect(() => {
    const element = svg.current;
    if (element === null) return undefined;
    behaviour.current = zoom<SVGSVGElement, unknown>()
      .scaleExtent([0.1, 3])
      // The wheel over a map scrolls the page, unless Ctrl is held or a node has the focus: a map must not catch who only passes by.
      .filter((event: Event) => event.type !== 'wheel' || (event as WheelEvent).ctrlKey || element.contains(document.activeElement))
      .on('zoom', (event: { transform: ZoomTransform; sourceEvent: Event | null }) => {
        if (event.sourceEvent !== null) wasMoved.current = true;
        setTransform(event.transform);
      });
    select(element).call(behaviour.current).on('dblclick.zoom', null);
    return () => {
      select(element).on('.zoom', null);
    };
  }, []);

  const set = (next: ZoomTransform): void => {
    if (svg.current !== null && behaviour.current !== undefined) select(svg.current).call(behaviour.current.transform, next);
  };
  const fit = (minScale: number, point?: { x: number; y: number }): void => {
    if (space.width === 0 || content.width === 0) return;
    const scale = Math.max(minScale, fitScale(content, space));
    const [width, height] = [content.width * scale, content.height * scale];
    // What is too large begins where the requests come in; a point that must be seen is moved to the middle.
    const along = (extent: number, room: number, at: number | undefined): number => {
      if (extent <= room) return (room - extent) / 2;
      return at === undefined || at * scale < room - REVEAL_MARGIN ? 0 : Math.max(room - extent, room / 2 - at * scale);
    };
    set(zoomIdentity.translate(along(width, space.width, point?.x), along(height, space.height, point?.y)).scale(scale));
  };
  useEffect(() => {
    if (!wasMoved.current) fit(opening.minScale, opening.point);
  }, [content.width, content.height, space.width, space.height, opening.point?.x, opening.point?.y]);

  return {
    transform,
    fit: () => {
      wasMoved.current = false;
      fit(0);
    },
    by: (factor) => {
      wasMoved.current = true;
      if (svg.current !== null && behaviour.current !== undefined) select(svg.current).call(behaviour.current.scaleBy, factor);
    },
    reveal: ({ x, y }) => {
      const [left, top] = transform.apply([x, y]);
      const isSeen = (place: number, room: number): boolean => place > REVEAL_MARGIN && place < room - REVEAL_MARGIN;
      if (isSeen(left, space.width) && isSeen(top, space.height)) return;
      wasMoved.current = true;
      if (svg.current !== null && behaviour.current !== undefined) select(svg.current).call(behaviour.current.translateTo, x, y);
    },
  };
}
