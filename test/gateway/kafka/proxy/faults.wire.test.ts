import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32c } from '../../../../core/bytes/crc32c.ts';
import { systemClock } from '../../../../core/clock/clock.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { defaultMetadataRequest } from '../../../../gateway/kafka/wire/generated/metadata.ts';
import { accessPolicies, alice } from '../../../support/access-policies.ts';
import { fetched, fetchOf, produced, produceOf } from '../../../support/data-frames.ts';
import { type Authenticate, type ProxyWorldOptions, proxyWorld } from '../../../support/proxy-world.ts';
import { RawClient, readAnswer, requestFrame } from '../../../support/raw-client.ts';
import { batchOf, valuesOf } from '../../../support/record-batches.ts';
import { scriptedBroker } from '../../../support/scripted-broker.ts';
import { snapshotOf } from '../../../support/snapshot.ts';

const policies = accessPolicies();
const strict = accessPolicies('', { durability: 'strict' });
const authenticate: Authenticate = () =>
  Promise.resolve({ principal: alice, expiresAt: systemClock.now() + 3_600_000 });

async function stage(options: Partial<ProxyWorldOptions> = {}) {
  const stack = new AsyncDisposableStack();
  const broker = stack.use(await scriptedBroker());
  const world = stack.use(await proxyWorld({ broker, snapshot: snapshotOf(policies), authenticate, ...options }));
  return {
    broker,
    world,
    async client(): Promise<RawClient> {
      const client = stack.use(await RawClient.open(world.port));
      await client.login('alice');
      return client;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One byte a time, each in a segment of its own. */
async function trickle(socket: Pick<Socket, 'write' | 'setNoDelay'>, bytes: Uint8Array): Promise<void> {
  socket.setNoDelay(true);
  for (let i = 0; i < bytes.length; i++) {
    socket.write(bytes.subarray(i, i + 1));
    await turn();
  }
}

/** What a socket writes from now on goes byte by byte. */
function slowly(socket: Socket): void {
  const write = socket.write.bind(socket);
  const slow = { write, setNoDelay: (on?: boolean) => socket.setNoDelay(on) } as Pick<Socket, 'write' | 'setNoDelay'>;
  let last = Promise.resolve();
  socket.write = ((bytes: Uint8Array) => {
    const copy = Buffer.from(bytes);
    last = last.then(() => trickle(slow, copy));
    return true;
  }) as typeof socket.write;
}

test.each([
  ['bestEffort', policies],
  ['strict', strict],
] as const)('a client and a broker that write one byte at a time, recorded as %s', async (_, set) => {
  await using on = await stage({ snapshot: snapshotOf(set) });
  const client = await on.client();
  const card = JSON.stringify({ card: '4111 1111 1111 1111' });
  const produce = requestFrame(apis.Produce, 9, produceOf('open', batchOf(['a', 'b'])), 1);
  const read = requestFrame(apis.Fetch, 11, fetchOf('open'), 2);
  const masked = requestFrame(apis.Fetch, 11, fetchOf('masked'), 3);
  await trickle(client.socket, Buffer.concat([produce, read, masked]));
  const asked = [await on.broker.next(), await on.broker.next(), await on.broker.next()];
  expect(asked.map(({ api }) => api.name)).toEqual(['Produce', 'Fetch', 'Fetch']);
  slowly(asked[0]!.socket);
  asked[0]!.answer(produced('open'));
  asked[1]!.answer(fetched('open', batchOf(['c', 'd'])));
  asked[2]!.answer(fetched('masked', batchOf([card])));
  expect(await client.answer(apis.Produce, 9)).toMatchObject({
    responses: [{ partitionResponses: [{ errorCode: 0 }] }],
  });
  const [plain, hidden] = [await client.answer(apis.Fetch, 11), await client.answer(apis.Fetch, 11)];
  expect(valuesOf(plain.responses[0]!.partitions[0]!.records)).toEqual(['c', 'd']);
  expect(valuesOf(hidden.responses[0]!.partitions[0]!.records)[0]).toMatch(/\*.*1111/);
});

test('a large answer that comes in single bytes is the same at the other end', async () => {
  await using on = await stage();
  const client = await on.client();
  const values = Array.from({ length: 40 }, (_, i) => `${i}`.repeat(100));
  client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 1));
  const arrived = await on.broker.next();
  slowly(arrived.socket);
  arrived.answer(fetched('open', batchOf(values)));
  const { responses } = await client.answer(apis.Fetch, 11);
  expect(valuesOf(responses[0]!.partitions[0]!.records)).toEqual(values);
});

test('a broker that dies with a produce unanswered: no answer is made up, and it is recorded as unanswered', async () => {
  await using on = await stage({ snapshot: snapshotOf(strict) });
  const client = await on.client();
  client.send(requestFrame(apis.Produce, 9, produceOf('open', batchOf(['first'])), 1));
  (await on.broker.next()).answer(produced('open'));
  await client.frame();
  for (const id of [2, 3]) client.send(requestFrame(apis.Produce, 9, produceOf('open', batchOf(['lost'])), id));
  await on.broker.next();
  const { socket } = await on.broker.next();
  socket.resetAndDestroy();
  await client.ended();
  expect(client.unread).toBe(0);
  const intents = on.world.recorder.of('produce_intent');
  const done = on.world.recorder.of('produce_done');
  expect(intents.length + done.length).toBeGreaterThan(2);
  expect(done.filter(({ corr }) => corr === 1)).toHaveLength(1);
});

test.each([0.1, 0.5, 0.99])(
  'a broker that dies after %s of an answer: what is not whole is no answer',
  async (share) => {
    await using on = await stage();
    const client = await on.client();
    const records = batchOf(['x'.repeat(300_000)]);
    client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 1));
    const arrived = await on.broker.next();
    arrived.answer(fetched('open', records), Math.floor(records.length * share));
    await expect.poll(() => client.bytes).toBeGreaterThan(0);
    arrived.socket.resetAndDestroy();
    await client.ended();
    expect(client.unread).toBe(0); // no whole frame
  },
);

