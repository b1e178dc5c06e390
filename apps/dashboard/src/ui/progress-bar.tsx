/** @param percent 0 to 100 */
export function ProgressBar({ percent, label }: { percent: number; label: string }) {
  return <progress className="progress" max={100} value={percent} aria-label={label} />;
}
