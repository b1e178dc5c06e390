import { access, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { poll } from './poll.ts';
import { createTempDir } from './temp-dir.ts';

export type ToolName = 'ffmpeg' | 'ffprobe';

export interface Misbehaviour {
  /** A call that has this among its arguments; others are let through. */
  when: string;
  /** Bash: `args` is what the real program, `$real`, gets unless this ends. It runs in the attempt's workspace. */
  does: string;
}

/** Real programs in the place of FFmpeg and ffprobe, that do as they are told. */
export interface MisbehavingTools {
  /** For a worker. */
  env: { FFMPEG_PATH: string; FFPROBE_PATH: string };
  misbehave(tool: ToolName, misbehaviour: Misbehaviour): Promise<void>;
  /** The next such call does nothing until the tool is told to behave. */
  hold(tool: ToolName, when: string): Promise<void>;
  /** Resolves when a call is being held. */
  untilHeld(tool: ToolName): Promise<void>;
  behave(tool: ToolName): Promise<void>;
  remove(): Promise<void>;
}

const SCRIPT = resolve(import.meta.dirname, 'misbehaving-tool');

export async function createMisbehavingTools(): Promise<MisbehavingTools> {
  const temp = await createTempDir('tools');
  const pathOf = (tool: ToolName): string => join(temp.dir, tool);
  for (const tool of ['ffmpeg', 'ffprobe'] as const) await symlink(SCRIPT, pathOf(tool));
  const misbehave = async (tool: ToolName, { when, does }: Misbehaviour): Promise<void> => {
    await writeFile(`${pathOf(tool)}.when`, when);
    await writeFile(`${pathOf(tool)}.does`, does);
  };
  return {
    env: { FFMPEG_PATH: pathOf('ffmpeg'), FFPROBE_PATH: pathOf('ffprobe') },
    misbehave,
    hold: (tool, when) =>
      misbehave(tool, { when, does: 'touch "$0.held"; while [[ -f $0.does ]]; do sleep 0.05; done' }),
    async untilHeld(tool) {
      const isHeld = () =>
        access(`${pathOf(tool)}.held`).then(
          () => true as const,
          () => undefined,
        );
      await poll(`a call of ${tool} to be held`, isHeld);
    },
    async behave(tool) {
      for (const name of ['does', 'held']) await rm(`${pathOf(tool)}.${name}`, { force: true });
    },
    remove: temp.remove,
  };
}