test('a client that never reads holds up the broker of its own, not the others, in bounded memory', async () => {
  await using on = await stage();
  const greedy = await on.client();
  greedy.socket.pause();
  const answer = fetched('open', batchOf(['y'.repeat(1 << 20)]));
  const asked = Array.from({ length: 100 }, (_, i) => requestFrame(apis.Fetch, 11, fetchOf('open'), i + 1));
  greedy.send(...asked);
  const before = process.memoryUsage().rss;
  const first = await on.broker.next();
  first.answer(answer);
  for (let i = 1; i < 100; i++) (await on.broker.next()).answer(answer);
  await expect.poll(() => first.socket.writableLength).toBeGreaterThan(50 << 20); // they stay with the broker
  const other = await on.client();
  const began = systemClock.monotonic();
  for (let i = 0; i < 50; i++) {
    other.send(requestFrame(apis.Fetch, 11, fetchOf('open'), i));
    (await on.broker.next()).answer(fetched('open', batchOf(['z'])));
    await other.frame();
  }
  expect(systemClock.monotonic() - began).toBeLessThan(2000);
  // 100 answers lie in the scripted broker, which is in this process too; the gateway adds next to nothing.
  expect(process.memoryUsage().rss - before).toBeLessThan(250 << 20);
  expect(greedy.bytes).toBeLessThan(8 << 20);
  greedy.socket.resume();
  for (let i = 0; i < 100; i++) {
    const { correlationId } = readAnswer(apis.Fetch, 11, await greedy.frame());
    expect(correlationId).toBe(i + 1);
  }
});

