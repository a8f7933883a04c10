/**
 * Other Kafka proxies to measure beside Sluice. Those of `--with` are fetched from package registries by the ordinary
 * clients of Go and Maven, and started here in front of the broker's plain listener. Those of `--peer` are started by
 * the user, in front of the port of `--broker-port`.
 */
import { goProgram } from '../../test/support/go-program.ts';
import { freePorts } from '../../test/support/kafka-broker.ts';
import { spawnBound } from './bound-child.ts';
import { fetchKroxylicious } from './kroxylicious.ts';
import type { Login } from './login.ts';
import { type Peer, startPeer, untilServed } from './peer-process.ts';

/** What the command line asks for. */
export interface PeersWanted {
  readonly start: readonly Startable[];
  readonly given: readonly Peer[];
  /** Where the broker has to listen; any free port when absent. */
  readonly brokerPort: number | undefined;
}

/** Starts peers in front of the broker's port, in a folder for their files; resolves when they answer. */
export type StartPeers = (stack: AsyncDisposableStack, dir: string, broker: number) => Promise<readonly Peer[]>;

const fetchers = { 'kafka-proxy': fetchKafkaProxy, kroxylicious: fetchKroxylicious };
type Startable = keyof typeof fetchers;
const startable = Object.keys(fetchers) as Startable[];

/** Reads `--with`, `--peer` and `--broker-port`; a TypeError says what is wrong with them. */
export function peersWanted(names: string, peers: readonly string[], port: string | undefined): PeersWanted {
  const wanted = names.split(',').filter((name) => name !== '');
  const unknown = wanted.filter((name) => !startable.some((one) => one === name));
  if (unknown.length > 0) throw new TypeError(`--with ${unknown.join()}: there are ${startable.join(', ')}`);
  const brokerPort = port === undefined ? undefined : Number(port);
  if (brokerPort !== undefined && !(Number.isInteger(brokerPort) && brokerPort > 0 && brokerPort < 65_536)) {
    throw new TypeError(`--broker-port ${port}: not a port`);
  }
  if (peers.length > 0 && brokerPort === undefined) {
    throw new TypeError('--peer needs --broker-port, the port of the broker that the peer stands in front of');
  }
  return {
    start: startable.filter((name) => wanted.includes(name)),
    given: peers.map(readPeer),
    brokerPort,
  };
}

const peerSyntax = /^([^=]+)=(?:([^:]+):(.+)@)?(?:127\.0\.0\.1|localhost):(\d+),(\d+)$/;

/** The error does not repeat the text, which may hold a password. */
function readPeer(text: string, place: number): Peer {
  const [, name, user, password, port, pid] = peerSyntax.exec(text) ?? [];
  if (name === undefined) {
    throw new TypeError(`--peer number ${place + 1}: NAME=[USER:PASSWORD@]127.0.0.1:PORT,PID is wanted`);
  }
  const login: Login | undefined =
    user === undefined || password === undefined
      ? undefined
      : { kind: 'scram', mechanism: 'SCRAM-SHA-512', user, password };
  return { name, port: Number(port), pid: Number(pid), login };
}

/** Fetches what has to be started, so that what cannot be had is known before anything runs. */
export async function fetchPeers({ start, given }: PeersWanted): Promise<StartPeers> {
  const starts: StartPeers[] = [];
  for (const name of start) {
    const fetched = fetchers[name]();
    starts.push(
      await fetched.catch((cause: unknown) => {
        throw new TypeError(`--with ${name}: its package registry did not give it`, { cause });
      }),
    );
  }
  return async (stack, dir, broker) => {
    const peers: Peer[] = [];
    for (const one of starts) peers.push(...(await one(stack, dir, broker)));
    for (const peer of given) {
      process.stderr.write(`waiting for ${peer.name} at port ${peer.port}; the broker is at port ${broker}\n`);
      await untilServed(peer, broker, () => undefined);
      peers.push(peer);
    }
    return peers;
  };
}

/** kafka-proxy, which passes on all bytes but the addresses in answers. */
async function fetchKafkaProxy(): Promise<StartPeers> {
  const program = await goProgram('github.com/grepplabs/kafka-proxy', '0.4.3');
  return async (stack, dir, broker) => {
    const [port] = (await freePorts(1)) as [number];
    const args = [
      ...['server', '--bootstrap-server-mapping', `127.0.0.1:${broker},127.0.0.1:${port}`],
      ...['--dynamic-listeners-disable', '--http-disable', '--log-level', 'warning'],
    ];
    const start = (log: number) => spawnBound(stack, program, args, { stdio: ['ignore', log, log] });
    return [await startPeer({ name: 'kafka-proxy', port, login: undefined, dir, broker }, start)];
  };
}
