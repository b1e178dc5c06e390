import type { JobView } from '@tapedeck/contracts';
import { useState } from 'react';

/** A place of one size, with the poster in it where there is one. It says nothing that the row does not. */
export function Poster({ job }: { job: JobView }) {
  const [isBroken, setIsBroken] = useState(false);
  const hasPoster = job.output?.posterUrl !== undefined && job.resultDeletedAt === null && !isBroken;
  return (
    <span className="poster" aria-hidden="true">
      {hasPoster ? (
        <img
          src={`/admin/media/${encodeURIComponent(job.jobId)}/poster.jpg`}
          alt=""
          loading="lazy"
          decoding="async"
          onError={() => setIsBroken(true)}
        />
      ) : (
        job.kind
      )}
    </span>
  );
}
