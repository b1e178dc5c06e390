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
import { EmptyState, ErrorState, Loading } from './ui/notice.tsx';
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
      <Route>
        <EmptyState title="There is no such page.">
          <p>The pages are in the bar above.</p>
        </EmptyState>
      </Route>
    </Switch>
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
    return error ? <ErrorState error={error} onRetry={() => window.location.reload()} /> : this.props.children;
  }
}
