import { zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { systemClock } from '../../../../core/clock/clock.ts';
import { AccessError, UpstreamError } from '../../../../core/errors/sluice-error.ts';
import { defaultApiVersionsRequest } from '../../../../gateway/kafka/wire/generated/api-versions.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { defaultFetchRequest, type defaultFetchResponse } from '../../../../gateway/kafka/wire/generated/fetch.ts';
import {
  defaultListOffsetsRequest,
  defaultListOffsetsRequestListOffsetsPartition,
  defaultListOffsetsRequestListOffsetsTopic,
} from '../../../../gateway/kafka/wire/generated/list-offsets.ts';
import { defaultMetadataRequest } from '../../../../gateway/kafka/wire/generated/metadata.ts';
import { accessPolicies, alice, bob, grantUntil } from '../../../support/access-policies.ts';
import { fetched, fetchOf, produced, produceOf } from '../../../support/data-frames.ts';
import {
  type Authenticate,
  type ProxyWorld,
  type ProxyWorldOptions,
  proxyWorld,
} from '../../../support/proxy-world.ts';
import { RawClient, readAnswer, requestFrame } from '../../../support/raw-client.ts';
import { batchOf, valuesOf } from '../../../support/record-batches.ts';
import { type ScriptedBroker, scriptedBroker } from '../../../support/scripted-broker.ts';
import { snapshotOf } from '../../../support/snapshot.ts';

const policies = accessPolicies();
const strict = accessPolicies('', { durability: 'strict' });
const hour = 3_600_000;

/** Tokens are names; `away` stands for an issuer that cannot be asked, `in N` for a token that lives N ms. */
const authenticate: Authenticate = (token) => {
  const now = systemClock.now();
  if (token === 'away') return Promise.reject(new UpstreamError('IssuerUnreachable', 'no keys'));
  const [, life] = /^in (\d+)$/.exec(token) ?? [];
  if (life) return Promise.resolve({ principal: alice, expiresAt: now + Number(life) });
  if (token === 'regrouped') {
    return Promise.resolve({ principal: { ...alice, claimGroups: ['oncall'] }, expiresAt: now + hour });
  }
  const principal = token === 'alice' ? alice : token === 'bob' ? bob : undefined;
  if (!principal) return Promise.reject(new AccessError('TokenRefused', 'the token was refused'));
  return Promise.resolve({ principal, expiresAt: now + hour });
};

interface Stage extends AsyncDisposable {
  readonly broker: ScriptedBroker;
  readonly world: ProxyWorld;
  client(): Promise<RawClient>;
}

async function stage(options: Partial<ProxyWorldOptions> = {}): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const broker = stack.use(await scriptedBroker());
  const world = stack.use(await proxyWorld({ broker, snapshot: snapshotOf(policies), authenticate, ...options }));
  const clients: RawClient[] = [];
  stack.defer(() => {
    for (const client of clients) client.socket.destroy();
  });
  return {
    broker,
    world,
    async client() {
      const client = await RawClient.open(world.port);
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const listOffsetsOf = (name: string) => ({
  ...defaultListOffsetsRequest,
  topics: [
    {
      ...defaultListOffsetsRequestListOffsetsTopic,
      name,
      partitions: [{ ...defaultListOffsetsRequestListOffsetsPartition, partitionIndex: 0 }],
    },
  ],
});

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const header = (apiKey: number, version: number): Buffer => {
  const bytes = Buffer.alloc(14);
  bytes.writeInt32BE(10);
  bytes.writeInt16BE(apiKey, 4);
  bytes.writeInt16BE(version, 6);
  bytes.writeInt32BE(1, 8);
  bytes.writeInt16BE(-1, 12);
  return bytes;
};

/** With an empty section of tags. */
const flexibleHeader = (apiKey: number, version: number): Buffer =>
  Buffer.concat([int32(11), header(apiKey, version).subarray(4), Buffer.from([0])]);

test.each<[string, boolean, Buffer, string]>([
  ['a frame of 2 GB', true, int32(0x7fffffff), 'BadFrame'],
  ['a frame of 2 GB before the login', false, int32(0x7fffffff), 'BadFrame'],
  ['a negative length', false, int32(-1), 'BadFrame'],
  ['more than 64 KiB before the login', false, int32(65_537), 'BadFrame'],
  ['an empty frame', false, int32(0), 'BadFrame'],
  ['an unknown API', true, header(999, 0), 'UnknownApi'],
  ['an API that brokers keep for each other', true, header(4, 7), 'UnknownApi'],
  ['a version of Produce that is too new', true, flexibleHeader(0, 14), 'UnsupportedVersion'],
  ['Metadata before the login', false, requestFrame(apis.Metadata, 1, defaultMetadataRequest), 'UnknownApi'],
  ['a body that is cut', true, Buffer.concat([int32(12), header(2, 1).subarray(4), Buffer.from([0, 0])]), 'BadFrame'],
  [
    'an array of two billion',
    true,
    Buffer.concat([int32(18), header(2, 1).subarray(4), int32(-1), int32(2_000_000_000)]),
    'BadFrame',
  ],
  [
    'a tag count of two billion',
    true,
    Buffer.concat([int32(15), header(1, 12).subarray(4), Buffer.from('ffffffff07', 'hex')]),
    'BadFrame',
  ],
  [
    'AddPartitionsToTxn of version 4, which brokers send each other',
    true,
    flexibleHeader(apis.AddPartitionsToTxn.key, 4),
    'UnsupportedVersion',
  ],
  ['letters', false, Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'BadFrame'],
])('%s closes the connection and is recorded', async (_, loggedIn, bytes, code) => {
  await using on = await stage();
  const client = await on.client();
  if (loggedIn) await client.login('alice');
  client.send(bytes);
  await client.ended();
  expect(client.unread).toBe(0);
  await expect.poll(() => on.world.recorder.of('error').map((event) => event.code)).toContain(code);
  // The gateway goes on.
  const next = await on.client();
  await next.login('alice');
});

test('bytes behind a body, as librdkafka sends them, are not passed on', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  const frame = Buffer.concat([requestFrame(apis.ListOffsets, 5, listOffsetsOf('open')), Buffer.from([1, 2, 3])]);
  frame.writeInt32BE(frame.length - 4);
  client.send(frame);
  expect((await on.broker.next()).request).toMatchObject({ topics: [{ name: 'open' }] });
});

test('random bytes never do more than close their connection', async () => {
  await using on = await stage();
  let seed = 42;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % n;
  };
  for (let round = 0; round < 60; round++) {
    const client = await on.client();
    const loggedIn = round % 2 === 0;
    if (loggedIn) await client.login('alice');
    const body = Buffer.from(Array.from({ length: random(300) }, () => random(256)));
    const head = header([0, 1, 2, 3, 8, 9, 10, 11, 17, 18, 36][random(11)]!, random(13)).subarray(4);
    client.send(Buffer.concat([int32(head.length + body.length), head, body]));
    client.socket.end();
    await client.ended();
  }
  const last = await on.client();
  await last.login('alice');
  expect(on.world.log.filter((line) => line.startsWith('a connection failed')).length).toBeGreaterThan(5);
  expect(on.world.recorder.of('error').filter((event) => event.code === 'Bug')).toEqual([]);
});

test('a frame that is cut off by the end of the connection is not forwarded', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  const frame = requestFrame(apis.Produce, 9, produceOf('open', batchOf(['half'])));
  client.send(frame.subarray(0, -1));
  client.socket.end();
  await client.ended();
  expect(on.broker.arrived).toEqual([]);
});

