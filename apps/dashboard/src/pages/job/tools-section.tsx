import { useState } from 'react';
import { Age } from '../../ui/age.tsx';
import { Badge } from '../../ui/badge.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Section } from './section.tsx';
import { describeToolRun, hasFailed, pickToolRun, type ToolRun } from './tool-runs.ts';

export function ToolsSection({ runs }: { runs: readonly ToolRun[] }) {
  const first = pickToolRun(runs);
  return (
    <Section title="FFmpeg">
      {runs.length === 0 && <p className="muted">It was not run for this job, or that is forgotten.</p>}
      {runs.map((run) => (
        <ToolRunDetails key={`${run.atMs} ${run.command}`} run={run} isFirst={run === first} />
      ))}
    </Section>
  );
}

/** What a person has folded or opened stays so, whatever comes. */
function ToolRunDetails({ run, isFirst }: { run: ToolRun; isFirst: boolean }) {
  const [isOpen, setIsOpen] = useState(isFirst);
  const { tool, phase, attempt, command, stderr, atMs } = run;
  return (
    <details className="fold" open={isOpen} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>
        <b>{tool}</b>
        {phase && ` in ${phase}`}, attempt {attempt}: {describeToolRun(run)}{' '}
        {hasFailed(run) && <Badge tone="bad">failed</Badge>}{' '}
        <span className="muted">
          <Age at={atMs} />
        </span>
      </summary>
      {isOpen && (
        <>
          <div className="pre-head">
            <span className="muted">Command</span>
            <CopyButton text={command} label={`Copy the command of ${tool}`} />
          </div>
          <pre className="scroll wrap" tabIndex={0} role="region" aria-label={`Command of ${tool}`}>
            {command}
          </pre>
          <div className="pre-head">
            <span className="muted">The end of what it said</span>
            {stderr !== '' && <CopyButton text={stderr} label={`Copy what ${tool} said`} />}
          </div>
          {stderr === '' ? (
            <p className="muted">Nothing.</p>
          ) : (
            <pre className="scroll" tabIndex={0} role="region" aria-label={`The end of what ${tool} said`}>
              {stderr}
            </pre>
          )}
        </>
      )}
    </details>
  );
}
