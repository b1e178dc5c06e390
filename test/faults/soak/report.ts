import type { SoakResult } from './soak.ts';

/** For people: what happened, what was found, and how to see it again. */
export function reportSoak(seed: number, { broken, counts, jobs, sizes, dir }: SoakResult): string {
  const told = [...counts].filter(([what]) => !what.startsWith('over: '));
  const lines = told.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([what, count]) => `  ${count} × ${what}`);
  const verdict =
    broken.length === 0
      ? [`${jobs} jobs, every promise was kept`]
      : [
          `${jobs} jobs, ${broken.length} promises were not kept (seed ${seed}, history and logs in ${dir}):`,
          ...broken,
        ];
  return [...lines, `  ${sizes.join('; ')}`, ...verdict].join('\n');
}
