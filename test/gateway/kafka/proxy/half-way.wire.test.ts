/** What is half under way when something ends, and what one client can make the gateway keep or do. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock } from '../../../../core/clock/clock.ts';
import { AccessError } from '../../../../core/errors/sluice-error.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { defaultMetadataRequest } from '../../../../gateway/kafka/wire/generated/metadata.ts';
import { accessPolicies, alice, bob, grantUntil } from '../../../support/access-policies.ts';
import { fetched, fetchOf, produced, produceOf } from '../../../support/data-frames.ts';
import { type Authenticate, proxyWorld } from '../../../support/proxy-world.ts';
import { RawClient, requestFrame } from '../../../support/raw-client.ts';
import { batchOf } from '../../../support/record-batches.ts';
import { scriptedBroker } from '../../../support/scripted-broker.ts';
import { snapshotOf } from '../../../support/snapshot.ts';

const hour = 3_600_000;
const policies = accessPolicies();
const authenticate: Authenticate = async (token) => {
  const principal = { alice, bob }[token];
  if (!principal) throw new AccessError('TokenRefused', 'the token was refused');
  return { principal, expiresAt: systemClock.now() + hour };
};

async function stage(set = policies) {
  const stack = new AsyncDisposableStack();
  const broker = stack.use(await scriptedBroker());
  const world = stack.use(await proxyWorld({ broker, snapshot: snapshotOf(set), authenticate }));
  return {
    broker,
    world,
    async client(who: 'alice' | 'bob' = 'alice'): Promise<RawClient> {
      const client = stack.use(await RawClient.open(world.port));
      await client.login(who);
      return client;
    },
    async grant(): Promise<void> {
      await world.apply(snapshotOf(policies, [grantUntil(policies, systemClock.now() + hour)]));
    },
    revoke: () => world.snapshots.swap(snapshotOf(policies)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test.each([
  ['client', 0.1],
  ['client', 0.99],
  ['broker', 0.5],
] as const)('what was given of an answer is recorded when the %s hangs up at %s of it', async (who, part) => {
  await using on = await stage();
  const client = await on.client();
  client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 7));
  const asked = await on.broker.next();
  const count = 400;
  const size = 40_000;
  const batches = Array.from({ length: count }, (_, i) => batchOf(['s'.repeat(size)], { baseOffset: BigInt(i) }));
  const some = Math.round(count * size * part);
  asked.answer(fetched('open', Buffer.concat(batches)), some);
  await expect.poll(() => client.bytes, { timeout: 20_000 }).toBeGreaterThan(some - 1_000);
  if (who === 'client') client.socket.destroy();
  else asked.socket.end();
  const { recorder } = on.world;
  await expect.poll(() => recorder.of('fetch_cut').length).toBe(1);
  const [cut] = recorder.of('fetch_cut');
  expect(cut).toMatchObject({ corr: 7, reason: who === 'client' ? 'client' : 'upstream', policy: expect.any(String) });
  const [entry] = cut!.topics;
  expect(entry).toMatchObject({ topic: 'open', partition: 0, firstOffset: 0n });
  const last = Number(entry!.lastOffset);
  expect(last).toBeGreaterThanOrEqual(Math.floor((count - 1) * part) - 1);
  expect(last).toBeLessThan(Math.min(count, count * part + 3));
  expect(cut!.bytes).toBeGreaterThanOrEqual(some - 1_000);
  expect(recorder.of('fetch_done')).toEqual([]);
});

test.each([false, true])(
  'bytes that a slow client has not taken go nowhere when their right ends, also with another answer behind them: %s',
  async (another) => {
    await using on = await stage();
    await on.grant();
    const client = await on.client();
    client.socket.pause();
    const before = client.bytes;
    const size = 900 << 10;
    let sent = 0;
    for (;;) {
      const frames = [requestFrame(apis.Fetch, 11, fetchOf('granted'), 1)];
      if (another) frames.push(requestFrame(apis.Metadata, 5, { ...defaultMetadataRequest, topics: [] }, 2));
      client.send(...frames);
      const asked = await Promise.race([on.broker.next(), pause(400)]);
      if (!asked) break;
      if (asked.api.name === 'Fetch') {
        asked.answer(fetched('granted', batchOf(['x'.repeat(size)])));
        sent += size;
      } else {
        asked.answer({ throttleTimeMs: 0, brokers: [], clusterId: null, controllerId: -1, topics: [] });
      }
      await pause(60);
    }
    on.revoke();
    await pause(50);
    client.socket.resume();
    expect(await client.ended()).toBe('ECONNRESET');
    expect(client.bytes - before).toBeLessThan(sent - size);
  },
);

test.each([-1, 0])(
  'a produce that waits for a slow broker does not go on when its right ends (acks=%s)',
  async (acks) => {
    await using on = await stage();
    await on.grant();
    const client = await on.client();
    client.send(requestFrame(apis.Produce, 8, produceOf('open', batchOf(['first'])), 1));
    const first = await on.broker.next();
    first.socket.pause();
    first.answer(produced('open'));
    await client.frame();
    client.send(requestFrame(apis.Produce, 8, produceOf('granted', batchOf(['y'.repeat(14 << 20)]), acks), 2));
    await expect.poll(() => on.world.recorder.of('produce_intent').length + acks * -1).toBe(1);
    await pause(300);
    on.revoke();
    expect(await client.ended()).toBe('ECONNRESET');
    first.socket.resume();
    expect(await Promise.race([on.broker.next(), pause(500, 'nothing')])).toBe('nothing');
  },
);

test('an answer that goes on as it comes ends when its topic gets a mask, and not when others change', async () => {
  const unmasked = accessPolicies('', { maskOn: 'produce' });
  await using on = await stage(unmasked);
  const client = await on.client();
  client.socket.pause();
  client.send(requestFrame(apis.Fetch, 11, fetchOf('masked'), 1));
  const one = batchOf(['{"ssn":"123-45-6789"}']);
  const many = Buffer.concat(Array.from({ length: Math.ceil((15 << 20) / one.length) }, () => one));
  (await on.broker.next()).answer(fetched('masked', many));
  await pause(500);
  await on.world.apply({ ...snapshotOf(unmasked, [grantUntil(unmasked, systemClock.now() + hour)]), generation: 2 });
  await pause(100);
  expect(on.world.recorder.of('fetch_cut')).toEqual([]);
  await on.world.apply({ ...snapshotOf(policies), generation: 3 });
  client.socket.resume();
  expect(await client.ended()).toBe('ECONNRESET');
  expect(on.world.recorder.of('fetch_cut')).toMatchObject([{ topics: [{ topic: 'masked', partition: 0 }] }]);
  const again = await on.client();
  again.send(requestFrame(apis.Fetch, 11, fetchOf('masked'), 1));
  (await on.broker.next()).answer(fetched('masked', one));
  expect((await again.frame()).toString('latin1')).not.toContain('123-45');
});

test('long names of somebody without rights are refused before they cost anything', async () => {
  await using on = await stage();
  const names = (length: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
      name: `${String(i).padStart(6, '0')}${'x'.repeat(length - 6)}`,
    }));
  const client = await on.client('bob');
  client.send(requestFrame(apis.Metadata, 9, { ...defaultMetadataRequest, topics: names(16_384, 2) }, 1));
  expect(await client.ended()).toBe('end');
  const other = await on.client('bob');
  const began = performance.now();
  other.send(requestFrame(apis.Metadata, 9, { ...defaultMetadataRequest, topics: names(16_383, 2_000) }, 1));
  await other.frame();
  expect(performance.now() - began).toBeLessThan(5_000); // 11 s and more with names of a length that hash alike
  expect(on.world.log.length).toBeLessThan(300); // not each denial in words
  expect(Math.max(...on.world.log.map((line) => line.length))).toBeLessThan(5_000);
});

test('batches that unpack to much more than they are share one budget of their frame', async () => {
  await using on = await stage();
  const client = await on.client();
  const bomb = batchOf([`{"a":"${'x'.repeat(30 << 20)}"}`], { codec: 'zstd' });
  const partitionData = Array.from({ length: 10 }, (_, index) => ({ index, records: bomb }));
  const topic = { name: 'masked', topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitionData };
  client.send(requestFrame(apis.Produce, 8, { ...produceOf('masked', bomb), topicData: [topic] }, 1));
  const { request } = (await on.broker.next()) as unknown as { request: { topicData: (typeof topic)[] } };
  expect(request.topicData[0]!.partitionData.map(({ index }) => index)).toEqual([0, 1]); // 64 MB and a little
  // Those that are too large each, or do not unpack to their end, cost as much as the others.
  const large = batchOf([`{"a":"${'x'.repeat(70 << 20)}"}`], { codec: 'zstd' });
  const all = Array.from({ length: 200 }, (_, index) => ({ index, records: index < 199 ? large : bomb }));
  const other = await on.client();
  const began = performance.now();
  other.send(
    requestFrame(apis.Produce, 8, { ...produceOf('masked', bomb), topicData: [{ ...topic, partitionData: all }] }, 1),
  );
  await other.frame();
  expect(performance.now() - began).toBeLessThan(5_000);
  const two = Buffer.concat([batchOf(['{}']), batchOf(['{}'])]);
  client.send(requestFrame(apis.Produce, 8, produceOf('masked', two, 0), 2)); // brokers take one batch
  expect(await client.ended()).toBe('end');
});
