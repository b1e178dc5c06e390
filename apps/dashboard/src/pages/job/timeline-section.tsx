import { Link } from 'wouter';
import { Age } from '../../ui/age.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { useNowMs } from '../../ui/clock.ts';
import { formatDuration } from '../../ui/format.ts';
import { Section } from './section.tsx';
import {
  layOutPhases,
  measureMs,
  type AttemptEnding,
  type Failure,
  type TimelineAttempt,
  type TimelineItem,
  type TimelineRun,
} from './timeline.ts';

/** Where the time went: the last run is open, those before it are folded. */
export function TimelineSection({ runs }: { runs: readonly TimelineRun[] }) {
  const earlier = runs.slice(0, -1);
  const last = runs.at(-1);
  return (
    <Section title="Timeline">
      {!last && <p className="muted">Nothing is known of how it went: its history is empty.</p>}
      {earlier.map((run, index) => (
        <details key={index} className="fold">
          <summary>
            Run {run.run}: {describeRun(run)}
          </summary>
          <RunItems items={run.items} />
        </details>
      ))}
      {last && earlier.length > 0 && <h3>Run {last.run}</h3>}
      {last && <RunItems items={last.items} />}
    </Section>
  );
}

function describeRun({ items }: TimelineRun): string {
  const attempts = items.filter(({ what }) => what === 'attempt').length;
  const last = items.at(-1);
  const end = last?.what === 'attempt' ? last.ending && ENDINGS[last.ending.how].text : last?.text;
  return `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}${end ? `, ${end.toLowerCase()}` : ''}`;
}

function RunItems({ items }: { items: readonly TimelineItem[] }) {
  return (
    <ol className="timeline">
      {items.map((item, index) => (
        <li key={index}>
          {item.what === 'attempt' ? (
            <Attempt attempt={item} />
          ) : (
            <p className="timeline-note">
              {item.text}{' '}
              <span className="muted">
                <Age at={item.atMs} />
              </span>
            </p>
          )}
          {item.what === 'note' && item.failure && <FailureText failure={item.failure} />}
        </li>
      ))}
    </ol>
  );
}

const ENDINGS: Record<AttemptEnding['how'], { tone: Tone; text: string }> = {
  completed: { tone: 'good', text: 'Completed' },
  failed: { tone: 'bad', text: 'Failed' },
  canceled: { tone: 'warn', text: 'Canceled' },
  'handed-back': { tone: 'warn', text: 'Handed back' },
  lost: { tone: 'bad', text: 'Lost with its worker' },
};

function Attempt({ attempt }: { attempt: TimelineAttempt }) {
  const nowMs = useNowMs();
  const { ending, workerId, waitedMs, startMs, phases } = attempt;
  const wholeMs = measureMs({ startMs, endMs: ending?.atMs ?? null }, nowMs);
  const places = layOutPhases(attempt, nowMs);
  const { tone, text } = ending ? ENDINGS[ending.how] : { tone: 'busy' as const, text: 'At work' };
  return (
    <article className="attempt" aria-label={`Attempt ${attempt.attempt}`}>
      <div className="attempt-head">
        <b>Attempt {attempt.attempt}</b>
        <Badge tone={tone}>{text}</Badge>
        <span>{formatDuration(wholeMs / 1000)}</span>
        <span className="muted">
          {waitedMs !== null && `after ${formatDuration(waitedMs / 1000)} in the queue, `}
          <Age at={startMs} />
          {workerId === null ? ', its beginning is forgotten' : `, on ${workerId}`}
        </span>
      </div>
      <ul className="phases">
        {phases.map((span, index) => {
          const { from, to } = places[index]!;
          const isFault = ending?.failure != null && index === phases.length - 1;
          return (
            <li key={index}>
              <span>{span.phase}</span>
              <span className="phase-track" aria-hidden="true">
                <span
                  className={`phase-bar ${isFault ? 'bad' : span.endMs === null ? 'busy' : ''}`}
                  style={{ marginInlineStart: `${from * 100}%`, width: `${(to - from) * 100}%` }}
                />
              </span>
              <span className="number">
                {formatDuration(measureMs(span, nowMs) / 1000)}
                {isFault && <span className="visually-hidden">, it failed here</span>}
              </span>
            </li>
          );
        })}
      </ul>
      {ending?.failure && <FailureText failure={ending.failure} />}
    </article>
  );
}

function FailureText({ failure: { code, message, phase } }: { failure: Failure }) {
  return (
    <p className="failure-text">
      <Link href={`/jobs?code=${encodeURIComponent(code)}`}>{code}</Link>
      {phase && ` in ${phase}`}: {message}
    </p>
  );
}
