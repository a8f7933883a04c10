/** What the bench drives: the broker itself, a relay in front of it, Sluice in several ways, and its peers. */
import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { authority } from '../../test/support/certificates.ts';
import { writeGatewayConfig } from '../../test/support/gateway-config.ts';
import { startGatewayProcess } from '../../test/support/gateway-process.ts';
import { freePorts, type KafkaBroker, startKafka } from '../../test/support/kafka-broker.ts';
import { startIssuer } from '../../test/support/oidc-issuer.ts';
import { makePolicyRepo } from '../../test/support/policy-repo.ts';
import { spawnBound } from './bound-child.ts';
import { type Entrance, javaSecurity } from './login.ts';
import { fetchPeers, type PeersWanted } from './peers.ts';
import { processTree } from './process-cost.ts';

export interface Target extends Entrance {
  readonly name: string;
  /** The process whose cost is counted; undefined for the broker itself. */
  readonly pid: number | undefined;
  readonly topic: string;
}

export interface Stage {
  readonly broker: KafkaBroker;
  readonly targets: readonly Target[];
}

/** Pins a process with all its threads and children to one core. */
export function pin(pid: number, core: number): void {
  for (const one of processTree(pid)) {
    execFileSync('taskset', ['-a', '-c', '-p', String(core), String(one)], { stdio: 'ignore' });
  }
}

export async function stage(
  stack: AsyncDisposableStack,
  dir: string,
  wanted: PeersWanted,
  workers: number,
): Promise<Stage> {
  const startPeers = await fetchPeers(wanted);
  const [behindRelay, relayPort, free] = (await freePorts(3)) as [number, number, number];
  const direct = wanted.brokerPort ?? free;
  const broker = stack.use(
    await startKafka({
      plainListeners: [
        { port: direct, advertisedPort: direct },
        { port: behindRelay, advertisedPort: relayPort },
      ],
      jvm: ['-XX:TieredStopAtLevel=4', '-Xmx1g'],
      settings: { 'log.retention.bytes': '4000000000' },
    }),
  );
  const relay = await startRelay(stack, behindRelay, relayPort);
  const gateway = await startSluice(stack, dir, broker, undefined, workers);
  const tls = await startSluice(stack, dir, broker, authority(dir).issue('gateway'), workers);
  const peers = await startPeers(stack, dir, direct);
  for (const pid of [relay, gateway.pid, tls.pid, ...peers.map((peer) => peer.pid)]) pin(pid, 1);
  return {
    broker,
    targets: [
      { name: 'direct', port: direct, pid: undefined, topic: 'bench.plain', login: undefined },
      { name: 'raw relay', port: relayPort, pid: relay, topic: 'bench.plain', login: undefined },
      { name: 'Sluice', topic: 'bench.plain', ...gateway },
      { name: 'Sluice strict', topic: 'bench.strict', ...gateway },
      { name: 'Sluice 5 masks', topic: 'bench.masked', ...gateway },
      { name: 'Sluice TLS', topic: 'bench.plain', ...tls },
      ...peers.map((peer) => ({ ...peer, topic: 'bench.plain' })),
    ],
  };
}

async function startRelay(stack: AsyncDisposableStack, target: number, port: number): Promise<number> {
  const args = [join(import.meta.dirname, 'relay.ts'), String(target), String(port)];
  const child = spawnBound(stack, process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => {
    child.stdout!.once('data', resolve);
    child.once('exit', reject);
  });
  return child.pid!;
}

interface Gateway extends Entrance {
  readonly pid: number;
}

