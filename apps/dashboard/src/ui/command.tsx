import { CopyButton } from './copy-button.tsx';

/** What to type in a shell that has the environment of a worker. */
export function Command({ children }: { children: string }) {
  return (
    <span className="command">
      <code>{children}</code> <CopyButton text={children} label={`Copy: ${children}`} />
    </span>
  );
}
