export function JobPage({ jobId }: { jobId: string }) {
  return <h1>{jobId}</h1>;
}
