import { join } from 'node:path';
import { JobError } from '@tapedeck/contracts';
import type { EncodePlan } from '@tapedeck/media';
import type { Bench, Usage } from './measure.ts';
import { convertTape } from './ours.ts';
import type { BenchTape } from './tape.ts';

export interface BudgetResult {
  title: string;
  budgetBytes: number;
  /** What came of it, or why no plan fits. */
  outcome: { plan: EncodePlan; ffmpeg: Usage; sizeBytes: number } | { refusal: string };
}

const MIB = 1024 ** 2;
/** The part of a container's memory that the worker gives to FFmpeg. */
const ENCODE_SHARE = 0.7;

/** A large machine, and the two container sizes that are rented most. */
const BUDGETS = [
  { title: '24 GiB', budgetBytes: 24 * 1024 * MIB },
  { title: '0.7 × 1 GiB', budgetBytes: Math.floor(ENCODE_SHARE * 1024 * MIB) },
  { title: '0.7 × 512 MiB', budgetBytes: Math.floor(ENCODE_SHARE * 512 * MIB) },
];

/** One conversion for each budget: which plan it leads to, and how its estimate compares with the kernel's count. */
export async function measureBudgets(bench: Bench, tape: BenchTape, scale: number): Promise<BudgetResult[]> {
  const results: BudgetResult[] = [];
  for (const { title, budgetBytes } of BUDGETS) {
    const dir = join(bench.dir, `budget-${results.length}`);
    try {
      const { plan, ffmpeg, sizeBytes } = await convertTape(bench, tape, { dir, scale, budgetBytes });
      results.push({ title, budgetBytes, outcome: { plan, ffmpeg, sizeBytes } });
      console.log(`  · budget ${title}: ${ffmpeg.wallSec.toFixed(1)} s`);
    } catch (error) {
      if (!(error instanceof JobError) || error.code !== 'ENCODE_MEMORY_INSUFFICIENT') throw error;
      results.push({ title, budgetBytes, outcome: { refusal: `${error.code}: ${error.message}` } });
      console.log(`  · budget ${title}: ${error.code}`);
    }
  }
  return results;
}
