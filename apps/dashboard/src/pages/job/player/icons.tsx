const PATHS = {
  play: 'M7 4v16l13-8z',
  pause: 'M6 4h4v16H6zM14 4h4v16h-4z',
  sound: 'M3 9v6h4l5 5V4L7 9zM15 8.5a4 4 0 0 1 0 7v-7zM15 4v2a6.5 6.5 0 0 1 0 12v2a8.5 8.5 0 0 0 0-16z',
  muted:
    'M3 9v6h4l5 5V4L7 9zM15 9.4 16.4 8 19 10.6 21.6 8 23 9.4 20.4 12l2.6 2.6-1.4 1.4L19 13.4 16.4 16 15 14.6l2.6-2.6z',
  full: 'M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z',
  small: 'M8 4h2v6H4V8h4zM14 4h2v4h4v2h-6zM4 14h6v6H8v-4H4zM14 14h6v2h-4v4h-2z',
} as const;

/** Its button has the words. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
