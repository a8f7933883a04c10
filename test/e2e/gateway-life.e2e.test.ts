import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../core/clock/clock.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { runSluice } from '../support/run-sluice.ts';
import { gatewayWorld, readiness, until } from './gateway-world.ts';

const message = { value: JSON.stringify({ order: 1, card: '4111 1111 1111 1111' }) };
const kinds = (events: Readonly<Record<string, unknown>>[]): string[] => events.map(({ kind }) => String(kind));

test('it starts, says where, and ends in order within 5 s of a SIGTERM, clients or not', async () => {
  await using world = await gatewayWorld({ prefix: 'life1.' });
  const gateway = await world.start();
  const { addresses } = gateway;
  expect(addresses.public).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(addresses.admin).toBe(join(world.gatewayDir, 'admin.sock'));
  expect(addresses.clusters['main']).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(await readiness(gateway)).toBe('200 ready');
  const producer = (await world.client(gateway, 'shop-service')).producer();
  await producer.connect();
  await producer.send({ topic: world.topic, messages: [message] });
  const [host, port] = addresses.clusters['main']!.split(':') as [string, string];
  const silent = connect(Number(port), host);
  silent.on('error', () => undefined);
  const since = systemClock.monotonic();
  expect(await gateway.stop('SIGTERM')).toBe(0);
  expect(systemClock.monotonic() - since).toBeLessThan(5000);
  silent.destroy();
  await producer.disconnect().catch(() => undefined);
  const events = world.events();
  expect(
    kinds(events)
      .filter((kind) => kind !== 'checkpoint')
      .at(-1),
  ).toBe('stop');
  const opened = events.filter(({ kind }) => kind === 'session_open').map(({ sid }) => sid);
  const closed = events.filter(({ kind }) => kind === 'session_close');
  expect(opened).toHaveLength(1);
  expect(closed).toEqual([expect.objectContaining({ sid: opened[0], reason: 'shutdown' })]);
  const verified = await world.verify();
  expect(verified.code).toBe(0);
  expect(verified.stdout).not.toContain('session-');
});

test('after a kill -9 it goes on: nothing that was acknowledged is missing, and the log is whole again', async () => {
  await using world = await gatewayWorld({ prefix: 'life2.' });
  const first = await world.start();
  const producer = (await world.client(first, 'shop-service')).producer();
  await producer.connect();
  for (let i = 0; i < 5; i++) await producer.send({ topic: world.topic, messages: [message] });
  await first.stop('SIGKILL');
  await producer.disconnect().catch(() => undefined);
  const crashed = await world.verify();
  expect([0, 5]).toContain(crashed.code);
  const done = (): number => kinds(world.events()).filter((kind) => kind === 'produce_done').length;
  expect(done()).toBe(5);

  const second = await world.start();
  expect(await readiness(second)).toBe('200 ready');
  const again = (await world.client(second, 'shop-service')).producer();
  await again.connect();
  await again.send({ topic: world.topic, messages: [message] });
  await again.disconnect();
  expect(await second.stop()).toBe(0);
  expect(done()).toBe(6);
  expect(
    world
      .events()
      .filter(({ kind }) => kind === 'start')
      .map(({ clean }) => clean),
  ).toEqual([true, false]);
  const verified = await world.verify();
  expect(verified.stdout).toContain('session-killed');
  expect(verified.code).toBe(0);
  const left = await world.admin.admin();
  await left.connect();
  const acls = await left.describeAcls({
    resourceType: 1,
    resourcePatternType: 1,
    operation: 1,
    permissionType: 1,
  } as never);
  await left.disconnect();
  const principals = acls.resources.flatMap((resource) => resource.acls.map(({ principal }) => principal));
  expect(principals.filter((principal) => principal.startsWith('User:sluice-gw-test-'))).toEqual([]);
});

test('a full disk stops what must be recorded, says so, loses nothing, and goes on when there is room', async () => {
  await using world = await gatewayWorld({ prefix: 'life3.' });
  const gateway = await world.start({ ulimit: '-S -f 48' });
  const producer = (await world.client(gateway, 'shop-service')).producer({ retry: { retries: 0 } });
  await producer.connect();
  let acknowledged = 0;
  let failed: unknown;
  for (let i = 0; i < 500 && failed === undefined; i++) {
    await producer.send({ topic: world.topic, messages: [message], timeout: 2000 }).then(
      () => acknowledged++,
      (error: unknown) => {
        failed = error;
      },
    );
  }
  expect(failed).toBeDefined();
  expect(acknowledged).toBeGreaterThan(10);
  await until(() => readiness(gateway), /^503 not ready: the recording cannot be written/);
  const refused = (await world.client(gateway, 'shop-service')).producer({ retry: { retries: 0 } });
  await expect(
    (async () => {
      await refused.connect();
      await refused.send({ topic: world.topic, messages: [message], timeout: 1000 });
    })(),
  ).rejects.toThrow();
  await refused.disconnect().catch(() => undefined);
  await producer.disconnect().catch(() => undefined);

  const lifted = spawnSync('prlimit', ['--pid', String(gateway.child.pid), '--fsize=unlimited:unlimited']);
  expect(lifted.status).toBe(0);
  await until(() => readiness(gateway), /^200/);
  const after = (await world.client(gateway, 'shop-service')).producer();
  await after.connect();
  await after.send({ topic: world.topic, messages: [message] });
  await after.disconnect();
  acknowledged++;
  expect(await gateway.stop()).toBe(0);
  const events = world.events();
  const answered = events.filter(({ kind }) => kind === 'produce_done').length;
  expect(answered).toBeGreaterThanOrEqual(acknowledged);
  expect(events.some(({ kind, code }) => kind === 'error' && code === 'RecorderFailed')).toBe(true);
  const verified = await world.verify();
  expect(`${verified.code} ${verified.stdout}`).toMatch(/^0 /);
});

