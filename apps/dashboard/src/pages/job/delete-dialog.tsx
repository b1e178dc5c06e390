import type { JobView } from '@tapedeck/contracts';
import { useState } from 'react';
import { Confirm } from '../../ui/confirm.tsx';
import { formatBytes } from '../../ui/format.ts';
import { listUrls } from './result-urls.ts';

interface DeleteDialogProps {
  job: JobView;
  isBusy: boolean;
  onConfirm(withFiles: boolean): void;
  onClose(): void;
}

/** Names what is deleted: what is known of the job, and its files when they are meant, too. */
export function DeleteDialog({ job, isBusy, onConfirm, onClose }: DeleteDialogProps) {
  const [wantsFiles, setWantsFiles] = useState(false);
  const output = job.resultDeletedAt === null ? job.output : null;
  const withFiles = wantsFiles && output !== null;
  const isAlive = job.status === 'queued' || job.status === 'processing';
  return (
    <Confirm
      title="Delete this job?"
      action={withFiles ? 'Delete the job and its files' : 'Delete the job'}
      isDanger
      isBusy={isBusy}
      onConfirm={() => onConfirm(withFiles)}
      onClose={onClose}
    >
      <p>
        All that is known of {job.kind} <b>{job.slug}</b> ({job.reference}, <code>{job.jobId}</code>) is deleted: this
        page shows it no more. {isAlive && 'It is canceled before.'}
      </p>
      {output && (
        <>
          <label className="check">
            <input
              type="checkbox"
              checked={wantsFiles}
              onChange={({ currentTarget }) => setWantsFiles(currentTarget.checked)}
            />
            Delete its files, too: {formatBytes(output.size)}
          </label>
          <ul className="delete-list">
            {listUrls(output).map(({ label, url }) => (
              <li key={label}>
                {label}: <span className="muted">{url}</span>
              </li>
            ))}
          </ul>
          <p>{withFiles ? 'Whoever has these addresses finds nothing there.' : 'These files stay where they are.'}</p>
        </>
      )}
    </Confirm>
  );
}
