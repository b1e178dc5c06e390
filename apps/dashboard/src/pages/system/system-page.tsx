import type { SystemAnswer } from '@tapedeck/contracts';
import { useQuery } from '@tanstack/react-query';
import { systemQuery } from '../../api/queries.ts';
import { useSession } from '../../api/session.ts';
import { Age } from '../../ui/age.tsx';
import { Answer } from '../../ui/answer.tsx';
import { usePageTitle } from '../../ui/page-title.ts';
import { CleanupPanel } from './cleanup.tsx';
import { FindingsList } from './findings-list.tsx';
import { findTrouble } from './findings.ts';
import { Queues } from './queues.tsx';
import { Services } from './services.tsx';
import { TestCallback } from './test-callback.tsx';
import { Workers } from './workers.tsx';
import './system.css';

/** What converts, what it needs, and what is wrong with it. */
export function SystemPage() {
  usePageTitle('System');
  const query = useQuery(systemQuery);
  const { mayChange } = useSession();
  return (
    <>
      <div className="page-head">
        <h1>System</h1>
        <span className="muted">{query.data && <LastUpdate atMs={query.data.atMs} />}</span>
      </div>
      <div className="system">
        <Answer query={query} rows={10}>
          {(system) => <Fleet system={system} />}
        </Answer>
        {/* They know by themselves whether they can be done: also while the rest cannot be told. */}
        {mayChange && (
          <div className="by-hand">
            <CleanupPanel />
            <TestCallback />
          </div>
        )}
      </div>
    </>
  );
}

function LastUpdate({ atMs }: { atMs: number }) {
  return (
    <>
      Last update <Age at={atMs} />
    </>
  );
}

function Fleet({ system }: { system: SystemAnswer }) {
  return (
    <>
      <FindingsList findings={findTrouble(system)} />
      <Workers system={system} />
      <Queues queues={system.queues} />
      <Services system={system} />
    </>
  );
}
