import type { SystemAnswer } from '@tapedeck/contracts';
import { EmptyState } from '../../ui/states.tsx';
import { WorkerCard } from './worker-card.tsx';

export function Workers({ system: { workers, lostWorkers } }: { system: SystemAnswer }) {
  return (
    <section aria-labelledby="workers">
      <h2 id="workers">Workers</h2>
      {!workers && <p>Not known: Redis does not answer.</p>}
      {workers?.length === 0 && <NoWorker />}
      <div className="worker-cards">
        {workers?.map((worker) => (
          <WorkerCard key={worker.workerId} worker={worker} />
        ))}
      </div>
      {lostWorkers.length > 0 && <LostWorkers workerIds={lostWorkers} />}
    </section>
  );
}

function NoWorker() {
  return (
    <EmptyState title="No worker is alive.">
      <p>
        Start one: <code>systemctl start tapedeck-worker@1</code>, <code>docker compose up -d worker</code>, or{' '}
        <code>npm run start:worker</code>. One that ends at once says why in its log; one that runs and is not here does
        not reach Redis.
      </p>
    </EmptyState>
  );
}

function LostWorkers({ workerIds }: { workerIds: readonly string[] }) {
  return (
    <div className="card lost-workers">
      <h3 id="lost">Lost</h3>
      <ul>
        {workerIds.map((workerId) => (
          <li key={workerId}>
            <code>{workerId}</code>
          </li>
        ))}
      </ul>
      <p>
        Vanished without a good-bye: killed, its machine died, or it is cut off from Redis. What it ran begins anew
        elsewhere within two minutes.
      </p>
      <ol>
        <li>
          Its name begins with its machine: look there, <code>journalctl -u &apos;tapedeck-worker@*&apos; -n 50</code>{' '}
          or <code>docker compose logs --tail 50 worker</code>.
        </li>
        <li>
          Start it, or another in its stead: <code>systemctl start tapedeck-worker@N</code> or{' '}
          <code>docker compose up -d worker</code>.
        </li>
      </ol>
      <p className="muted">
        Was it taken away on purpose? Then there is nothing to do: after 24 hours it is forgotten.
      </p>
    </div>
  );
}
