import { createReadStream } from 'node:fs';

const PACKET_BYTES = 188;
const SYNC = 0x47;
const NULL_PID = 0x1fff;

/** What of a transport stream (Rec. ITU-T H.222.0, 2.4.3) arrived damaged or not at all. */
export interface TransportFaults {
  /** Packets that do not begin with the sync byte. */
  damaged: number;
  /** Where the counter of a track jumps: packets are missing. */
  gaps: number;
}

/** Decoders show something in the place of what is lost, and often say nothing. */
export async function countTransportFaults(path: string): Promise<TransportFaults> {
  const faults: TransportFaults = { damaged: 0, gaps: 0 };
  const counters = new Map<number, number>();
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([pending, chunk]);
    const end = bytes.length - (bytes.length % PACKET_BYTES);
    for (let at = 0; at < end; at += PACKET_BYTES) countPacket(bytes.subarray(at, at + PACKET_BYTES), counters, faults);
    pending = bytes.subarray(end);
  }
  return faults;
}

function countPacket(packet: Buffer, counters: Map<number, number>, faults: TransportFaults): void {
  if (packet[0] !== SYNC) {
    faults.damaged += 1;
    return;
  }
  const pid = packet.readUInt16BE(1) & 0x1fff;
  const control = packet[3]!;
  const hasPayload = (control & 0x10) !== 0;
  // An adaptation field may say that the counter begins anew.
  const beginsAnew = (control & 0x20) !== 0 && packet[4]! > 0 && (packet[5]! & 0x80) !== 0;
  if (pid === NULL_PID || !hasPayload) return;
  const counter = control & 0x0f;
  const before = counters.get(pid);
  counters.set(pid, counter);
  // A packet may be sent twice.
  const follows = before === undefined || counter === (before + 1) % 16 || counter === before;
  if (!follows && !beginsAnew) faults.gaps += 1;
}