test.each([5, 99])(
  'version %i of ApiVersions is answered with 35 in the layout of version 0, and the connection goes on',
  async (version) => {
    await using on = await stage();
    const client = await on.client();
    // Version 5 may name the cluster and node that the client believes to talk to (KIP-1242): it is not read at all.
    client.send(Buffer.concat([int32(11), header(18, version).subarray(4), Buffer.from([0])]));
    const frame = await client.frame();
    expect(readAnswer(apis.ApiVersions as never, 0, frame)).toEqual({
      correlationId: 1,
      body: expect.objectContaining({ errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] }),
    });
    expect(frame).toHaveLength(4 + 4 + 2 + 4 + 6);
    const body = { ...defaultApiVersionsRequest, clientSoftwareName: 'raw', clientSoftwareVersion: '1' };
    const { apiKeys, errorCode } = await client.ask(apis.ApiVersions, 3, body);
    expect(errorCode).toBe(0);
    expect(apiKeys.find(({ apiKey }) => apiKey === 0)).toMatchObject({ minVersion: 0 });
    expect(
      apiKeys.map(({ apiKey }) => apiKey).filter((key) => [4, 5, 6, 7, 52, 53, 54, 56, 58, 59, 62, 63].includes(key)),
    ).toEqual([]);
    await client.login('alice');
  },
);

