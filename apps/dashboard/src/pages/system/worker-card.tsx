import type { WorkerView } from '@tapedeck/contracts';
import { useId } from 'react';
import { Badge } from '../../ui/badge.tsx';
import { formatBytes } from '../../ui/format.ts';
import { Fact, Facts } from './facts.tsx';
import { describeLack } from './protections.ts';
import { RunningJob } from './running-job.tsx';
import { UsageBar } from './usage-bar.tsx';
import { WorkerSwitch } from './worker-switch.tsx';

export function WorkerCard({ worker }: { worker: WorkerView }) {
  const { workerId, isStandIn, busy, concurrency, isPaused, jobIds } = worker;
  const titleId = useId();
  return (
    <article className="card worker" aria-labelledby={titleId}>
      <div className="tile-head">
        <h3 id={titleId}>{workerId}</h3>
        <WorkerSwitch workerId={workerId} isPaused={isPaused} busy={busy} />
      </div>
      <p className="worker-state">
        <Badge tone={busy > 0 ? 'busy' : 'quiet'}>
          busy {busy} of {concurrency}
        </Badge>
        {isStandIn && <Badge tone="warn">stand-in of the API</Badge>}
        {isPaused && <Badge tone="warn">paused: takes no other job</Badge>}
      </p>
      {jobIds.length > 0 && (
        <ul className="worker-jobs" role="list" aria-label="What it runs">
          {jobIds.map((jobId) => (
            <RunningJob key={jobId} jobId={jobId} />
          ))}
        </ul>
      )}
      <WorkerFacts worker={worker} />
      <Protections {...worker.protections} />
    </article>
  );
}

function WorkerFacts({ worker }: { worker: WorkerView }) {
  const { workerId, version, ffmpegVersion, memory, freeDiskBytes, totalDiskBytes } = worker;
  return (
    <Facts>
      <Fact name="Version">{version}</Fact>
      <Fact name="FFmpeg">{ffmpegVersion ?? 'not known'}</Fact>
      <Fact name="Memory">
        {memory ? `${formatBytes(memory.nodeBytes)} + FFmpeg ${formatBytes(memory.ffmpegBytes)}` : 'not known'}
      </Fact>
      <Fact name="Disk">
        {totalDiskBytes === null ? (
          `${formatBytes(freeDiskBytes)} free`
        ) : (
          <UsageBar
            usedBytes={totalDiskBytes - freeDiskBytes}
            totalBytes={totalDiskBytes}
            label={`Used of the disk of ${workerId}`}
          />
        )}
      </Fact>
    </Facts>
  );
}

function Protections({ held, missing }: WorkerView['protections']) {
  return (
    <>
      {missing.length > 0 && (
        <div className="protections-missing">
          <p>FFmpeg is not protected in all ways:</p>
          <ul>
            {missing.map((protection) => (
              <li key={protection}>
                <b>{protection}</b>: missing{describeLack(protection) && `, so ${describeLack(protection)}`}
              </li>
            ))}
          </ul>
          <p>
            <code>npm run tapedeck -- doctor ffmpeg</code> on its machine tells how to get them.
          </p>
        </div>
      )}
      <details>
        <summary>
          {held.length === 1 ? 'One protection holds' : `${held.length} protections hold`}
          {missing.length === 0 && ', none is missing'}
        </summary>
        <ul>
          {held.map((protection) => (
            <li key={protection}>{protection}</li>
          ))}
        </ul>
      </details>
    </>
  );
}
