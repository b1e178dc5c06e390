import { usePageTitle } from '../../ui/page-title.ts';
import { Figures } from './figures.tsx';
import { HourCharts } from './hour-charts.tsx';
import { LatestActivity } from './latest-activity.tsx';
import './overview.css';
import { RunningJobs } from './running-jobs.tsx';
import { TopErrors } from './top-errors.tsx';

/** How it is, and how it has been. */
export function OverviewPage() {
  usePageTitle('Overview');
  return (
    <>
      <div className="page-head">
        <h1>Overview</h1>
      </div>
      <Figures />
      <div className="panels">
        <RunningJobs />
        <TopErrors />
        <LatestActivity />
      </div>
      <HourCharts />
    </>
  );
}
