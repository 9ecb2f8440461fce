/** Space of one node in pixels: the circle, and the text under it. */
export interface NodeSize {
  readonly width: number;
  readonly height: number;
  readonly radius: number;
  /** Room above and below the rest for a call of itself: a bow over the circle, and its text. */
  readonly loop: number;
}
