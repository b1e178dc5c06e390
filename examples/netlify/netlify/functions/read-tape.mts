import type { Config, Context } from '@netlify/functions';
import { readResult } from '../lib/tapes.mts';

export const config: Config = { path: '/api/tapes/:slug', method: 'GET' };

export default async function readTape(_request: Request, { params }: Context): Promise<Response> {
  const result = await readResult(params['slug'] ?? '');
  return result === null ? Response.json({ status: 'waiting' }, { status: 404 }) : Response.json(result);
}
