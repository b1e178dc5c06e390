const LANES = 4;

/** Several at once. The first failure lets the others finish what they have, and nothing new begins. */
export async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const failed = new AbortController();
  const lane = async (): Promise<void> => {
    for (const item of queue) {
      if (failed.signal.aborted) return;
      await work(item);
    }
  };
  const lanes = Array.from({ length: LANES }, () => lane().catch((error: unknown) => failed.abort(error)));
  await Promise.all(lanes);
  failed.signal.throwIfAborted();
}
