import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { expect, inject, test } from 'vitest';
import { sleep, systemClock } from '../../core/clock/clock.ts';
import { accessPolicies, alice, grantUntil } from '../support/access-policies.ts';
import { writeGatewayConfig } from '../support/gateway-config.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { runKafkaTool, scramProperties } from '../support/kafka-broker.ts';
import { startIssuer } from '../support/oidc-issuer.ts';
import { makePolicyRepo } from '../support/policy-repo.ts';
import { proxyWorld } from '../support/proxy-world.ts';
import { snapshotOf } from '../support/snapshot.ts';
import { storyNames, storyPeople, storyPolicies } from '../support/story-policies.ts';
import { tempDir } from '../support/temp-dir.ts';

const kafka = inject('kafka');
const prefix = 'stopping.';
const hour = 3_600_000;

async function held<T>(work: PromiseLike<T>): Promise<T> {
  const alive = setInterval(() => undefined, 1000);
  try {
    return await work;
  } finally {
    clearInterval(alive);
  }
}

function client(address: string, sasl: { username: string; password: string }, mechanism = 'plain'): Kafka {
  return new Kafka({
    brokers: [address],
    sasl: { mechanism, ...sasl } as never,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  });
}
const admin = (): Kafka =>
  client(kafka.bootstrap, { username: kafka.adminUser, password: kafka.adminPassword }, 'scram-sha-512');

async function makeTopics(names: readonly string[]): Promise<void> {
  const connection = admin().admin();
  await connection.connect();
  await connection.createTopics({ topics: names.map((topic) => ({ topic, numPartitions: 1 })) });
  await connection.disconnect();
}

/** What the broker has of a gateway, as Kafka's own tools list it. */
async function ofGateway(name: string): Promise<string[]> {
  const config = join(kafka.folder, 'stopping.properties');
  writeFileSync(config, scramProperties(kafka.adminUser, kafka.adminPassword));
  const common = ['--bootstrap-server', kafka.bootstrap, '--command-config', config];
  const [users, acls] = await Promise.all([
    runKafkaTool(kafka.libs, 'kafka-configs', [...common, '--describe', '--entity-type', 'users']),
    runKafkaTool(kafka.libs, 'kafka-acls', [...common, '--list']),
  ]);
  expect([users.exitCode, acls.exitCode]).toEqual([0, 0]);
  const found = `${users.stdout}${acls.stdout}`.matchAll(new RegExp(`sluice-${name}-\\d+-[0-9a-f]+`, 'g'));
  return [...new Set([...found].map(([user]) => user))];
}

/** A consumer that reads until it is thrown out. */
async function reader(of: Kafka, topic: string, groupId: string): Promise<() => Promise<void>> {
  const consumer = of.consumer({ groupId, maxWaitTimeInMs: 5000, retry: { retries: 0 } });
  await consumer.connect();
  await consumer.subscribe({ topic });
  await consumer.run({ eachMessage: () => Promise.resolve() });
  return () => Promise.race([consumer.disconnect().catch(() => undefined), held(sleep(systemClock, 1000))]);
}

test('twenty stops with live consumers, one cut at that moment, are all quick and leave nothing', async () => {
  const policies = accessPolicies(prefix);
  await makeTopics([`${prefix}open`, `${prefix}granted`]);
  const slowest = { stop: 0, cpu: 0 };
  for (let round = 0; round < 20; round++) {
    const end = systemClock.now() + 1500;
    const world = await proxyWorld({
      broker: { host: kafka.host, port: kafka.port, user: kafka.adminUser, password: kafka.adminPassword },
      snapshot: snapshotOf(policies, [grantUntil(policies, end)]),
      authenticate: () => Promise.resolve({ principal: alice, expiresAt: systemClock.now() + hour }),
    });
    const of = client(world.address, { username: 'alice', password: 'any' });
    const readers = await Promise.allSettled([
      reader(of, `${prefix}open`, `${prefix}alice.${round}`),
      reader(of, `${prefix}granted`, `${prefix}granted.${round}`),
    ]);
    await held(sleep(systemClock, Math.max(0, end - systemClock.now() - (round % 3) + 1)));
    const begun = systemClock.monotonic();
    const cpu = process.cpuUsage();
    await held(world[Symbol.asyncDispose]());
    const { user, system } = process.cpuUsage(cpu);
    slowest.stop = Math.max(slowest.stop, systemClock.monotonic() - begun);
    slowest.cpu = Math.max(slowest.cpu, (user + system) / 1000);
    expect(world.debts).toEqual([]);
    for (const one of readers) if (one.status === 'fulfilled') void one.value();
  }
  process.stdout.write(`slowest of 20 stops: ${Math.round(slowest.stop)} ms, ${Math.round(slowest.cpu)} ms of CPU\n`);
  expect(slowest.stop).toBeLessThan(10_000);
  expect(await ofGateway('gw-test')).toEqual([]);
});

test('a gateway process leaves nothing when it is stopped; what a killed one left is gone after a restart', async () => {
  await using dir = await tempDir();
  await using issuer = await startIssuer({ names: [...storyNames] });
  const repo = makePolicyRepo(dir.path, [...storyPeople], storyPolicies({ issuer: issuer.issuer, prefix }));
  const name = 'gw-stopping';
  const cluster = { name: 'main', bootstrap: kafka.bootstrap, user: kafka.adminUser, password: kafka.adminPassword };
  const config = writeGatewayConfig({
    dir: dir.join('gateway'),
    name,
    repo,
    owners: ['olga'],
    issuer,
    clusters: [cluster],
  });
  await makeTopics([`${prefix}catalog.items`]);
  const log = dir.join('gateway.log');
  const use = async (address: string): Promise<() => Promise<void>> => {
    const of = client(address, { username: 'alice', password: await issuer.token('alice') });
    return await reader(of, `${prefix}catalog.items`, `alice.${prefix}x`);
  };

  const killed = await startGatewayProcess(config, log);
  const first = await use(killed.addresses.clusters['main']!);
  expect(await ofGateway(name)).toHaveLength(1);
  await killed.stop('SIGKILL');
  void first();
  expect(await ofGateway(name)).toHaveLength(1);

  const [left] = await ofGateway(name);
  const second = await startGatewayProcess(config, log);
  expect(await ofGateway(name)).not.toContain(left);
  const again = await use(second.addresses.clusters['main']!);
  expect(await ofGateway(name)).toHaveLength(1);
  const begun = systemClock.monotonic();
  await second.stop('SIGTERM');
  expect(systemClock.monotonic() - begun).toBeLessThan(10_000);
  void again();
  expect(await ofGateway(name)).toEqual([]);
});
