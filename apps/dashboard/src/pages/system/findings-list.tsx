import { Link } from 'wouter';
import { Badge } from '../../ui/badge.tsx';
import { Command } from '../../ui/command.tsx';
import type { Finding } from './findings.ts';

/** What needs somebody, before all figures. */
export function FindingsList({ findings }: { findings: readonly Finding[] }) {
  return (
    <section aria-label="What needs somebody" className="findings">
      <p role="status" className="findings-sum">
        {findings.length === 0 ? 'All is as it should be.' : summarize(findings.length)}
      </p>
      <ul role="list">
        {findings.map((finding) => (
          <Row key={finding.what} finding={finding} />
        ))}
      </ul>
    </section>
  );
}

function summarize(count: number): string {
  return count === 1 ? 'One thing is not as it should be:' : `${count} things are not as they should be:`;
}

function Row({ finding: { verdict, what, advice, command, link } }: { finding: Finding }) {
  return (
    <li className={`finding ${verdict}`}>
      <Badge tone={verdict === 'fails' ? 'bad' : 'warn'}>{verdict === 'fails' ? 'fails' : 'warning'}</Badge>
      <div>
        <p className="finding-what">{what}</p>
        <p>
          {advice} {command && <Command>{command}</Command>}
          {link &&
            (link.href.startsWith('#') ? (
              <a href={link.href}>{link.label}</a>
            ) : (
              <Link href={link.href}>{link.label}</Link>
            ))}
        </p>
      </div>
    </li>
  );
}
