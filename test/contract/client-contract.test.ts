import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import type * as client from '@tapedeck/client';
import type * as contracts from '@tapedeck/contracts';
import type { z } from 'zod';
import { buildClientContract, CONTRACT_PATH } from '../../scripts/client-contract.ts';

test('the client’s types are those that npm run client-types writes', async () => {
  expect(await readFile(CONTRACT_PATH, 'utf8')).toBe(await buildClientContract());
});

/** Whether each is assignable to the other. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type AllTrue<T extends readonly true[]> = T;
/** Zod says nothing about the type of what it preprocesses. */
type KnownLadder<T> = Omit<T, 'ladder'>;
/** That a reference must be there is in the schema's conversion, which has no type. */
type Named = { mongoId: string | number } | { id: string | number };
type HlsInput = z.input<typeof contracts.hlsRequestSchema>;
type CallbackBody = z.output<typeof contracts.callbackBodySchema>;

/**
 * The client's types and those of the contracts can stand for each other. Judged by `npm run types` alone: where one
 * cannot, this does not compile.
 */
export type TypesStandForEachOther = AllTrue<
  [
    Same<client.TapeRequest, z.input<typeof contracts.tapeRequestSchema> & Named>,
    Same<KnownLadder<client.HlsRequest>, KnownLadder<Omit<HlsInput, 'upload'> & Named>>,
    Same<NonNullable<client.HlsRequest['ladder']>, contracts.LadderChoice>,
    Same<client.Accepted, contracts.Accepted>,
    Same<client.KnownErrorCode, contracts.ErrorCode>,
    contracts.JobView extends client.Job ? true : false,
    contracts.JobList extends client.JobList ? true : false,
    CallbackBody extends client.Callback ? true : false,
    Same<client.TapeOutput, contracts.TapeOutput>,
    Same<client.HlsOutput, contracts.HlsOutput>,
    Same<client.Job['status'], contracts.JobStatus>,
    Same<client.TestCallback, z.output<typeof contracts.testCallbackBodySchema>>,
  ]
>;