test.each([
  ['-raw', '1'],
  ['raw', ''],
  ['raw', '1 \n{"kind":"auth"}'],
  ['r'.repeat(300), '1'],
])('a client that calls itself %j %j is answered with 42, and may say it better', async (name, version) => {
  await using on = await stage();
  const client = await on.client();
  const body = { ...defaultApiVersionsRequest, clientSoftwareName: name, clientSoftwareVersion: version };
  expect(await client.ask(apis.ApiVersions, 3, body)).toMatchObject({ errorCode: 42, apiKeys: [] });
  const better = { ...body, clientSoftwareName: 'raw', clientSoftwareVersion: '1.0-rc.1' };
  expect(await client.ask(apis.ApiVersions, 3, better)).toMatchObject({ errorCode: 0 });
  await client.login('alice');
});

test('a mechanism that is not offered is answered with 33 and the list', async () => {
  await using on = await stage();
  const client = await on.client();
  expect(await client.ask(apis.SaslHandshake, 1, { mechanism: 'SCRAM-SHA-512' })).toMatchObject({
    errorCode: 33,
    mechanisms: ['OAUTHBEARER', 'PLAIN'],
  });
  await client.ended();
});

test('a wrong token by PLAIN is answered with 58 and closed', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.ask(apis.SaslHandshake, 1, { mechanism: 'PLAIN' });
  const answer = await client.ask(apis.SaslAuthenticate, 1, { authBytes: Buffer.from('\0alice\0wrong') });
  expect(answer).toMatchObject({ errorCode: 58 });
  expect(answer.errorMessage).not.toContain('wrong');
  await client.ended();
  expect(on.world.recorder.of('auth')).toMatchObject([{ ok: false, mechanism: 'PLAIN', code: 'TokenRefused' }]);
});

test('a wrong token by OAUTHBEARER is challenged, and refused after the client has said so', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.ask(apis.SaslHandshake, 1, { mechanism: 'OAUTHBEARER' });
  const first = await client.ask(apis.SaslAuthenticate, 2, {
    authBytes: Buffer.from('n,,\x01auth=Bearer wrong\x01\x01'),
  });
  expect(first.errorCode).toBe(0);
  expect(JSON.parse(Buffer.from(first.authBytes).toString())).toEqual({ status: 'invalid_token' });
  expect(await client.ask(apis.SaslAuthenticate, 2, { authBytes: Buffer.from('\x01') })).toMatchObject({
    errorCode: 58,
  });
  await client.ended();
});

test('an issuer that cannot be asked closes the connection without a reply', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.ask(apis.SaslHandshake, 1, { mechanism: 'PLAIN' });
  client.send(requestFrame(apis.SaslAuthenticate, 2, { authBytes: Buffer.from('\0alice\0away') }));
  await client.ended();
  expect(client.unread).toBe(0);
});

test('after a handshake of version 0 tokens are bare', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.ask(apis.SaslHandshake, 0, { mechanism: 'PLAIN' });
  const token = Buffer.from('\0alice\0alice');
  client.send(int32(token.length), token);
  expect(await client.frame()).toEqual(int32(0));
  const { brokers } = await client.ask(apis.Metadata, 5, defaultMetadataRequest);
  expect(brokers).toMatchObject([{ nodeId: 1, host: '127.0.0.1' }]);
  expect(brokers[0]?.port).not.toBe(on.broker.port);
});

test('a handshake of version 0 has no place behind a login', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  client.send(requestFrame(apis.SaslHandshake, 0, { mechanism: 'PLAIN' }, 1));
  await client.ended();
  expect(client.unread).toBe(0);
});

