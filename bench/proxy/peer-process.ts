/** A peer as a process: started with a log, and waited for until clients are served by it and by nothing else. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import { defaultMetadataRequest } from '../../gateway/kafka/wire/generated/metadata.ts';
import { RawClient } from '../../test/support/raw-client.ts';

/** A proxy to measure. */
export interface Peer {
  readonly name: string;
  /** On loopback. */
  readonly port: number;
  /** The process whose tree is counted. */
  readonly pid: number;
}

/** Starts a peer in front of the port `broker`; `start` gets the file descriptor of its log. */
export async function startPeer(
  { name, port, dir, broker }: Omit<Peer, 'pid'> & { readonly dir: string; readonly broker: number },
  start: (log: number) => ChildProcess,
): Promise<Peer> {
  const file = join(dir, `${name.replace(/\W/g, '-')}.log`);
  const log = openSync(file, 'a');
  const child = start(log);
  closeSync(log);
  let failed: string | undefined;
  child.once('error', ({ message }) => {
    failed = message;
  });
  child.once('exit', (code, signal) => {
    failed ??= `it ended with ${String(code ?? signal)}`;
  });
  try {
    await untilServed(port, broker, () => failed);
  } catch (cause) {
    throw new TypeError(`${name} did not start: ${readFileSync(file, 'utf8').slice(-2000)}`, { cause });
  }
  return { name, port, pid: child.pid! };
}

/**
 * Waits, for a minute at most, until a port answers and names itself as the broker: a peer that hands out the address
 * of the broker would be measured with clients that go past it.
 */
export async function untilServed(port: number, broker: number, failed: () => string | undefined): Promise<void> {
  let last: unknown;
  for (let left = 600; left > 0; left--) {
    const why = failed();
    if (why !== undefined) throw new TypeError(why);
    const ports = await brokerPorts(port).catch((error: unknown): number[] => {
      last = error;
      return [];
    });
    if (ports.includes(broker)) throw new TypeError(`port ${port} tells its clients the broker's own address`);
    if (ports.length > 0) return;
    await pause(100);
  }
  throw new TypeError(`no answer at port ${port}`, { cause: last });
}

/** The ports of the brokers that clients of a port are told of. */
async function brokerPorts(port: number): Promise<number[]> {
  using client = await RawClient.open(port);
  const late = setTimeout(() => client[Symbol.dispose](), 5_000); // which ends the question below
  try {
    const question = { ...defaultMetadataRequest, topics: [], allowAutoTopicCreation: false };
    const { brokers } = await client.ask(apis.Metadata, 12, question);
    return brokers.map((one) => one.port);
  } finally {
    clearTimeout(late);
  }
}