test('masked answers that a client has not taken stay what they were while others are masked in memory that is used again', async () => {
  await using on = await stage();
  const slow = await on.client();
  slow.socket.pause();
  const own = (i: number) => ({ ssn: '123-45-6789', own: `${i}`.padStart(3, '0').repeat(250_000) });
  const answer = (value: object) => fetched('masked', batchOf([JSON.stringify(value)]));
  for (let i = 0; i < 30; i++) slow.send(requestFrame(apis.Fetch, 11, fetchOf('masked'), i));
  for (let i = 0; i < 30; i++) (await on.broker.next()).answer(answer(own(i)));
  const { spare } = on.world.buffers;
  const other = await on.client();
  const used = new Set<ArrayBufferLike>();
  for (let i = 0; i < 50; i++) {
    other.send(requestFrame(apis.Fetch, 11, fetchOf('masked'), i));
    (await on.broker.next()).answer(answer({ ssn: '987-65-4321', other: 'x'.repeat(700_000) }));
    const { body } = readAnswer(apis.Fetch, 11, await other.frame());
    expect(valuesOf(body.responses[0]!.partitions[0]!.records)[0]).toMatch(/^{"ssn":"[^0-9]*","other":"x{700000}"}$/);
    const memory = spare.take(1);
    used.add(memory.buffer);
    memory.fill(0); // whoever still reads it is found out
    spare.give(memory);
  }
  expect(used.size).toBeLessThan(10); // it is used again
  slow.socket.resume();
  for (let i = 0; i < 30; i++) {
    const { correlationId, body } = readAnswer(apis.Fetch, 11, await slow.frame());
    expect(correlationId).toBe(i);
    const [text] = valuesOf(body.responses[0]!.partitions[0]!.records);
    expect(text).not.toContain('6789');
    expect(JSON.parse(text!)).toMatchObject({ own: own(i).own });
  }
});

test('large requests of many clients share the memory there is, and all get through', async () => {
  const most = 8 << 20;
  await using on = await stage({ maxBufferedBytes: most });
  const size = 5 << 20;
  const frame = requestFrame(apis.Produce, 9, produceOf('open', batchOf(['w'.repeat(size)])), 1);
  const clients = await Promise.all(Array.from({ length: 12 }, () => on.client()));
  const before = process.memoryUsage().rss;
  // Each says what it will send, and sends a part: one of them has the memory for it.
  for (const client of clients) client.send(frame.subarray(0, 2 << 20));
  await expect.poll(() => on.world.buffers.requests.waiting).toBe(clients.length - 1);
  expect(on.world.buffers.requests.used).toBeLessThanOrEqual(most);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
  const small = await on.client();
  await small.ask(apis.Metadata, 4, { ...defaultMetadataRequest, topics: [] });

  // As they go on, one after the other is served; one that gives up makes way.
  clients[0]!.socket.destroy();
  for (const client of clients.slice(1)) client.send(frame.subarray(2 << 20));
  for (let i = 1; i < clients.length; i++) (await on.broker.next()).answer(produced('open'));
  for (const client of clients.slice(1)) await client.frame();
  await expect.poll(() => on.world.buffers.requests.waiting).toBe(0);
  for (const client of clients) client.socket.destroy();
  await expect.poll(() => on.world.buffers.requests.used).toBe(0);
});

/** A request of a flexible version with everything behind the client id as it is given. */
function flexible(api: { readonly key: number }, version: number, rest: readonly number[]): Buffer {
  const head = Buffer.alloc(14);
  head.writeInt16BE(api.key, 4);
  head.writeInt16BE(version, 6);
  head.writeInt16BE(-1, 12);
  const frame = Buffer.concat([head, Buffer.from(rest)]);
  frame.writeInt32BE(frame.length - 4);
  return frame;
}
const endless = [0xff, 0xff, 0xff, 0xff, 0x0f]; // a varint of 4294967295
const acks = [0, 0xff, 0xff, 0, 0, 0, 0]; // no transactional id, all replicas, no timeout

test.each<[string, Buffer]>([
  ['tags of the header', flexible(apis.Produce, 9, endless)],
  ['bytes in a tag of the header', flexible(apis.Produce, 9, [1, 0, ...endless])],
  ['topics', flexible(apis.Produce, 9, [0, ...acks, ...endless])],
  ['partitions', flexible(apis.Produce, 9, [0, ...acks, 2, 5, ...Buffer.from('open'), ...endless])],
  [
    'bytes of records',
    flexible(apis.Produce, 9, [0, ...acks, 2, 5, ...Buffer.from('open'), 2, 0, 0, 0, 0, ...endless]),
  ],
  ['characters of a name', flexible(apis.Metadata, 9, [0, 2, ...endless])],
  ['tags of the body', flexible(apis.Metadata, 9, [0, 1, 0, 0, 0, ...endless])],
])('4 billion %s close the connection, and take no memory', async (_, frame) => {
  await using on = await stage();
  const client = await on.client();
  const before = process.memoryUsage().rss;
  client.send(frame);
  await client.ended();
  expect(client.unread).toBe(0);
  expect(on.world.recorder.of('error')).toMatchObject([{ code: 'BadFrame' }]);
  expect(on.broker.arrived).toEqual([]);
  expect(process.memoryUsage().rss - before).toBeLessThan(50 << 20);
});