test('a connection may authenticate anew as the same principal, not as another', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('in 5000');
  await client.login('alice');
  await client.ask(apis.SaslHandshake, 1, { mechanism: 'PLAIN' });
  expect(await client.ask(apis.SaslAuthenticate, 2, { authBytes: Buffer.from('\0bob\0bob') })).toMatchObject({
    errorCode: 58,
  });
  await client.ended();
});

test("a session's lifetime is that of the token, or of the first right that ends", async () => {
  await using on = await stage();
  const client = await on.client();
  const lifetime = async (token: string): Promise<number> => {
    await client.ask(apis.SaslHandshake, 1, { mechanism: 'PLAIN' });
    const answer = await client.ask(apis.SaslAuthenticate, 1, { authBytes: Buffer.from(`\0alice\0${token}`) });
    expect(answer.errorCode).toBe(0);
    return Number(answer.sessionLifetimeMs) / 1000;
  };
  expect(await lifetime('in 30000')).toBeCloseTo(30, -0.7);
  await on.world.apply(snapshotOf(policies, [grantUntil(policies, systemClock.now() + 600_000)]));
  expect(await lifetime('alice')).toBeCloseTo(600, -0.7);
  expect(await lifetime('in 30000')).toBeCloseTo(30, -0.7);
  await on.world.apply(snapshotOf(policies, [grantUntil(policies, systemClock.now() + 100)]));
  expect(await lifetime('alice')).toBeLessThanOrEqual(1); // not nothing, which would say that it never ends
  await on.world.apply(snapshotOf(policies));
  expect(await lifetime('alice')).toBeCloseTo(3600, -0.7);
});

test('a token with other groups does not go on with the rights of the old ones', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  await client.ask(apis.SaslHandshake, 1, { mechanism: 'PLAIN' });
  client.send(requestFrame(apis.SaslAuthenticate, 2, { authBytes: Buffer.from('\0alice\0regrouped') }));
  await client.ended();
  expect(client.unread).toBe(0);
});

test('answers keep the order of the requests, a local denial behind a slow broker, whatever the correlation ids', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  client.send(
    requestFrame(apis.Fetch, 11, fetchOf('open'), 5),
    requestFrame(apis.Fetch, 11, fetchOf('secret'), 5),
    requestFrame(apis.ListOffsets, 5, listOffsetsOf('secret'), 6),
    requestFrame(apis.Fetch, 11, fetchOf('open'), 5),
  );
  const first = await on.broker.next();
  const second = await on.broker.next();
  expect(first).toMatchObject({ correlationId: 5, user: expect.stringMatching(/^sluice-gw-test-/) });
  expect(client.unread).toBe(0);
  first.answer(fetched('open', batchOf(['one'])));
  second.answer(fetched('open', batchOf(['two'])));
  const answers = [];
  for (const [api, version] of [
    [apis.Fetch, 11],
    [apis.Fetch, 11],
    [apis.ListOffsets, 5],
    [apis.Fetch, 11],
  ] as const) {
    answers.push(readAnswer(api as never, version, await client.frame()) as { correlationId: number; body: never });
  }
  expect(answers.map(({ correlationId }) => correlationId)).toEqual([5, 5, 6, 5]);
  const [one, denied, offsets, two] = answers.map(({ body }) => body as typeof defaultFetchResponse);
  expect(valuesOf(one!.responses[0]!.partitions[0]!.records)).toEqual(['one']);
  expect(denied).toMatchObject({
    responses: [{ topic: 'secret', partitions: [{ errorCode: 29, highWatermark: -1n }] }],
  });
  expect(offsets).toMatchObject({ topics: [{ name: 'secret', partitions: [{ errorCode: 29 }] }] });
  expect(valuesOf(two!.responses[0]!.partitions[0]!.records)).toEqual(['two']);
});

