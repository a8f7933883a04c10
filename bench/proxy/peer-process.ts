/** A peer as a process: started with a log, and waited for until clients are served by it and by nothing else. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { UpstreamError } from '../../core/errors/sluice-error.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import { defaultMetadataRequest } from '../../gateway/kafka/wire/generated/metadata.ts';
import { type Entrance, openClient } from './login.ts';

/** A proxy to measure. */
export interface Peer extends Entrance {
  readonly name: string;
  /** The process whose tree is counted. */
  readonly pid: number;
}

/** Starts a peer in front of the port `broker`; `start` gets the file descriptor of its log. */
export async function startPeer(
  { dir, broker, ...peer }: Omit<Peer, 'pid'> & { readonly dir: string; readonly broker: number },
  start: (log: number) => ChildProcess,
): Promise<Peer> {
  const file = join(dir, `${peer.name.replace(/\W/g, '-')}.log`);
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
    await untilServed(peer, broker, () => failed);
  } catch (cause) {
    throw new TypeError(`${peer.name} did not start: ${readFileSync(file, 'utf8').slice(-2000)}`, { cause });
  }
  return { ...peer, pid: child.pid! };
}

/**
 * Waits, for a minute at most, until a peer answers and names itself as the broker: one that hands out the address of
 * the broker would be measured with clients that go past it. A login that is refused is not tried again.
 */
export async function untilServed(peer: Entrance, broker: number, failed: () => string | undefined): Promise<void> {
  let last: unknown;
  for (let left = 600; left > 0; left--) {
    const why = failed();
    if (why !== undefined) throw new TypeError(why);
    const ports = await brokerPorts(peer).catch((error: unknown): number[] => {
      if (error instanceof UpstreamError && error.code === 'BrokerRefused') {
        const who = `the login of ${peer.login?.user}`;
        throw new TypeError(`port ${peer.port} refuses ${who}: ${error.why}`, { cause: error });
      }
      last = error;
      return [];
    });
    if (ports.includes(broker)) throw new TypeError(`port ${peer.port} tells its clients the broker's own address`);
    if (ports.length > 0) return;
    await pause(100);
  }
  throw new TypeError(`no answer at port ${peer.port}`, { cause: last });
}

/** The ports of the brokers that clients of a peer are told of; at least one. */
async function brokerPorts(peer: Entrance): Promise<number[]> {
  using client = await openClient(peer);
  const late = setTimeout(() => client[Symbol.dispose](), 5_000); // which ends the question below
  try {
    const question = { ...defaultMetadataRequest, topics: [], allowAutoTopicCreation: false };
    const { brokers } = await client.ask(apis.Metadata, 12, question);
    if (brokers.length === 0) throw new TypeError(`it names no broker${peer.login ? '' : ' without a login'}`);
    return brokers.map((one) => one.port);
  } finally {
    clearTimeout(late);
  }
}
