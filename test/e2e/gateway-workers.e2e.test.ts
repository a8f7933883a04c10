import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Producer } from 'kafkajs';
import { expect, test } from 'vitest';
import { systemClock } from '../../core/clock/clock.ts';
import type { GatewayStatus, SessionStatus } from '../../core/model/admin-api.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { runSluice } from '../support/run-sluice.ts';
import { type GatewayWorld, gatewayWorld, readiness, until } from './gateway-world.ts';

const message = { value: JSON.stringify({ order: 1, card: '4111 1111 1111 1111' }) };
const spec = { workers: 2 };

async function json<T>(gateway: GatewayProcess, command: string): Promise<T> {
  const ran = await runSluice(['gateway', command, '--socket', gateway.addresses.admin, '--format', 'json']);
  return JSON.parse(ran.stdout) as T;
}
const status = (gateway: GatewayProcess): Promise<GatewayStatus> => json(gateway, 'status');
const sessions = (gateway: GatewayProcess): Promise<SessionStatus[]> => json(gateway, 'sessions');

/**
 * Producers that have sent something, until each worker serves one of them alone: the kernel deals connections out as
 * it likes, and a producer has two.
 */
async function onBoth(world: GatewayWorld, gateway: GatewayProcess): Promise<Producer[]> {
  const producers: Producer[] = [];
  const alone = new Set<number>();
  let before = await connected(gateway);
  while (producers.length < 32) {
    const producer = (await world.client(gateway, 'shop-service')).producer({ retry: { retries: 0 } });
    await producer.connect();
    await producer.send({ topic: world.topic, messages: [message] });
    producers.push(producer);
    const now = await connected(gateway);
    const touched = now.flatMap((count, worker) => (count === before[worker] ? [] : [worker]));
    if (touched.length === 1) alone.add(touched[0]!);
    before = now;
    if (alone.size === 2 && now.every((share) => share > 1)) return producers;
  }
  return producers;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** How many of them it works for. */
async function all(producers: readonly Producer[], work: (one: Producer) => Promise<unknown>): Promise<number> {
  const done = await Promise.allSettled(producers.map(work));
  return done.filter((one) => one.status === 'fulfilled').length;
}

const connected = async (gateway: GatewayProcess): Promise<number[]> =>
  (await status(gateway)).workers.map(({ connections }) => connections);

/** Users of this gateway's workers that the broker still has rights for. */
async function usersLeft(world: GatewayWorld): Promise<string[]> {
  const admin = world.admin.admin();
  await admin.connect();
  const any = { resourceType: 1, resourcePatternType: 1, operation: 1, permissionType: 1 };
  const { resources } = await admin.describeAcls(any as never);
  await admin.disconnect();
  const principals = resources.flatMap(({ acls }) => acls.map(({ principal }) => principal));
  return [...new Set(principals.filter((principal) => principal.startsWith('User:sluice-gw-test')))];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('two workers serve the same ports, and are one gateway to whoever looks', async () => {
  await using world = await gatewayWorld({ prefix: 'workers1.', spec });
  const gateway = await world.start();
  expect(await readiness(gateway)).toBe('200 ready');
  const producers = await onBoth(world, gateway);
  const now = await status(gateway);
  expect(now.workers).toEqual(
    ['1', '2'].map((worker) => expect.objectContaining({ worker, state: 'Running', restarts: 0, sessions: 1 })),
  );
  expect(now).toMatchObject({
    sessions: 2,
    clusters: [{ name: 'main', address: gateway.addresses.clusters['main'], connections: expect.any(Number) }],
  });
  const listed = await sessions(gateway);
  expect(listed.map(({ worker }) => worker).sort()).toEqual(['1', '2']);
  const pretty = await runSluice(['gateway', 'sessions', '--socket', gateway.addresses.admin]);
  expect(pretty.stdout).toMatch(/worker 1\n(?:.|\n)*worker 2\n|worker 2\n(?:.|\n)*worker 1\n/);

  // Each worker has a user of its own, so that neither can take the other's away.
  expect((await usersLeft(world)).map((user) => user.slice(0, 'User:sluice-gw-test.1'.length)).sort()).toEqual([
    'User:sluice-gw-test.1',
    'User:sluice-gw-test.2',
  ]);
  const metrics = await (await fetch(`${gateway.addresses.public}/metrics`)).text();
  expect(metrics).toContain(`sluice_logins_total{cluster="main",outcome="ok"} ${now.clusters[0]!.connections}\n`);
  expect(metrics).toContain('sluice_sessions 2\n');

  // A control reaches the worker that has the session, and that one alone.
  const killed = await runSluice(['gateway', 'kill', listed[0]!.id, '--socket', gateway.addresses.admin]);
  expect(killed.code).toBe(0);
  expect((await sessions(gateway)).map(({ id }) => id)).toEqual([listed[1]!.id]);
  await all(producers, (one) => one.disconnect());

  expect(await gateway.stop()).toBe(0);
  const verified = await world.verify();
  expect(`${verified.code} ${verified.stdout}`).toMatch(/^0 /);
  const { logs } = JSON.parse(verified.stdout) as { logs: { origin: string; sessions: number }[] };
  expect(logs.map(({ origin, sessions: count }) => `${origin.split('/').slice(2).join('/')} ${count}`)).toEqual([
    'gw-test 0',
    'gw-test/1 1',
    'gw-test/2 1',
  ]);
  // A client's connection to the broker may be with the other worker than its first one.
  const replayed = await Promise.all(
    listed.map(({ id }) => runSluice(['audit', 'replay', id, '--recordings', world.recordings])),
  );
  expect(replayed.map(({ code }) => code)).toEqual([0, 0]);
  expect(replayed.map(({ stdout }) => stdout).join('')).toContain('produce_done');
  expect(await usersLeft(world)).toEqual([]);
  for (const line of readFileSync(world.logFile, 'utf8').split('\n').filter(Boolean)) JSON.parse(line);
});

test('a worker that is killed takes its own connections along, and is there again', async () => {
  await using world = await gatewayWorld({ prefix: 'workers2.', spec });
  const gateway = await world.start();
  const producers = await onBoth(world, gateway);
  const before = await status(gateway);
  const victim = before.workers[0]!;
  process.kill(victim.pid!, 'SIGKILL');
  // Those of the other worker do not notice; each has a connection to the bootstrap port or to a broker's.
  const alive = await all(producers, (one) => one.send({ topic: world.topic, messages: [message] }));
  expect(alive).toBeGreaterThan(0);
  expect(alive).toBeLessThan(producers.length);
  await until(async () => (await status(gateway)).workers.map(({ state }) => state).join(), /^Running,Running$/);
  expect((await status(gateway)).workers).toMatchObject([
    { restarts: 1 },
    { restarts: 0, pid: before.workers[1]!.pid },
  ]);
  const back = await all(producers, async (one) => {
    await one.connect();
    await one.send({ topic: world.topic, messages: [message] });
  });
  expect(back).toBe(producers.length);
  await all(producers, (one) => one.disconnect());
  const metrics = await (await fetch(`${gateway.addresses.public}/metrics`)).text();
  const logins = /sluice_logins_total\{cluster="main",outcome="ok"\} (\d+)/.exec(metrics);
  expect(Number(logins?.[1])).toBeGreaterThan(0);
  expect(await gateway.stop()).toBe(0);

  const verified = await world.verify();
  expect(`${verified.code} ${verified.stdout}`).toMatch(/^0 /);
  expect(verified.stdout).toContain('session-killed');
  const told = world.events().filter(({ kind }) => kind === 'worker');
  expect(told.map(({ worker, state, reason }) => `${worker} ${state} ${reason ?? ''}`.trim())).toEqual(
    expect.arrayContaining(['1 started', '2 started', '1 ended SIGKILL', '1 ended stopped', '2 ended stopped']),
  );
  expect(world.events().filter(({ kind, clean }) => kind === 'start' && clean === false)).toEqual([
    expect.objectContaining({ gw: 'gw-test.1' }),
  ]);
  expect(await usersLeft(world)).toEqual([]); // the dead one's too: it was swept by its successor
});

test('a revocation holds in both workers, or in none: one that does not take it is ended', async () => {
  await using world = await gatewayWorld({ prefix: 'workers3.', spec });
  const gateway = await world.start();
  const producers = await onBoth(world, gateway);
  expect((await connected(gateway)).every((share) => share > 1)).toBe(true);
  const before = await status(gateway);
  process.kill(before.workers[1]!.pid!, 'SIGSTOP');
  const revoked = await world.cli('olga', 'access', 'revoke', '--subject', 'shop-service', '--reason', 'over');
  expect(`${revoked.code} ${revoked.stderr}`).toBe('0 ');
  const since = systemClock.monotonic();
  // Worker 1 has it at once; what is shown is still what holds everywhere.
  await until(
    async () => {
      void all(producers, (one) => one.send({ topic: world.topic, messages: [message] }));
      await new Promise((resolve) => setTimeout(resolve, 200));
      return JSON.stringify(world.events().filter(({ kind }) => kind === 'deny'));
    },
    /"gw":"gw-test.1"/,
    4000,
  );
  expect((await status(gateway)).generation).toBe(before.generation);
  await until(async () => String((await status(gateway)).generation > before.generation), /true/);
  expect(systemClock.monotonic() - since).toBeGreaterThan(4000);
  expect(isAlive(before.workers[1]!.pid!)).toBe(false);
  expect(await all(producers, (one) => one.send({ topic: world.topic, messages: [message] }))).toBe(0);
  await until(async () => (await status(gateway)).workers.map(({ state }) => state).join(), /^Running,Running$/);
  // The new one has it from its beginning.
  const again = await Promise.all(
    Array.from({ length: 6 }, async () =>
      (await world.client(gateway, 'shop-service')).producer({ retry: { retries: 0 } }),
    ),
  );
  expect(
    await all(again, async (one) => {
      await one.connect();
      await one.send({ topic: world.topic, messages: [message] });
    }),
  ).toBe(0);
  await all([...again, ...producers], (one) => one.disconnect());
  expect(await gateway.stop()).toBe(0);
});

test('without control no worker goes on, and the next gateway has its ports and recordings', async () => {
  const port = await freePort();
  await using world = await gatewayWorld({ prefix: 'workers4.', spec });
  const text = readFileSync(world.config, 'utf8');
  writeFileSync(world.config, text.replace(/(listen:\n\s+host: 127.0.0.1\n\s+port:) 0/, `$1 ${port}`));
  const first = await world.start();
  expect(first.addresses.clusters['main']).toBe(`127.0.0.1:${port}`);
  const producers = await onBoth(world, first);
  const { workers } = await status(first);
  first.child.kill('SIGKILL');
  await until(() => String(workers.some(({ pid }) => isAlive(pid!))), /^false$/, 5000);
  expect(await all(producers, (one) => one.send({ topic: world.topic, messages: [message] }))).toBe(0);
  await all(producers, (one) => one.disconnect());
  await first.stop();

  const second = await world.start();
  const back = await onBoth(world, second);
  await all(back, (one) => one.disconnect());
  expect(await second.stop()).toBe(0);
  const verified = await world.verify();
  expect(`${verified.code} ${verified.stdout}`).toMatch(/^0 /);
  expect(await usersLeft(world)).toEqual([]);
});

test('what keeps a worker from starting keeps the gateway from it', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  await using world = await gatewayWorld({ prefix: 'workers5.', spec });
  const text = readFileSync(world.config, 'utf8');
  writeFileSync(world.config, text.replace(/(listen:\n\s+host: 127.0.0.1\n\s+port:) 0/, `$1 ${port}`));
  const ran = await runSluice(['gateway', 'run', '--config', world.config]);
  taken.close();
  expect(`${ran.code} ${ran.stdout}`).toBe('3 ');
  expect(ran.stderr).toContain(`cannot listen on 127.0.0.1:${port}`);
});

test('what was acknowledged under strict recording is in the log of the worker that was killed', async () => {
  await using world = await gatewayWorld({ prefix: 'workers6.', spec });
  const gateway = await world.start();
  const asked = await world.cli(
    'alice',
    ...['access', 'request', '--stream', 'payments', '--operation', 'produce', '--for', '10m'],
    ...['--reason', 'INC-1', '--format', 'json'],
  );
  const { name } = JSON.parse(asked.stdout) as { name: string };
  expect((await world.cli('bob', 'approval', 'sign', name, '--yes')).code).toBe(0);
  expect((await world.cli('bob', 'approval', 'merge', name)).code).toBe(0);
  await until(async () => JSON.stringify((await status(gateway)).grants), /"Active"/);

  const acknowledged: number[] = [];
  let stopped = false;
  const write = async (): Promise<void> => {
    const producer = (await world.client(gateway, 'alice')).producer({ retry: { retries: 0 } });
    await producer.connect();
    while (!stopped) {
      const sent = await producer.send({ topic: world.topic, acks: -1, messages: [message] }).catch(() => undefined);
      if (sent) acknowledged.push(Number(sent[0]!.baseOffset));
      else await producer.connect().catch(() => undefined);
    }
    await producer.disconnect();
  };
  const writers = Array.from({ length: 10 }, () => write());
  await until(async () => String((await connected(gateway)).every((share) => share > 1)), /true/);
  await until(() => String(acknowledged.length > 200), /true/);
  const { workers } = await status(gateway);
  process.kill(workers[0]!.pid!, 'SIGKILL');
  const states = async (): Promise<string> =>
    (await status(gateway)).workers.map(({ state, restarts }) => `${state} ${restarts}`).join();
  await until(states, /^Running 1,Running 0$/, 30_000); // its successor has ended its log for it
  const before = acknowledged.length;
  await until(() => String(acknowledged.length > before + 100), /true/);
  stopped = true;
  await Promise.all(writers);
  expect(await gateway.stop()).toBe(0);

  const recorded = new Map<number, string>();
  for (const { kind, topics, gw } of world.events()) {
    if (kind !== 'produce_done') continue;
    for (const { firstOffset, lastOffset } of topics as { firstOffset?: number; lastOffset?: number }[]) {
      for (let offset = Number(firstOffset); offset <= Number(lastOffset ?? firstOffset); offset++)
        recorded.set(offset, String(gw));
    }
  }
  expect(acknowledged.filter((offset) => !recorded.has(offset))).toEqual([]);
  expect(new Set(recorded.values())).toEqual(new Set(['gw-test.1', 'gw-test.2']));
  const verified = await world.verify();
  expect(`${verified.code} ${verified.stdout}`).toMatch(/^0 /);
});