test('a second gateway on the same state is refused, and the first goes on', async () => {
  await using world = await gatewayWorld({ prefix: 'life4.' });
  const gateway = await world.start();
  const second = await runSluice(['gateway', 'run', '--config', world.config]);
  expect(second.code).toBe(3);
  expect(second.stdout).toBe('');
  expect(second.stderr).toMatch(/code: *(RecordingLocked|StateUnusable)/);
  expect(await readiness(gateway)).toBe('200 ready');
  expect(await gateway.stop()).toBe(0);
});

test('a gateway.yaml with problems: each with its place, nothing started', async () => {
  await using world = await gatewayWorld({ prefix: 'life5.' });
  const text = readFileSync(world.config, 'utf8');
  writeFileSync(
    world.config,
    text.replace('threshold: 1', 'threshold: 3').replace('pollInterval: PT1S', 'pollInterval: 1s'),
  );
  const ran = await runSluice(['gateway', 'run', '--config', world.config]);
  expect([1, 3]).toContain(ran.code);
  expect(ran.stdout).toBe('');
  expect(ran.stderr.match(/gateway\.yaml:\d+:\d+: /g)?.length).toBeGreaterThanOrEqual(2);
  expect(ran.stderr).not.toContain('    at ');
  const missing = await runSluice(['gateway', 'run', '--config', join(world.dir, 'none.yaml')]);
  expect([1, 2, 3]).toContain(missing.code);
  expect(missing.stderr).toContain('none.yaml');
});

test('a policy repo that is not there yet: not ready, but running; ready when it appears', async () => {
  await using world = await gatewayWorld({ prefix: 'life6.' });
  const aside = `${world.repo.url}.aside`;
  renameSync(world.repo.url, aside);
  const gateway = await world.start();
  expect(await readiness(gateway)).toMatch(/^503 not ready: /);
  expect((await fetch(`${gateway.addresses.public}/healthz`)).status).toBe(200);
  await expect((await world.client(gateway, 'shop-service')).producer().connect()).rejects.toThrow();
  const status = await runSluice(['gateway', 'status', '--socket', gateway.addresses.admin, '--format', 'json']);
  expect(status.code).toBe(1);
  expect(JSON.parse(status.stdout)).toMatchObject({
    ready: false,
    conditions: expect.arrayContaining([expect.objectContaining({ type: 'Fresh', status: 'False' })]),
  });
  renameSync(aside, world.repo.url);
  await until(() => readiness(gateway), /^200 ready/);
  const producer = (await world.client(gateway, 'shop-service')).producer();
  await producer.connect();
  await producer.disconnect();
  expect(await gateway.stop()).toBe(0);
});

test('a repo that is gone for too long: what was allowed is denied, and allowed again when it is back', async () => {
  const stale = { maxStaleness: 'PT2S', maxStaleDeny: 'PT4S' };
  await using world = await gatewayWorld({ prefix: 'life7.' });
  const text = readFileSync(world.config, 'utf8');
  writeFileSync(
    world.config,
    text.replace(
      'threshold: 1',
      `threshold: 1\n    maxStaleness: ${stale.maxStaleness}\n    maxStaleDeny: ${stale.maxStaleDeny}`,
    ),
  );
  const gateway = await startGatewayProcess(world.config, world.logFile);
  await using _ended = gateway;
  const producer = (await world.client(gateway, 'shop-service')).producer({ retry: { retries: 0 } });
  await producer.connect();
  await producer.send({ topic: world.topic, messages: [message] });
  const aside = `${world.repo.url}.aside`;
  renameSync(world.repo.url, aside);
  await until(() => readiness(gateway), /^503 not ready: the policy repo could not be read for too long/);
  await expect(producer.send({ topic: world.topic, messages: [message] })).rejects.toThrow();
  await until(() => JSON.stringify(world.events().filter(({ kind }) => kind === 'deny')), /"code":"Stale"/);
  renameSync(aside, world.repo.url);
  await until(() => readiness(gateway), /^200/);
  const again = (await world.client(gateway, 'shop-service')).producer();
  await again.connect();
  await again.send({ topic: world.topic, messages: [message] });
  await again.disconnect();
  await producer.disconnect().catch(() => undefined);
  expect(await gateway.stop()).toBe(0);
  const verified = await world.verify();
  expect(`${verified.code} ${verified.stdout}`).toMatch(/^0 /);
});
