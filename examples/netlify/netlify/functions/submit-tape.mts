import type { Config } from '@netlify/functions';
import { createClient, TapedeckError } from '@tapedeck/client';
import { parseSlug } from '../lib/parse-slug.mts';
import { buildCallbackUrl, readSetting } from '../lib/settings.mts';

export const config: Config = { path: '/api/tapes', method: 'POST' };

/** Visitors name a tape, and never a URL: what they may have converted is what lies at TAPES_URL. */
export default async function submitTape(request: Request): Promise<Response> {
  const slug = parseSlug(await request.json().catch(() => undefined));
  if (slug === undefined) {
    return Response.json({ error: 'slug: expected 1 to 100 letters, digits, _ and -' }, { status: 400 });
  }
  const client = createClient({ baseUrl: readSetting('TAPEDECK_URL'), token: readSetting('TAPEDECK_TOKEN') });
  try {
    const { jobId } = await client.convertTape({
      ...{ mongoId: slug, slug, bucket: readSetting('TAPES_BUCKET') },
      zipUrl: `${readSetting('TAPES_URL')}/${slug}.zip`,
      callbackUrl: buildCallbackUrl(),
    });
    return Response.json({ slug, jobId }, { status: 202 });
  } catch (error) {
    if (!(error instanceof TapedeckError)) throw error;
    console.error(`${slug} was not taken: ${error.code}: ${error.message}`);
    return Response.json({ error: error.code }, { status: error.retryable ? 503 : 502 });
  }
}
