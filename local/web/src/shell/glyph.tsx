/** Small line drawings of the page, 16 by 16, in the colour of the text around them. */
const PATHS = {
  warning: 'M8 2.2 14.4 13.4H1.6L8 2.2ZM8 6.4v3.2M8 11.6v.1',
  inbox: 'M2 9.5 4 3h8l2 6.5V13H2V9.5Zm0 0h3.4l.9 1.6h3.4l.9-1.6H14',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9',
  moon: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8Z',
  contrast: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2Zm0 0v11.6M8 5l4.6-.6M8 8h5.8M8 11l4.6.6',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M5.5 5.5h7v8h-7zM3.5 10.5v-8h7',
  download: 'M8 2.5v7M5 6.8 8 9.8l3-3M3 13h10',
  plus: 'M8 3.5v9M3.5 8h9',
  minus: 'M3.5 8h9',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  chevron: 'M6 4l4 4-4 4',
  search: 'M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4ZM10.2 10.2l3.3 3.3',
  back: 'M9.5 3.5 5 8l4.5 4.5',
  snow: 'M8 2v12M2.8 5l10.4 6M13.2 5 2.8 11M6.2 3.2 8 4.6l1.8-1.4M6.2 12.8 8 11.4l1.8 1.4',
} as const;

export function Glyph({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="glyph" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}
