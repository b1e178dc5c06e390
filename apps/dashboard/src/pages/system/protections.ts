/** What follows where FFmpeg is not kept from it: docs/operations.md, "What keeps FFmpeg in its place". */
const WITHOUT: Readonly<Record<string, string>> = {
  'dies with the worker': 'a killed worker leaves an FFmpeg behind',
  'first to go when memory ends': 'the kernel may end the worker instead of its FFmpeg',
  'bounded file size, CPU time and memory': "only the container's limit holds",
  'no new privileges': 'programs with rights of their own may be used',
  'no network': 'an FFmpeg that was taken over reaches Redis and the world',
  'no files but its own': 'it reads what the worker can read',
  'no processes but its own': 'it sees other processes and their environment',
  'bounded number of processes': "only the container's limit holds",
};

/** undefined for a protection of another version. */
export function describeLack(protection: string): string | undefined {
  return Object.hasOwn(WITHOUT, protection) ? WITHOUT[protection] : undefined;
}