test('a slow client slows the broker, and nothing is lost', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  const records = batchOf(['x'.repeat(4 << 20)]);
  client.socket.pause();
  const rounds = 24;
  for (let i = 0; i < rounds; i++) client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), i));
  let sent = 0;
  const socket = await (async () => {
    const first = await on.broker.next();
    first.answer(fetched('open', records));
    sent++;
    return first.socket;
  })();
  // The broker writes as long as the gateway reads: most of it has to stay with the broker.
  for (; sent < rounds; sent++) {
    const next = await Promise.race([
      on.broker.next(),
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 1000)),
    ]);
    if (!next) break;
    next.answer(fetched('open', records));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(socket.writableLength).toBeGreaterThan(sent > 8 ? 8 << 20 : 0);
  client.socket.resume();
  for (let i = 0; i < rounds; i++) {
    if (i >= sent) (await on.broker.next()).answer(fetched('open', records));
    const { correlationId, body } = readAnswer(apis.Fetch as never, 11, await client.frame()) as {
      correlationId: number;
      body: typeof defaultFetchResponse;
    };
    expect(correlationId).toBe(i);
    expect(body.responses[0]!.partitions[0]!.records).toHaveLength(records.length);
  }
});

test('a broker that closes in the middle of an answer ends the connection; what was complete arrives', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 1), requestFrame(apis.Fetch, 11, fetchOf('open'), 2));
  const first = await on.broker.next();
  const second = await on.broker.next();
  first.answer(fetched('open', batchOf(['whole'])));
  second.answer(fetched('open', batchOf(['cut'])), 50);
  second.socket.end();
  const { body } = readAnswer(apis.Fetch as never, 11, await client.frame()) as { body: typeof defaultFetchResponse };
  expect(valuesOf(body.responses[0]!.partitions[0]!.records)).toEqual(['whole']);
  await client.ended();
  expect(client.unread).toBe(0);
});

test('a broker that answers what nobody asked ends the connection', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 1));
  const request = await on.broker.next();
  request.socket.write(Buffer.concat([int32(8), int32(77), int32(0)]));
  await client.ended();
  expect(client.unread).toBe(0);
});

test('a token that expires cuts the connection, idle as it may be', async () => {
  await using on = await stage();
  const client = await on.client();
  const begun = systemClock.monotonic();
  await client.login('in 600');
  expect(await client.ended()).toBe('ECONNRESET');
  expect(systemClock.monotonic() - begun).toBeLessThan(1500);
});

test("at the end of a grant a long poll is reset at once; the broker's late answer goes nowhere", async () => {
  await using on = await stage();
  const end = systemClock.now() + 700;
  await on.world.apply(snapshotOf(policies, [grantUntil(policies, end)]));
  const client = await on.client();
  await client.login('alice');
  client.send(requestFrame(apis.Fetch, 11, fetchOf('granted'), 1));
  const request = await on.broker.next();
  expect(await client.ended()).toBe('ECONNRESET');
  expect(systemClock.now() - end).toBeLessThan(500);
  request.answer(fetched('granted', batchOf(['late'])));
  expect(on.world.recorder.of('fetch_cut')).toMatchObject([{ reason: 'expired', topics: [{ topic: 'granted' }] }]);
  expect(on.world.recorder.of('fetch_done')).toEqual([]);
});

test("at the end of a grant a connection that does other things lives on, with 29 for the grant's topic", async () => {
  await using on = await stage();
  const end = systemClock.now() + 400;
  await on.world.apply(snapshotOf(policies, [grantUntil(policies, end)]));
  const client = await on.client();
  await client.login('alice');
  client.send(requestFrame(apis.Fetch, 11, fetchOf('granted'), 1));
  (await on.broker.next()).answer(fetched('granted', batchOf(['in time'])));
  await client.frame();
  client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 2));
  const other = await on.broker.next();
  await new Promise((resolve) => setTimeout(resolve, 600));
  other.answer(fetched('open', batchOf(['still'])));
  await client.frame();
  expect(await client.ask(apis.Fetch, 11, fetchOf('granted'))).toMatchObject({
    responses: [{ partitions: [{ errorCode: 29 }] }],
  });
});

test('a cut reaches what a slow client has not taken, also while the connection ends', async () => {
  await using on = await stage();
  const end = systemClock.now() + 900;
  await on.world.apply(snapshotOf(policies, [grantUntil(policies, end)]));
  const client = await on.client();
  await client.login('alice');
  client.socket.pause();
  client.send(requestFrame(apis.Fetch, 11, fetchOf('granted'), 1));
  const request = await on.broker.next();
  request.answer(fetched('granted', batchOf(['x'.repeat(16 << 20)])));
  request.socket.end(); // now the gateway is ending the connection, with megabytes to go
  await new Promise((resolve) => setTimeout(resolve, end - systemClock.now() + 100));
  client.socket.resume();
  expect(await client.ended()).toBe('ECONNRESET');
  expect(client.bytes).toBeLessThan(6 << 20);
});

