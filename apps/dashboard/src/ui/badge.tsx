import type { CallbackStatus, JobStatus } from '@tapedeck/contracts';
import type { ReactNode } from 'react';

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'quiet';

/** Never by its colour alone: the word says it. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}

const STATUS_TONES: Record<JobStatus, Tone> = {
  queued: 'quiet',
  processing: 'busy',
  completed: 'good',
  failed: 'bad',
  canceled: 'warn',
};

export function StatusBadge({ status }: { status: JobStatus }) {
  return <Badge tone={STATUS_TONES[status]}>{status}</Badge>;
}

const CALLBACK_TONES: Record<CallbackStatus, Tone> = { pending: 'quiet', delivered: 'good', exhausted: 'bad' };

export function CallbackBadge({ status }: { status: CallbackStatus }) {
  return <Badge tone={CALLBACK_TONES[status]}>{status}</Badge>;
}