async function startSluice(
  stack: AsyncDisposableStack,
  parent: string,
  broker: KafkaBroker,
  certificate: { readonly certFile: string; readonly keyFile: string } | undefined,
  workers: number,
): Promise<Gateway> {
  const dir = join(parent, certificate ? 'tls' : 'plain');
  mkdirSync(dir);
  const issuer = stack.use(await startIssuer({ names: ['alice'] }));
  const repo = makePolicyRepo(dir, ['olga'], () => policies(issuer.issuer));
  const config = writeGatewayConfig({
    dir,
    name: certificate ? 'gw-tls' : 'gw-plain',
    repo,
    owners: ['olga'],
    issuer,
    clusters: [
      {
        name: 'main',
        bootstrap: broker.bootstrap,
        user: broker.adminUser,
        password: broker.adminPassword,
        ...(certificate ? { listenTls: certificate } : {}),
      },
    ],
    logLevel: 'warn',
    spec: {
      policyRepo: { url: repo.url, branch: 'main', pollInterval: 'PT1M' },
      ...(workers > 1 ? { workers } : {}),
    },
  });
  const gateway = stack.use(await startGatewayProcess(config, join(dir, 'gateway.log')));
  return {
    port: Number(gateway.addresses.clusters['main']!.split(':').at(-1)),
    pid: gateway.child.pid!,
    login: { kind: 'plain', user: 'alice', password: await issuer.token('alice') },
    ...(certificate ? { caFile: join(parent, 'ca.pem') } : {}),
  };
}

function policies(issuer: string): Record<string, string> {
  const streams = ['plain', 'strict', 'masked'];
  const allow = (name: string, durability: string): string =>
    document('AccessPolicy', name, {
      effect: 'allow',
      mode: 'standing',
      subjects: [{ identity: 'alice' }],
      streams: [name],
      operations: ['consume', 'produce', 'describe'],
      recording: { durability },
    });
  return {
    'sluice.yaml': document('Repo', 'policies', { quorum: 1 }),
    'clusters/main.yaml': document('Cluster', 'main', { type: 'kafka', owners: ['platform'] }),
    'identities/alice.yaml': document('Identity', 'alice', { person: { oidc: [{ issuer, subject: 'alice' }] } }),
    'groups/platform.yaml': document('Group', 'platform', { members: ['alice'] }),
    ...Object.fromEntries(
      streams.flatMap((name) => [
        [
          `streams/${name}.yaml`,
          document('Stream', name, {
            cluster: 'main',
            topics: [{ literal: `bench.${name}` }],
            groups: [{ prefix: 'bench-' }],
            owners: ['platform'],
          }),
        ],
        [`policies/${name}.yaml`, allow(name, name === 'strict' ? 'strict' : 'bestEffort')],
      ]),
    ),
    'masks/masked.yaml': document('MaskPolicy', 'masked', {
      streams: ['masked'],
      on: ['consume'],
      unmaskable: 'deny',
      rules: maskedPaths.map((path, i) => ({ name: `m${i}`, path, action: 'redact' })),
    }),
  };
}

const maskedPaths = ['card', 'person.ssn', 'person.email', 'address.street', 'items[*].code'];

/** A JSON record of exactly 1 KiB with all that is masked; `seed` gives one of many, with text that compresses like text. */
export function record(seed?: number): string {
  const body = {
    id: 12_345 + (seed ?? 0),
    card: '4111 1111 1111 1111',
    person: { name: 'A. Name', ssn: '219-12-3456', email: 'a.name@example.com' },
    address: { street: 'Long Street 12', city: 'Somewhere' },
    items: [{ code: 'A-1' }, { code: 'B-2' }],
    pad: '',
  };
  const text = seed === undefined ? 'lorem ipsum '.repeat(100) : textOf(seed);
  body.pad = text.slice(0, 1024 - JSON.stringify(body).length);
  return JSON.stringify(body);
}

/** Words of two to nine letters, others for each seed. */
function textOf(seed: number): string {
  const digits = Array.from({ length: 32 }, (_, i) => hash('sha256', `${seed}/${i}`, 'hex')).join('');
  return digits.replace(/[0-3]/g, ' ');
}

function document(kind: string, name: string, spec: object): string {
  return `${JSON.stringify({ apiVersion: 'sluice.dev/v1', kind, metadata: { name }, spec }, null, 2)}\n`;
}

/** Writes a Java client's properties. */
export function clientProperties(dir: string, target: Target, more: readonly string[]): string {
  const file = join(dir, `${target.name.replace(/\W+/g, '-')}-${more.length}.properties`);
  writeFileSync(file, [...javaSecurity(target), ...more, ''].join('\n'));
  return file;
}