test.each(['fetch', 'produce'] as const)(
  'when a %s cannot be recorded, nothing is delivered and the connection ends',
  async (what) => {
    await using on = await stage({ snapshot: snapshotOf(strict) });
    const client = await on.client();
    await client.login('alice');
    on.world.recorder.disk = 'fails';
    if (what === 'fetch') client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 1));
    else client.send(requestFrame(apis.Produce, 9, produceOf('open', batchOf(['x'])), 1));
    (await on.broker.next()).answer(what === 'fetch' ? fetched('open', batchOf(['secret'])) : produced('open'));
    await client.ended();
    expect(client.unread).toBe(0);
  },
);

test('while an answer waits for its record, the others stay with the broker', async () => {
  await using on = await stage({ snapshot: snapshotOf(strict) });
  const client = await on.client();
  await client.login('alice');
  on.world.recorder.disk = 'hangs';
  const rounds = 40;
  for (let i = 0; i < rounds; i++) client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), i));
  const records = batchOf(['x'.repeat(1 << 20)]);
  const requests = [];
  for (let i = 0; i < rounds; i++) requests.push(await on.broker.next());
  for (const request of requests) request.answer(fetched('open', records));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(on.world.recorder.of('fetch_done').length).toBeLessThan(5);
  expect(requests[0]!.socket.writableLength).toBeGreaterThan(20 << 20);
  expect(client.unread).toBe(0);
});

test('strict answers go out one after another', async () => {
  await using on = await stage({ snapshot: snapshotOf(strict) });
  const client = await on.client();
  await client.login('alice');
  for (let i = 0; i < 30; i++) client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), i));
  for (let i = 0; i < 30; i++) (await on.broker.next()).answer(fetched('open', batchOf([`value ${i}`])));
  for (let i = 0; i < 30; i++) {
    expect(readAnswer(apis.Fetch as never, 11, await client.frame()).correlationId).toBe(i);
  }
});

test('an answer behind one that waits for its record stays what it was while more is read', async () => {
  await using on = await stage({ snapshot: snapshotOf(strict) });
  const client = await on.client();
  await client.login('alice');
  const { recorder } = on.world;
  const durable = Promise.withResolvers<() => void>();
  recorder.appendStrict = (event, done) => {
    recorder.append(event);
    durable.resolve(() => done(undefined));
    return true;
  };
  client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 1));
  const others = [2, 3, 4, 5];
  for (const id of others) client.send(requestFrame(apis.ListOffsets, 5, listOffsetsOf('open'), id));
  (await on.broker.next()).answer(fetched('open', batchOf(['x'])));
  const recorded = await durable.promise;
  for (const _ of others) {
    (await on.broker.next()).answer({ throttleTimeMs: 0, topics: [] });
    await new Promise((resolve) => setTimeout(resolve, 30)); // a read of its own
  }
  expect(client.unread).toBe(0);
  recorded();
  for (const id of [1, ...others]) expect((await client.frame()).readInt32BE(4)).toBe(id);
});

test('a strict produce without acknowledgement waits for its record', async () => {
  await using on = await stage({ snapshot: snapshotOf(strict) });
  const client = await on.client();
  await client.login('alice');
  on.world.recorder.disk = 'hangs';
  client.send(requestFrame(apis.Produce, 9, produceOf('open', batchOf(['x']), 0), 1));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(on.broker.arrived).toEqual([]);
  expect(on.world.recorder.of('produce_intent')).toHaveLength(1);
});

test('a strict produce is recorded with the policy that allowed it, before and after', async () => {
  await using on = await stage({ snapshot: snapshotOf(strict) });
  const client = await on.client();
  await client.login('alice');
  client.send(requestFrame(apis.Produce, 9, produceOf('open', batchOf(['x'])), 3));
  (await on.broker.next()).answer(produced('open'));
  expect(await client.answer(apis.Produce, 9)).toMatchObject({
    responses: [{ partitionResponses: [{ baseOffset: 7n }] }],
  });
  expect(on.world.recorder.of('produce_intent')).toMatchObject([{ policy: 'use', principal: 'alice', corr: 3 }]);
  expect(on.world.recorder.of('produce_done')).toMatchObject([{ policy: 'use', topics: [{ firstOffset: 7n }] }]);
});

