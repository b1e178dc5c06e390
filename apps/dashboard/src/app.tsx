import { Component, Suspense, type ReactNode } from 'react';
import { Redirect, Route, Router, Switch } from 'wouter';
import { LiveProvider } from './api/live.tsx';
import { ActivityPage } from './pages/activity/activity-page.tsx';
import { ErrorsPage } from './pages/errors/errors-page.tsx';
import { JobPage } from './pages/job/job-page.tsx';
import { JobsPage } from './pages/jobs/jobs-page.tsx';
import { OverviewPage } from './pages/overview/overview-page.tsx';
import { SystemPage } from './pages/system/system-page.tsx';
import { LostBanner } from './shell/live-sign.tsx';
import { Shell } from './shell/shell.tsx';
import { usePageTitle } from './ui/page-title.ts';
import { EmptyState, ErrorState, Loading } from './ui/states.tsx';
import { ToastsProvider } from './ui/toasts.tsx';

export function App() {
  return (
    <ErrorBoundary>
      <Suspense fallback={<Loading rows={8} />}>
        <LiveProvider>
          <ToastsProvider>
            <Router base="/admin">
              <Shell>
                <LostBanner />
                <Pages />
              </Shell>
            </Router>
          </ToastsProvider>
        </LiveProvider>
      </Suspense>
    </ErrorBoundary>
  );
}

function Pages() {
  return (
    <Switch>
      <Route path="/" component={OverviewPage} />
      <Route path="/jobs" component={JobsPage} />
      <Route path="/jobs/:jobId">{({ jobId }) => <JobPage key={jobId} jobId={jobId} />}</Route>
      <Route path="/errors" component={ErrorsPage} />
      <Route path="/system" component={SystemPage} />
      <Route path="/activity" component={ActivityPage} />
      <Route path="/index.html">
        <Redirect to="/" replace />
      </Route>
      <Route component={NoPage} />
    </Switch>
  );
}

function NoPage() {
  usePageTitle('No such page');
  return (
    <EmptyState title="There is no such page.">
      <p>The pages are in the bar above.</p>
    </EmptyState>
  );
}

/** A mistake of ours in one place must say so, and not leave a white page. */
class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined };
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    const again = (): void => window.location.reload();
    return <ErrorState error={error} onRetry={again} whenUnreachable="Load the page again when it is back." />;
  }
}
