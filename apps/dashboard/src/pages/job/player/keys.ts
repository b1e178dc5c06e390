/** What a key asks of the player. */
export type PlayerKey = 'toggle' | 'back' | 'forward' | 'mute' | 'full';

const KEYS: Readonly<Record<string, PlayerKey>> = {
  ' ': 'toggle',
  k: 'toggle',
  ArrowLeft: 'back',
  ArrowRight: 'forward',
  m: 'mute',
  f: 'full',
};

export interface PressedKey {
  key: string;
  /** With Ctrl, Alt or Meta: the browser's. */
  isModified: boolean;
  /** What has the focus: its name in lower case, and of an input what it is for. */
  focused: { tag: string; isVolume: boolean };
}

/** @returns undefined for what the focused control, or the browser, does itself */
export function readKey({ key, isModified, focused }: PressedKey): PlayerKey | undefined {
  const asked = KEYS[key.length === 1 ? key.toLowerCase() : key];
  if (asked === undefined || isModified || focused.tag === 'select') return undefined;
  if (key === ' ' && (focused.tag === 'button' || focused.tag === 'a')) return undefined;
  if (focused.isVolume && (asked === 'back' || asked === 'forward')) return undefined;
  return asked;
}
