import { formatBytes, formatPercent } from '../../ui/format.ts';
import { ProgressBar } from '../../ui/progress-bar.tsx';

const HIGH = 0.8;
const FULL = 0.9;

/** @param label what is used: `Disk of worker-1` */
export function UsageBar({ usedBytes, totalBytes, label }: { usedBytes: number; totalBytes: number; label: string }) {
  const ratio = totalBytes > 0 ? usedBytes / totalBytes : 0;
  const tone = ratio > FULL ? 'bad' : ratio > HIGH ? 'warn' : '';
  return (
    <div className={`usage ${tone}`}>
      <span>
        {formatBytes(usedBytes)} of {formatBytes(totalBytes)}{' '}
        <span className="usage-ratio">({formatPercent(ratio)})</span>
      </span>
      <ProgressBar percent={Math.min(100, ratio * 100)} label={label} />
    </div>
  );
}
