import type { SystemAnswer } from '@tapedeck/contracts';
import { Badge } from '../../ui/badge.tsx';
import { formatBytes, formatCount, formatDuration } from '../../ui/format.ts';
import { Fact } from './facts.tsx';
import { countFfmpegVersions } from './findings.ts';
import { Tile } from './tile.tsx';
import { UsageBar } from './usage-bar.tsx';

/** What the API and the workers work with. */
export function Services({ system }: { system: SystemAnswer }) {
  const { redis, storage, disk, workers } = system;
  return (
    <section aria-labelledby="services">
      <h2 id="services">Services</h2>
      <div className="tiles">
        <Tile title="Redis" sign={<OkBadge ok={redis.ok} />}>
          <Fact name="Answers in">{formatDuration(redis.latencyMs / 1000)}</Fact>
          <Fact name="Memory">
            <RedisMemory {...redis} />
          </Fact>
        </Tile>
        <Tile title="Store" sign={<OkBadge ok={storage.ok} />}>
          <Fact name="Driver">{storage.driver}</Fact>
          <Fact name="Answers in">{formatDuration(storage.latencyMs / 1000)}</Fact>
          <Fact name="Results">{storage.storedBytes === null ? 'not known' : formatBytes(storage.storedBytes)}</Fact>
        </Tile>
        <ApiTile api={system.api} />
        <Tile title="Disk of DATA_DIR">
          <Fact name="Used">
            {disk ? (
              <UsageBar
                usedBytes={disk.totalBytes - disk.freeBytes}
                totalBytes={disk.totalBytes}
                label="Used of the disk of DATA_DIR"
              />
            ) : (
              'Not known: it could not be measured.'
            )}
          </Fact>
        </Tile>
        <Tile title="FFmpeg of the workers">
          {countFfmpegVersions(workers ?? []).map(({ version, count }) => (
            <Fact key={version} name={count === 1 ? 'One worker' : `${count} workers`}>
              {version}
            </Fact>
          ))}
          {workers?.length === 0 && <Fact name="Version">no worker is alive</Fact>}
        </Tile>
        <CallbacksTile callbacks={system.callbacks} />
      </div>
    </section>
  );
}

function OkBadge({ ok }: { ok: boolean }) {
  return ok ? <Badge tone="good">ok</Badge> : <Badge tone="bad">away</Badge>;
}

function RedisMemory({ usedBytes, maxBytes }: SystemAnswer['redis']) {
  if (usedBytes === null) return 'not known';
  if (!maxBytes) return `${formatBytes(usedBytes)}, without a bound`;
  return <UsageBar usedBytes={usedBytes} totalBytes={maxBytes} label="Used of what Redis may use" />;
}

function ApiTile({ api }: Pick<SystemAnswer, 'api'>) {
  return (
    <Tile title="API">
      <Fact name="Version">{api.version}</Fact>
      <Fact name="Up for">{formatDuration(api.uptimeSec)}</Fact>
      <Fact name="Node.js">{api.nodeVersion}</Fact>
      <Fact name="Memory">{formatBytes(api.memoryBytes)}</Fact>
    </Tile>
  );
}

function CallbacksTile({ callbacks }: Pick<SystemAnswer, 'callbacks'>) {
  const count = (name: 'pending' | 'exhausted'): string => (callbacks ? formatCount(callbacks[name]) : 'not known');
  return (
    <Tile title="Callbacks">
      <Fact name="Pending">{count('pending')}</Fact>
      <Fact name="Given up">{count('exhausted')}</Fact>
    </Tile>
  );
}