test('a produce whose answer never comes is recorded when its connection ends', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  client.send(requestFrame(apis.Produce, 9, produceOf('open', batchOf(['x'])), 3));
  await on.broker.next();
  expect(on.world.recorder.of('produce_intent')).toEqual([]);
  client.socket.destroy();
  await expect
    .poll(() => on.world.recorder.of('produce_intent'))
    .toMatchObject([{ principal: 'alice', corr: 3, topics: [{ topic: 'open', records: 1 }] }]);
  expect(on.world.recorder.of('produce_done')).toEqual([]);
});

test('without acknowledgement a denial closes the connection, and nothing reaches the broker', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  client.send(requestFrame(apis.Produce, 9, produceOf('secret', batchOf(['x']), 0), 1));
  await client.ended();
  expect(on.broker.arrived).toEqual([]);
});

test('a decompression bomb on a masked topic is refused, in bounded memory', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  const head = batchOf(['{}'], { codec: 'zstd' });
  const packed = zstdCompressSync(Buffer.alloc(1 << 30, 0));
  const bomb = Buffer.concat([head.subarray(0, 61), packed]);
  bomb.writeInt32BE(bomb.length - 12, 8);
  const before = process.memoryUsage.rss();
  client.send(requestFrame(apis.Fetch, 11, fetchOf('masked'), 1));
  (await on.broker.next()).answer(fetched('masked', bomb));
  expect(await client.answer(apis.Fetch, 11)).toMatchObject({ responses: [{ partitions: [{ errorCode: 29 }] }] });
  expect(process.memoryUsage.rss() - before).toBeLessThan(400 << 20);
  expect(on.world.recorder.of('deny')).toMatchObject([{ code: 'Unmaskable', name: 'masked' }]);
});

test('the admin client id is not forwarded, and somebody without rights costs the broker nothing', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 1, '__admin_client'));
  expect((await on.broker.next()).clientId).toBe('-_admin_client');
  const users = on.broker.users.size;
  const other = await on.client();
  await other.login('bob', 'bob');
  await other.ask(apis.Metadata, 5, { ...defaultMetadataRequest, topics: null });
  expect(await other.ask(apis.Fetch, 11, { ...defaultFetchRequest, sessionEpoch: -1 })).toMatchObject({
    responses: [],
  });
  expect(await other.ask(apis.ListOffsets, 5, defaultListOffsetsRequest)).toMatchObject({ topics: [] });
  expect(on.broker.users.size).toBe(users);
});

test('a stop leaves no user and no ACL, also while connections are being opened', async () => {
  const on = await stage();
  const clients = await Promise.all(Array.from({ length: 5 }, () => on.client()));
  await Promise.all(clients.map((client) => client.login('alice')));
  for (const client of clients) client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 1));
  await on.broker.next();
  await on.world[Symbol.asyncDispose]();
  expect([...on.broker.users.keys()]).toEqual(['admin']);
  expect([...on.broker.acls.keys()]).toEqual([]);
  expect(on.world.debts).toEqual([]);
  await on[Symbol.asyncDispose]();
});

test('a first right that comes while a principal is connected is known to the broker before it is used', async () => {
  await using on = await stage();
  const client = await on.client();
  await client.login('alice');
  client.send(requestFrame(apis.Fetch, 11, fetchOf('open'), 1));
  const first = await on.broker.next();
  const before = on.broker.acls.get(`User:${first.user}`) ?? 0;
  const end = systemClock.now() + hour;
  await on.world.apply(snapshotOf(policies, [grantUntil(policies, end)]));
  expect(on.broker.acls.get(`User:${first.user}`)).toBeGreaterThan(before);
  first.answer(fetched('open', null));
  await client.frame();
  client.send(requestFrame(apis.Fetch, 11, fetchOf('granted'), 2));
  const second = await on.broker.next();
  expect(second.user).toBe(first.user);
  await on.world.apply(snapshotOf(policies));
  await expect.poll(() => on.broker.acls.get(`User:${first.user}`)).toBe(before);
});
