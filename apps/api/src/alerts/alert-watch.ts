import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  claimChore,
  isRedisRefusal,
  loadAlertStates,
  loadVitals,
  saveAlertStates,
  type Backend,
  type Redis,
} from '@tapedeck/jobs';
import type { Logger } from '@tapedeck/runtime';
import type { AlertChannel } from '@tapedeck/transfer';
import { readDisk } from '../read-disk.ts';
import { advance, CALM, markTold, parseAlertState, type AlertState } from './alert-state.ts';
import { buildNotice, type AlertOrigin } from './build-notice.ts';
import { FLEET_CONDITIONS, REDIS_AWAY, type Condition, type WatchedVitals } from './conditions.ts';

export interface AlertWatchOptions {
  backend: Backend;
  dataDir: string;
  channels: readonly AlertChannel[];
  origin: AlertOrigin;
  intervalMs: number;
  logger: Logger;
}

export interface AlertWatch {
  /** Looks once, and tells whoever is to be told, within the interval. Never throws. */
  look(nowMs: number, signal: AbortSignal): Promise<void>;
}

/** Of the interval: nobody begins a look while another may still be at it, and timers do not agree to the millisecond. */
const CLAIM = 0.9;
const BUDGET = 0.8;

/**
 * Runs in the API: when the last worker dies, nobody else is left to say so. What is known of the fleet's alerts is in
 * Redis, so another replica neither repeats nor forgets; only what it knows of Redis itself, a replica keeps to itself.
 */
export function createAlertWatch(options: AlertWatchOptions): AlertWatch {
  const { intervalMs, logger } = options;
  const own: States = new Map();
  return {
    async look(nowMs, stopping) {
      const signal = AbortSignal.any([stopping, AbortSignal.timeout(intervalMs * BUDGET)]);
      const problem = await lookAtFleet(options, nowMs, signal).then(
        () => undefined,
        (error: unknown) => {
          logger.warn({ err: error }, 'alerts could not be looked for');
          return describeProblem(error);
        },
      );
      advanceAll(own, [REDIS_AWAY], { replica: hostname(), problem }, { channels: options.channels, nowMs });
      await tellAll(own, [REDIS_AWAY], options, signal);
    },
  };
}

/** Until the signal. */
export async function keepWatch(watch: AlertWatch, intervalMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await watch.look(Date.now(), signal);
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

type States = Map<string, AlertState>;

/** @throws what Redis did, or that it did nothing */
async function lookAtFleet(options: AlertWatchOptions, nowMs: number, signal: AbortSignal): Promise<void> {
  const { backend, channels, intervalMs } = options;
  const { redis } = backend;
  if (!(await claimChore(redis, 'alerts', Math.ceil(intervalMs * CLAIM)))) return;
  const [states, vitals] = await Promise.all([loadStates(redis), loadWatchedVitals(options, nowMs)]);
  const changed = advanceAll(states, FLEET_CONDITIONS, vitals, { channels, nowMs });
  await saveStates(redis, states, changed);
  await tellAll(states, FLEET_CONDITIONS, options, signal, (alert) => saveStates(redis, states, [alert]));
}

async function loadWatchedVitals({ backend, dataDir }: AlertWatchOptions, nowMs: number): Promise<WatchedVitals> {
  const [vitals, disk] = await Promise.all([loadVitals(backend, nowMs), readDisk(dataDir)]);
  return { ...vitals, dataDiskUsedRatio: disk ? 1 - disk.freeBytes / disk.totalBytes : undefined };
}

/** @returns the alerts of which something is to be kept, or forgotten */
function advanceAll<Subject>(
  states: States,
  conditions: readonly Condition<Subject>[],
  subject: Subject,
  { channels, nowMs }: { channels: readonly AlertChannel[]; nowMs: number },
): string[] {
  const names = channels.map(({ name }) => name);
  return conditions.flatMap(({ alert, forMs, find }) => {
    const before = states.get(alert);
    const after = advance(before, { finding: find(subject), forMs, channels: names, nowMs });
    setState(states, alert, after);
    return before || after ? [alert] : [];
  });
}

/** Channels do not wait for each other. One that fails is left alone until the next look: it may take long to fail. */
async function tellAll(
  states: States,
  conditions: readonly Omit<Condition<never>, 'find' | 'forMs'>[],
  { channels, origin, logger }: AlertWatchOptions,
  signal: AbortSignal,
  onTold: (alert: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const tell = async ({ name, send }: AlertChannel): Promise<void> => {
    for (const condition of conditions) {
      const { alert } = condition;
      const { message, owed } = states.get(alert) ?? CALM;
      if (!message || !owed.includes(name)) continue;
      const failure = await send(buildNotice(condition, message, origin), signal).catch((error: unknown) => ({
        error,
      }));
      if (failure) {
        logger.warn({ alert, channel: name, err: failure.error }, 'the notice was not taken; it is tried again');
        return;
      }
      logger.info({ alert, channel: name, status: message.status }, 'operators were told');
      setState(states, alert, markTold(states.get(alert)!, name));
      await onTold(alert);
    }
  };
  for (const result of await Promise.allSettled(channels.map(tell))) {
    if (result.status === 'rejected') throw result.reason;
  }
}

function setState(states: States, alert: string, state: AlertState | undefined): void {
  if (state) states.set(alert, state);
  else states.delete(alert);
}

async function loadStates(redis: Redis): Promise<States> {
  const states: States = new Map();
  for (const [alert, text] of Object.entries(await loadAlertStates(redis))) {
    setState(states, alert, parseAlertState(text));
  }
  return states;
}

async function saveStates(redis: Redis, states: States, alerts: readonly string[]): Promise<void> {
  const texts = alerts.map((alert) => {
    const state = states.get(alert);
    return [alert, state && JSON.stringify(state)] as const;
  });
  if (texts.length > 0) await saveAlertStates(redis, Object.fromEntries(texts));
}

/** The first word of what Redis says is its code; the rest may quote what was asked. */
function describeProblem(error: unknown): string {
  if (isRedisRefusal(error) && error instanceof Error) return `it answers ${error.message.split(' ')[0]}`;
  return 'it does not answer';
}
