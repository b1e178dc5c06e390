import { describe, expect, test } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import type { Phase, ToolRunReport } from '@tapedeck/contracts';
import type { MediaTools, ToolReport } from '@tapedeck/media';
import { pino } from 'pino';
import { formatCommand, watchToolRuns } from './tool-runs.ts';

const TOOLS: MediaTools = { searchPath: '', ffmpegPath: '/opt/ffmpeg-7', ffprobePath: '/opt/ffprobe-7', guards: [] };
const logger = pino({ level: 'silent' });

const report = (changes: Partial<ToolReport> = {}): ToolReport => ({
  ...{ tool: 'ffmpeg', args: ['-i', 'file:a.mp4'], exitCode: 0, signal: null, timedOut: false, stalled: false },
  ...{ durationMs: 5, stderrTail: 'it said', isEncode: true },
  ...changes,
});

/** What is noted of these runs, in a phase. */
async function noteAll(reports: readonly ToolReport[], phase?: Phase): Promise<ToolRunReport[]> {
  const notes: ToolRunReport[] = [];
  const note = async (run: ToolRunReport): Promise<void> => void notes.push(run);
  const runs = watchToolRuns(TOOLS, { phases: { phase }, note, logger });
  for (const run of reports) runs.tools.onRun!(run);
  await runs.noted();
  return notes;
}

describe('the history of a job is told', () => {
  test('of each encode, and of what failed', async () => {
    const probes = [
      report({ isEncode: false }),
      report({ tool: 'ffprobe', isEncode: false }),
      report({ tool: 'ffprobe', isEncode: false, exitCode: null, signal: 'SIGKILL' }),
    ];
    const [encode, probe, ...others] = await noteAll([report(), ...probes], 'encode');
    expect(others).toEqual([]);
    expect(encode).toEqual({
      ...{ tool: 'ffmpeg', phase: 'encode', command: 'ffmpeg -i file:a.mp4', exitCode: 0, signal: null },
      ...{ timedOut: false, stalled: false, durationMs: 5, stderr: 'it said' },
    });
    expect(probe).toMatchObject({ tool: 'ffprobe', signal: 'SIGKILL' });
  });

  test('of no more than twenty in an attempt, and of some that failed after them', async () => {
    const encodes = Array<ToolReport>(30).fill(report({ isEncode: true }));
    const noted = await noteAll([...encodes, report({ exitCode: 1 })]);
    expect(noted).toHaveLength(21);
    expect(noted.at(-1)).toMatchObject({ exitCode: 1 });
    expect(await noteAll(Array<ToolReport>(60).fill(report({ exitCode: 1 })))).toHaveLength(40);
  });
});

test('an attempt ends when all is noted: after it, nothing may be written any more', async () => {
  let isNoted = false;
  const note = async (): Promise<void> => {
    await setImmediate();
    isNoted = true;
  };
  const runs = watchToolRuns(TOOLS, { phases: { phase: 'encode' }, note, logger });
  runs.tools.onRun!(report());
  await runs.noted();
  expect(isNoted).toBe(true);
});

test('what cannot be noted fails nothing', async () => {
  const warned: unknown[] = [];
  const write = (line: string): void => void warned.push(JSON.parse(line));
  const note = (): Promise<void> => Promise.reject(new Error('Redis is full'));
  const runs = watchToolRuns(TOOLS, { phases: { phase: 'encode' }, note, logger: pino({ level: 'warn' }, { write }) });
  runs.tools.onRun!(report());
  await runs.noted();
  expect(warned).toMatchObject([{ msg: "a run is not in the job's history" }]);
});

describe('a command', () => {
  test('is one that a shell takes', () => {
    const args = ['-vf', 'scale=1:2,format=a', '[0]b', "it's", '', '$HOME'];
    expect(formatCommand({ tool: 'ffmpeg', args })).toBe(
      String.raw`ffmpeg -vf scale=1:2,format=a '[0]b' 'it'\''s' '' '$HOME'`,
    );
  });

  test('that is too long has its beginning and its end', () => {
    const command = formatCommand({ tool: 'ffmpeg', args: ['x'.repeat(9_000), 'out.mp4'] });
    expect(command).toHaveLength(4_000);
    expect(command).toMatch(/^ffmpeg x+…x+ out\.mp4$/);
  });
});
