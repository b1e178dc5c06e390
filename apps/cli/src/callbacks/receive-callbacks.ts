import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { MAX_CALLBACK_BYTES, TapedeckError, verifyCallback, type CallbackEvent } from '@tapedeck/client';

export interface Reception {
  /** What was answered. */
  status: number;
  /** Absent where nothing was verified. */
  event?: CallbackEvent;
  /** Was the same event verified before? */
  isAgain?: boolean;
  error?: { code: string; message: string };
}

export interface ReceiverOptions {
  secrets: readonly string[];
  /** As verifyCallback takes it. */
  toleranceSec: number | undefined;
  /** Of the answer to what is verified. */
  status: number;
  /** So many requests are answered 503, to see them come again. */
  failFirst: number;
  onReception: (reception: Reception) => void;
}

/** Longer than it takes to send one, shorter than anybody would wait for it. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Node answers 408 at most so long after its time is up. */
const CHECK_INTERVAL_MS = 1_000;
const FAILED_STATUS = 503;

/** A receiver as a caller has one: verifies what comes before it reads it. It does not listen yet. */
export function createReceiver(options: ReceiverOptions): Server {
  const seen = new Set<string>();
  let count = 0;
  const receive = async (request: IncomingMessage): Promise<Reception> => {
    if (request.method !== 'POST') return refuse(405, 'METHOD_NOT_ALLOWED', `expected POST, got ${request.method}`);
    count += 1;
    if (count <= options.failFirst) {
      request.resume();
      return refuse(
        FAILED_STATUS,
        'FAILED_ON_PURPOSE',
        `request ${count} of ${options.failFirst} that fail on purpose`,
      );
    }
    const body = await readBody(request);
    if (!body) return refuse(413, 'CALLBACK_BODY_TOO_LARGE', `expected at most ${MAX_CALLBACK_BYTES} bytes, got more`);
    return verify(request, body, seen, options);
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const reception = await receive(request);
    // What was not read to its end cannot be followed by another request.
    response.writeHead(reception.status, request.complete ? {} : { connection: 'close' }).end();
    options.onReception(reception);
  };
  return createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: CHECK_INTERVAL_MS },
    (request, response) => {
      answer(request, response).catch((error: unknown) => {
        response.destroy();
        // One that breaks off has nobody to be told of it; all else is a bug.
        if (request.complete) throw error;
      });
    },
  );
}

async function verify(
  { headers }: IncomingMessage,
  body: Buffer,
  seen: Set<string>,
  { secrets, toleranceSec, status }: ReceiverOptions,
): Promise<Reception> {
  try {
    const event = await verifyCallback({ headers, body }, secrets, { toleranceSec });
    const isAgain = seen.has(event.eventId);
    seen.add(event.eventId);
    return { status, event, isAgain };
  } catch (error) {
    if (!(error instanceof TapedeckError)) throw error;
    return refuse(401, error.code, error.message);
  }
}

/** @returns undefined when it is too large: it is not read any further */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_CALLBACK_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refuse(status: number, code: string, message: string): Reception {
  return { status, error: { code, message } };
}
