import { select } from 'd3-selection';
import { zoom, ZoomBehavior, zoomIdentity, ZoomTransform } from 'd3-zoom';
import { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { fitScale } from './map-layout';

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

/** Dragging, pinching and the wheel on an `svg`; `fit` happens by itself until the user moves the picture. */
export function useZoom(svg: RefObject<SVGSVGElement | null>, content: Size, space: Size): Zoom {
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
  const fit = (): void => {
    if (space.width === 0 || content.width === 0) return;
    const scale = fitScale(content, space);
    set(zoomIdentity.translate((space.width - content.width * scale) / 2, (space.height - content.height * scale) / 2).scale(scale));
  };
  useEffect(() => {
    if (!wasMoved.current) fit();
  }, [content.width, content.height, space.width, space.height]);

  return {
    transform,
    fit: () => {
      wasMoved.current = false;
      fit();
    },
    by: (factor) => {
      wasMoved.current = true;
      if (svg.current !== null && behaviour.current !== undefined) select(svg.current).call(behaviour.current.scaleBy, factor);
    },
    reveal: ({ x, y }) => {
      const [left, top] = transform.apply([x, y]);
      const margin = 60;
      if (left > margin && left < space.width - margin && top > margin && top < space.height - margin) return;
      wasMoved.current = true;
      if (svg.current !== null && behaviour.current !== undefined) select(svg.current).call(behaviour.current.translateTo, x, y);
    },
  };
}
