import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { useSession } from '../api/session.ts';
import { LiveSign } from './live-sign.tsx';

const PAGES = [
  { href: '/', label: 'Overview' },
  { href: '/jobs', label: 'Jobs' },
  { href: '/errors', label: 'Errors' },
  { href: '/system', label: 'System' },
  { href: '/activity', label: 'Activity' },
] as const;

/** What every page has around it. */
export function Shell({ children }: { children: ReactNode }) {
  const { name, environmentName } = useSession();
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <header className="header">
        <span className="brand">Tapedeck</span>
        {environmentName && <EnvironmentBadge name={environmentName} />}
        <Navigation />
        <LiveSign />
        <form method="post" action="/admin/logout" className="signed-in">
          <span className="muted">{name}</span>
          <button type="submit" className="plain">
            Sign out
          </button>
        </form>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

/** Whoever cancels jobs in the wrong place has looked at the wrong page. */
function EnvironmentBadge({ name }: { name: string }) {
  return <span className={`badge ${/^prod/i.test(name) ? 'bad' : 'good'}`}>{name}</span>;
}

function Navigation() {
  const [path] = useLocation();
  const isAt = (href: string): boolean => (href === '/' ? path === '/' : path.startsWith(href));
  return (
    <nav aria-label="Pages">
      {PAGES.map(({ href, label }) => (
        <Link key={href} href={href} aria-current={isAt(href) ? 'page' : undefined}>
          {label}
        </Link>
      ))}
      {/* Bull Board is a page of its own. */}
      <a href="/admin/queues">Queues</a>
    </nav>
  );
}
