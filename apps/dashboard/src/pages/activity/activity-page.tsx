import { Link, useSearch } from 'wouter';
import { usePageTitle } from '../../ui/page-title.ts';
import { AuditTrail } from './audit-trail.tsx';
import { JobFeed } from './job-feed.tsx';
import { buildViewUrl, parseView, type ActivityView } from './view.ts';
import './activity.css';

/** What happened to jobs lately, and what people have done. */
export function ActivityPage() {
  usePageTitle('Activity');
  const view = parseView(useSearch());
  return (
    <>
      <div className="page-head">
        <h1>Activity</h1>
        <nav aria-label="What is shown" className="activity-choice">
          <Choice show="jobs" view={view}>
            Jobs
          </Choice>
          <Choice show="audit" view={view}>
            Audit trail
          </Choice>
        </nav>
      </div>
      {view.show === 'jobs' ? <JobFeed /> : <AuditTrail before={view.before} />}
    </>
  );
}

function Choice({ show, view, children }: Pick<ActivityView, 'show'> & { view: ActivityView; children: string }) {
  return (
    <Link
      href={buildViewUrl({ show, before: undefined })}
      className="button"
      aria-current={view.show === show ? 'page' : undefined}
    >
      {children}
    </Link>
  );
}
