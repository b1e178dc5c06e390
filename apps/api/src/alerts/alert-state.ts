import { z } from 'zod';
import type { Finding } from './conditions.ts';

/**
 * What is known of an alert between two looks. There is none while its condition does not hold and all was said.
 *
 * An alert is *calm* until its condition holds, *pending* until that has lasted for the condition's time, and then
 * *firing* until it has not held for ten minutes: one that comes and goes is one alert. Of both ends there is a
 * message, of which only the latest is kept. A channel is *owed* it until it took it; a channel that was told of a
 * firing and of nothing since is among the *told*, and is owed no other firing. So no channel hears of two firings
 * without an end between them, nor of anything twice; one that took no message for long hears how it ended.
 */
const stateSchema = z.object({
  heldSinceMs: z.number().optional(),
  isFiring: z.boolean(),
  /** Since when a firing alert's condition does not hold. */
  clearSinceMs: z.number().optional(),
  message: z
    .object({
      status: z.enum(['firing', 'resolved']),
      sinceMs: z.number(),
      untilMs: z.number().optional(),
      finding: z.object({ summary: z.string(), figures: z.record(z.string(), z.number()) }),
    })
    .optional(),
  owed: z.array(z.string()).readonly(),
  told: z.array(z.string()).readonly(),
});
export type AlertState = Readonly<z.output<typeof stateSchema>>;
export type AlertMessage = NonNullable<AlertState['message']>;

export const RESOLVE_AFTER_MS = 10 * 60_000;

export const CALM: AlertState = { isFiring: false, owed: [], told: [] };

/** What a look found, and to whom it may be told. */
export interface Look {
  finding: Finding | undefined;
  forMs: number;
  channels: readonly string[];
  nowMs: number;
}

/** @returns undefined for one that is calm */
export function advance(before: AlertState | undefined, look: Look): AlertState | undefined {
  const isThere = (channel: string): boolean => look.channels.includes(channel);
  const state = before ?? CALM;
  const known = { ...state, owed: state.owed.filter(isThere), told: state.told.filter(isThere) };
  return unlessCalm(look.finding ? hold(known, look.finding, look) : clear(known, look));
}

function hold(state: AlertState, finding: Finding, { forMs, channels, nowMs }: Look): AlertState {
  const heldSinceMs = state.heldSinceMs ?? nowMs;
  const held = { ...state, heldSinceMs, clearSinceMs: undefined };
  if (state.isFiring) return { ...held, message: state.message && { ...state.message, finding } };
  if (nowMs - heldSinceMs < forMs) return held;
  return {
    ...held,
    isFiring: true,
    message: { status: 'firing', sinceMs: heldSinceMs, finding },
    owed: channels.filter((channel) => !state.told.includes(channel)),
  };
}

function clear(state: AlertState, { channels, nowMs }: Look): AlertState {
  const calmer = { ...state, heldSinceMs: undefined };
  if (!state.isFiring || !state.message) return calmer;
  const clearSinceMs = state.clearSinceMs ?? nowMs;
  if (nowMs - clearSinceMs < RESOLVE_AFTER_MS) return { ...calmer, clearSinceMs };
  return {
    ...calmer,
    isFiring: false,
    clearSinceMs: undefined,
    message: { ...state.message, status: 'resolved', untilMs: clearSinceMs },
    owed: channels,
  };
}

/** The channel took the message. @returns undefined for one that is calm */
export function markTold(state: AlertState, channel: string): AlertState | undefined {
  const others = state.told.filter((other) => other !== channel);
  return unlessCalm({
    ...state,
    owed: state.owed.filter((other) => other !== channel),
    told: state.message?.status === 'firing' ? [...others, channel] : others,
  });
}

function unlessCalm(state: AlertState): AlertState | undefined {
  return state.isFiring || state.heldSinceMs !== undefined || state.owed.length > 0 ? state : undefined;
}

/** What is not as this version writes it counts as calm. */
export function parseAlertState(text: string): AlertState | undefined {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