test.each([
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const)('a %s bomb that is produced to a masked topic is refused, in bounded memory', async (codec, compress) => {
  await using on = await stage();
  const client = await on.client();
  const head = batchOf(['{}'], { codec });
  const bomb = Buffer.concat([head.subarray(0, 61), compress(Buffer.alloc(512 << 20))]);
  bomb.writeInt32BE(bomb.length - 12, 8);
  bomb.writeUInt32BE(crc32c(bomb.subarray(21)), 17);
  const before = process.memoryUsage().rss;
  client.send(requestFrame(apis.Produce, 9, produceOf('masked', bomb), 1));
  const { responses } = await client.answer(apis.Produce, 9);
  expect(responses[0]!.partitionResponses[0]!.errorCode).not.toBe(0);
  expect(on.broker.arrived).toEqual([]);
  expect(process.memoryUsage().rss - before).toBeLessThan(300 << 20);
});

test('a client that is silent, or takes nothing of its answer, is closed after a while; one that reads slowly is not', async () => {
  await using on = await stage({ maxIdle: 2000 });
  const [silent, deaf, slow, polling] = [await on.client(), await on.client(), await on.client(), await on.client()];
  polling.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 1));
  const poll = await on.broker.next();
  const answer = fetched('open', batchOf(['y'.repeat(24 << 20)]));
  for (const client of [deaf, slow]) {
    client.socket.pause();
    client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 1));
    (await on.broker.next()).answer(answer);
  }
  const sips = setInterval(() => {
    slow.socket.resume();
    setTimeout(() => slow.socket.pause(), 2);
  }, 150);
  await expect.poll(() => silent.closed, { timeout: 10_000 }).toBeDefined();
  await expect.poll(() => on.world.recorder.of('fetch_cut'), { timeout: 10_000 }).toMatchObject([{ reason: 'idle' }]);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  clearInterval(sips);
  slow.socket.resume();
  const { responses } = await slow.answer(apis.Fetch, 11);
  expect(responses[0]!.partitions[0]!.records).toHaveLength(answer.responses[0]!.partitions[0]!.records!.length);
  poll.answer(fetched('open', null)); // who waited for the broker was not silent
  await polling.answer(apis.Fetch, 11);
  deaf.socket.resume();
  expect(await deaf.ended()).toBe('ECONNRESET');
});

test('connections are watched by the kernel, so that a peer that vanished is noticed', async () => {
  await using on = await stage();
  const client = await on.client();
  client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 1));
  const { socket } = await on.broker.next();
  // The gateway's own ends: towards the client it has the listener's port, towards the broker the other one.
  for (const [local, remote] of [
    [on.world.port, client.socket.localPort!],
    [socket.remotePort!, on.broker.port],
  ] as const) {
    await expect.poll(() => timerOf(local, remote)?.kind).toBe('keepalive'); // when what was sent is acknowledged
    expect(timerOf(local, remote)!.seconds).toBeLessThanOrEqual(31);
  }
});

/** The kernel's timer of a loopback connection (Linux). */
function timerOf(localPort: number, remotePort: number): { kind: string; seconds: number } | undefined {
  const port = (text: string): number => Number.parseInt(text.split(':')[1]!, 16);
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local, remote, , , timer] = line.trim().split(/\s+/);
    if (!timer || port(local!) !== localPort || port(remote!) !== remotePort) continue;
    const [kind, when] = timer.split(':');
    return { kind: kind === '02' ? 'keepalive' : kind!, seconds: Number.parseInt(when!, 16) / 100 };
  }
  return undefined;
}
