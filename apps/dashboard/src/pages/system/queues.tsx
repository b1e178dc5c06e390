import type { QueueView } from '@tapedeck/contracts';
import { useSession } from '../../api/session.ts';
import { Badge } from '../../ui/badge.tsx';
import { formatCount } from '../../ui/format.ts';
import { ClearQueue } from './clear-queue.tsx';
import { Fact } from './facts.tsx';
import { QueueSwitch } from './queue-switch.tsx';
import { Tile } from './tile.tsx';

/** What waits, and what is worked on. */
export function Queues({ queues }: { queues: readonly QueueView[] | null }) {
  return (
    <section aria-labelledby="queues">
      <h2 id="queues">Queues</h2>
      <p className="muted queues-words">
        Waiting: until a worker is free. Delayed: until a time that is set, to be tried again. Active: a worker is at
        it.
      </p>
      <div className="tiles">
        {!queues && <p>Not known: Redis does not answer.</p>}
        {queues?.map((queue) => (
          <Queue key={queue.name} queue={queue} />
        ))}
      </div>
    </section>
  );
}

function Queue({ queue }: { queue: QueueView }) {
  const { mayChange } = useSession();
  const { name, isPaused, waiting, delayed, active } = queue;
  const controls = mayChange && (
    <>
      <QueueSwitch queue={queue} />
      {name === 'conversions' && <ClearQueue />}
    </>
  );
  const sign = isPaused ? <Badge tone="warn">paused</Badge> : <Badge tone="good">goes on</Badge>;
  return (
    <Tile title={name} sign={sign} controls={controls}>
      <Fact name="Waiting">{formatCount(waiting)}</Fact>
      <Fact name="Delayed">{formatCount(delayed)}</Fact>
      <Fact name="Active">{formatCount(active)}</Fact>
    </Tile>
  );
}
