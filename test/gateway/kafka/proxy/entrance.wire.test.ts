import { readdirSync, readFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import { systemClock } from '../../../../core/clock/clock.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { defaultMetadataRequest } from '../../../../gateway/kafka/wire/generated/metadata.ts';
import { accessPolicies, alice } from '../../../support/access-policies.ts';
import { authority } from '../../../support/certificates.ts';
import { type Authenticate, type ProxyWorld, proxyWorld } from '../../../support/proxy-world.ts';
import { RawClient, requestFrame } from '../../../support/raw-client.ts';
import { scriptedBroker } from '../../../support/scripted-broker.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const policies = accessPolicies();
const snapshot = snapshotOf(policies);
const authenticate: Authenticate = () =>
  Promise.resolve({ principal: alice, expiresAt: systemClock.now() + 3_600_000 });

const refusals = async (world: ProxyWorld): Promise<Record<string, number>> => {
  const counted = (await world.metrics.values()).find(({ name }) => name === 'sluice_refused_connections_total');
  return Object.fromEntries((counted?.values ?? []).map(({ labels, value }) => [labels['reason'], value]));
};

const greeting = requestFrame(apis.SaslHandshake, 1, { mechanism: 'PLAIN' });

test('those who have not logged in are bounded: some are served, some wait, the rest is closed', async () => {
  await using broker = await scriptedBroker();
  await using world = await proxyWorld({ broker, snapshot, authenticate, maxUnauthenticated: 4 });
  using inside = await RawClient.open(world.port);
  await inside.login('alice');
  const served = await Promise.all(Array.from({ length: 4 }, () => RawClient.open(world.port)));
  await expect.poll(() => world.proxy.arrivalCount).toBe(4);
  const waiting = await Promise.all(Array.from({ length: 4 }, () => RawClient.open(world.port)));
  await expect.poll(() => world.proxy.arrivalCount).toBe(8);
  for (const client of waiting) client.send(greeting);

  const turnedAway = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(world.port)));
  for (const client of turnedAway) await client.ended();
  expect(await refusals(world)).toEqual({ TooManyArrivals: 20 });
  expect(world.recorder.of('error')[0]).toMatchObject({ code: 'TooManyArrivals', where: 'listener', cluster: 'main' });
  expect(waiting.map(({ bytes }) => bytes)).toEqual([0, 0, 0, 0]);
  expect(world.proxy.connectionCount).toBe(5);

  // Who has logged in does not notice.
  const { brokers } = await inside.ask(apis.Metadata, 4, { ...defaultMetadataRequest, topics: [] });
  expect(brokers).toHaveLength(1);

  // One that logs in and one that goes make room for two.
  await served[0]!.login('alice');
  served[1]!.socket.destroy();
  expect((await waiting[0]!.answer(apis.SaslHandshake, 1)).errorCode).toBe(0);
  expect((await waiting[1]!.answer(apis.SaslHandshake, 1)).errorCode).toBe(0);
  expect(waiting.slice(2).map(({ bytes }) => bytes)).toEqual([0, 0]);
  for (const client of [...served, ...waiting]) client.socket.destroy();
  await expect.poll(() => world.proxy.arrivalCount).toBe(0);
});

test('2,000 that open at once all log in, and leave nothing behind', { timeout: 60_000 }, async () => {
  await using broker = await scriptedBroker();
  await using world = await proxyWorld({ broker, snapshot, authenticate });
  const wave = async (): Promise<void> => {
    const clients = await Promise.all(Array.from({ length: 2000 }, () => RawClient.open(world.port)));
    await Promise.all(clients.map((client) => client.login('alice')));
    expect(world.proxy.connectionCount).toBe(2000);
    for (const client of clients) client.socket.destroy();
    await expect.poll(() => world.proxy.connectionCount, { timeout: 5000 }).toBe(0);
    expect(world.proxy.arrivalCount).toBe(0);
  };
  await wave();
  globalThis.gc?.();
  const before = { files: openFiles(), rss: process.memoryUsage().rss };
  await wave();
  await expect.poll(openFiles, { timeout: 5000 }).toBeLessThanOrEqual(before.files);
  expect(process.memoryUsage().rss - before.rss).toBeLessThan(100 << 20);
  expect(await refusals(world)).toEqual({});
});

test('a handshake that fails is counted, and makes room again', async () => {
  await using dir = await tempDir();
  const ca = authority(dir.path);
  await using broker = await scriptedBroker();
  const listenTls = ca.issue('gateway');
  await using world = await proxyWorld({ broker, snapshot, authenticate, listenTls, maxUnauthenticated: 1 });
  for (let i = 0; i < 3; i++) {
    using plain = await RawClient.open(world.port);
    plain.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await plain.ended();
  }
  await expect.poll(() => refusals(world)).toEqual({ HandshakeFailed: 3 });
  const socket = connectTls({ host: '127.0.0.1', port: world.port, ca: readFileSync(ca.caFile) });
  using client = new RawClient(socket);
  await client.login('alice');
  expect(world.proxy.arrivalCount).toBe(0);
});

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}
