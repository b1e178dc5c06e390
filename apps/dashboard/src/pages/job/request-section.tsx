import type { JobDetails, JobView } from '@tapedeck/contracts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { formatTime } from '../../ui/format.ts';
import { buildFacts, type Fact } from './facts.ts';
import { FactsList } from './facts-list.tsx';
import { Section } from './section.tsx';

/** What was asked for. */
export function RequestSection({ job, details }: { job: JobView; details: JobDetails | undefined }) {
  const facts: Fact[] = [
    text('Kind', job.kind),
    text('Bucket', job.bucket),
    text('Slug', job.slug),
    text('Accepted', formatTime(Date.parse(job.createdAt))),
    ...(details ? detailFacts(details) : []),
  ];
  return (
    <Section title="Request">
      {details && (
        <p className="url-line">
          <span className="break">{details.sourceUrl}</span>
          <CopyButton text={details.sourceUrl} label="Copy the source's address" />
        </p>
      )}
      <FactsList facts={facts} />
    </Section>
  );
}

function detailFacts({ caller, priority, run, outputName, options }: JobDetails): Fact[] {
  return [
    text('Caller', caller),
    text('Priority', priority),
    text('Run', String(run)),
    text('Output name', outputName),
    ...buildFacts(options),
  ];
}

const text = (label: string, value: string): Fact => ({ label, is: 'text', text: value || '–' });

export function MetadataSection({ metadata }: { metadata: NonNullable<JobView['metadata']> }) {
  const json = JSON.stringify(metadata, null, 2);
  return (
    <Section title="Metadata" aside={<CopyButton text={json} label="Copy the metadata" />}>
      <pre className="scroll wrap" tabIndex={0} role="region" aria-label="The metadata as JSON">
        {json}
      </pre>
    </Section>
  );
}
