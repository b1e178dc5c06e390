import type { CleanupName } from '@tapedeck/contracts';
import { useState } from 'react';
import { Confirm } from '../../ui/confirm.tsx';
import { CLEANUP_NAMES, CLEANUP_WORDS, summarize } from './cleanup-log.ts';
import { CleanupReport } from './cleanup-report.tsx';
import { useCleanup, type CleanupRun } from './use-cleanup.ts';

/** What a worker does by itself every few minutes, by hand: first what it would do, then, if it is wanted, that. */
export function CleanupPanel() {
  const [only, setOnly] = useState<readonly CleanupName[]>(CLEANUP_NAMES);
  const [isAsking, setIsAsking] = useState(false);
  const { run, begin, stop, forget } = useCleanup();
  const isRunning = run?.state === 'running';
  // The question tells what was found for this choice: another choice needs another look.
  const choose = (chosen: readonly CleanupName[]): void => {
    setOnly(chosen);
    forget();
  };
  const isReady = run?.state === 'over' && run.dryRun && run.log.done > 0;
  return (
    <section aria-labelledby="cleanup" className="card">
      <h2 id="cleanup">Cleanup</h2>
      <p className="muted">A worker does this by itself every few minutes. Here it is done at once.</p>
      <Choice only={only} isDisabled={isRunning} onChoose={choose} />
      <div className="buttons">
        <button type="button" disabled={isRunning || only.length === 0} onClick={() => begin(true, only)}>
          See what it would do
        </button>
        {isReady && (
          <button type="button" className="danger" onClick={() => setIsAsking(true)}>
            Do it …
          </button>
        )}
        {isRunning && (
          <button type="button" onClick={stop}>
            Stop
          </button>
        )}
      </div>
      {run && <CleanupReport run={run} />}
      {isAsking && run && (
        <AskCleanup
          run={run}
          onClose={() => setIsAsking(false)}
          onConfirm={() => {
            setIsAsking(false);
            begin(false, run.only);
          }}
        />
      )}
    </section>
  );
}

interface ChoiceProps {
  only: readonly CleanupName[];
  isDisabled: boolean;
  onChoose(only: readonly CleanupName[]): void;
}

function Choice({ only, isDisabled, onChoose }: ChoiceProps) {
  const toggle = (name: CleanupName, isOn: boolean): void =>
    onChoose(CLEANUP_NAMES.filter((other) => (other === name ? isOn : only.includes(other))));
  return (
    <fieldset className="cleanup-choice" disabled={isDisabled}>
      <legend>What is cleaned up</legend>
      {CLEANUP_NAMES.map((name) => (
        <label key={name}>
          <input
            type="checkbox"
            checked={only.includes(name)}
            onChange={({ target }) => toggle(name, target.checked)}
          />
          <span>
            <b>{CLEANUP_WORDS[name].name}</b> {CLEANUP_WORDS[name].text}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function AskCleanup({ run, onConfirm, onClose }: { run: CleanupRun; onConfirm: () => void; onClose: () => void }) {
  const isDeletion = run.only.some((name) => CLEANUP_WORDS[name].isDeletion);
  return (
    <Confirm title="Clean up now?" action="Clean up" isDanger={isDeletion} onConfirm={onConfirm} onClose={onClose}>
      <p>By what was found just now: {summarize(run.log, true)}. What has changed since then is looked at again.</p>
      <ul>
        {run.only.map((name) => (
          <li key={name}>
            <b>{CLEANUP_WORDS[name].name}</b> {CLEANUP_WORDS[name].text}
          </li>
        ))}
      </ul>
      {isDeletion && <p>What is deleted does not come back.</p>}
    </Confirm>
  );
}
