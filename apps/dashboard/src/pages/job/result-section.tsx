import type { JobDetails, JobView } from '@tapedeck/contracts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { formatBytes, formatClock, formatTime } from '../../ui/format.ts';
import { Player } from './player/player.tsx';
import { listUrls } from './result-urls.ts';
import { Section } from './section.tsx';

interface ResultSectionProps {
  job: JobView;
  /** undefined while they are loaded. */
  details: JobDetails | undefined;
  hasFailed: boolean;
}

export function ResultSection({ job, details, hasFailed }: ResultSectionProps) {
  const { output, resultDeletedAt } = job;
  if (!output) return null;
  const { duration, size, resolution } = output;
  const facts = [resolution ? resolution.join(' × ') : 'sound only', formatClock(duration), formatBytes(size)];
  return (
    <Section title="Result" aside={<span className="muted">{facts.join(' · ')}</span>}>
      {resultDeletedAt === null ? (
        <Playback output={output} playback={details?.playback} hasFailed={hasFailed} />
      ) : (
        <p className="note">
          It was deleted at {formatTime(Date.parse(resultDeletedAt))}, because it had reached the age at which results
          are deleted. These addresses lead nowhere any more.
        </p>
      )}
      <ul className="urls">
        {listUrls(output).map(({ label, url, note }) => (
          <li key={label}>
            <span className="url-label">
              {label} {note && <span className="muted">{note}</span>}
            </span>
            <span className="url-line">
              {resultDeletedAt === null ? (
                <a href={url} target="_blank" rel="noopener noreferrer">
                  {url}
                </a>
              ) : (
                <s>{url}</s>
              )}
              <CopyButton text={url} label={`Copy the address: ${label}`} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

interface PlaybackProps {
  output: NonNullable<JobView['output']>;
  playback: JobDetails['playback'] | undefined;
  hasFailed: boolean;
}

function Playback({ output, playback, hasFailed }: PlaybackProps) {
  const { resolution, duration } = output;
  if (playback) {
    return (
      <Player key={playback.url} {...{ playback, resolution }} isStream={'hlsUrl' in output} durationSec={duration} />
    );
  }
  if (playback === null) {
    return (
      <p className="note">
        It cannot be shown here: it lies at a place of the caller&apos;s own, or another job&apos;s result has taken its
        place.
      </p>
    );
  }
  if (hasFailed) return <p className="note">It cannot be shown here while the details cannot be loaded.</p>;
  const [width, height] = resolution ?? [16, 5];
  return (
    <div
      className="player-place"
      role="status"
      aria-label="Loading"
      style={{ aspectRatio: width / height, maxWidth: `calc(70vh * ${width / height})` }}
    />
  );
}
