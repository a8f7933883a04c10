import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Writer } from '../../../../core/bytes/writer.ts';
import { fetch } from '../../../../gateway/kafka/enforce/fetch.ts';
import type { FetchPending } from '../../../../gateway/kafka/enforce/fetch-request.ts';
import { mostSessionPartitions } from '../../../../gateway/kafka/enforce/fetch-session.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchResponse,
  defaultFetchResponseFetchableTopicResponse,
  defaultFetchResponsePartitionData,
  type FetchRequest,
  type FetchResponse,
} from '../../../../gateway/kafka/wire/generated/fetch.ts';
import { alice, grantUntil } from '../../../support/access-policies.ts';
import { policySetOf } from '../../../support/policy-set.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { Enforcing, policies, type Result, versionsOf } from './enforcing.ts';
import { idOf, informed, nameFrom } from './known-topics.ts';

const sessionVersions = versionsOf(apis.Fetch).filter((version) => version >= 7);

/** Partitions as `topic/partition`, with the offset that is wanted. */
type Offsets = ReadonlyMap<string, bigint>;

function grouped(partitions: Iterable<string>): { topic: string; topicId: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const key of partitions) {
    const [topic = '', partition] = key.split('/');
    topics.set(topic, [...(topics.get(topic) ?? []), Number(partition)]);
  }
  return [...topics].map(([topic, list]) => ({ topic, topicId: idOf(topic), partitions: list }));
}

function request(sessionId: number, sessionEpoch: number, wanted: Offsets, forget: readonly string[] = []) {
  return {
    ...defaultFetchRequest,
    sessionId,
    sessionEpoch,
    topics: grouped(wanted.keys()).map(({ partitions, ...topic }) => ({
      ...topic,
      partitions: partitions.map((partition) => ({
        ...defaultFetchRequestFetchPartition,
        partition,
        fetchOffset: wanted.get(`${topic.topic}/${partition}`)!,
      })),
    })),
    forgottenTopicsData: grouped(forget),
  };
}

function response(sessionId: number, partitions: Iterable<string>, fields = {}): FetchResponse {
  return {
    ...defaultFetchResponse,
    sessionId,
    responses: grouped(partitions).map(({ partitions: list, ...topic }) => ({
      ...defaultFetchResponseFetchableTopicResponse,
      ...topic,
      partitions: list.map((partitionIndex) => ({ ...defaultFetchResponsePartitionData, partitionIndex })),
    })),
    ...fields,
  };
}

/** Partitions of a message with what `value` finds in each; topics by name again. */
function listed(
  topics: readonly { topic: string; topicId: string; partitions: readonly object[] }[],
  value: string,
): [string, unknown][] {
  return topics.flatMap(({ topic, topicId, partitions }) =>
    partitions.map((one): [string, unknown] => {
      const fields = one as Readonly<Record<string, unknown>>;
      return [`${topic || nameFrom(topicId)}/${fields['partition'] ?? fields['partitionIndex']}`, fields[value]];
    }),
  );
}
const codes = (result: Result): string[] =>
  listed((result as { message: FetchResponse }).message.responses, 'errorCode').map((one) => one.join(' '));
const sentOf = (result: Result): { id: number; epoch: number; topics: string[]; forgotten: string[] } => {
  const { sessionId, sessionEpoch, topics, forgottenTopicsData } = (result as { message: FetchRequest }).message;
  return {
    id: sessionId,
    epoch: sessionEpoch,
    topics: listed(topics, 'fetchOffset').map((one) => one.join(' ')),
    forgotten: forgottenTopicsData.flatMap(({ topic, topicId, partitions }) =>
      partitions.map((partition) => `${topic || nameFrom(topicId)}/${partition}`),
    ),
  };
};
const at = (...entries: [string, number][]): Offsets => new Map(entries.map(([key, offset]) => [key, BigInt(offset)]));
const granting = (): Enforcing => {
  const on = informed();
  on.snapshots.swap(snapshotOf(policies, [grantUntil(policies, on.clock.now() + 60_000)]));
  return on;
};
const touched = (on: Enforcing): string[] => on.context.touches.map(({ name }) => name);

/** A connection that has session 9, with what is asked for. */
function begun(on: Enforcing, version: number, wanted: Offsets): Result {
  on.request(apis.Fetch, version, request(0, 0, wanted));
  return on.response(apis.Fetch, version, response(9, [...wanted.keys()]));
}

describe.each(sessionVersions)('a fetch session, v%i', (version) => {
  test('is the broker’s own; an empty fetch goes on as it came, and touches all that is in it', () => {
    const on = informed();
    const wanted = at(['open/0', 5], ['open/1', 6], ['open.a/0', 7]);
    expect(on.request(apis.Fetch, version, request(0, 0, wanted))).toEqual({ kind: 'forward' });
    expect(on.response(apis.Fetch, version, response(9, wanted.keys()))).toEqual({ kind: 'forward' });
    for (const epoch of [1, 2]) {
      expect(on.request(apis.Fetch, version, request(9, epoch, new Map()))).toEqual({ kind: 'forward' });
      expect(touched(on)).toEqual(['open', 'open.a']);
      expect(on.response(apis.Fetch, version, response(9, []))).toEqual({ kind: 'forward' });
    }
  });

  test('holds what is allowed; the rest comes back with 29 in every answer', () => {
    const on = informed();
    on.asked = true;
    const wanted = at(['open/0', 5], ['secret/0', 1], ['secret/1', 2]);
    expect(sentOf(on.request(apis.Fetch, version, request(0, 0, wanted)))).toEqual({
      id: 0,
      epoch: 0,
      topics: ['open/0 5'],
      forgotten: [],
    });
    const first = on.response(apis.Fetch, version, response(9, ['open/0']));
    expect(first).toMatchObject({ message: { sessionId: 9 } });
    expect(codes(first)).toEqual(['open/0 0', 'secret/0 29', 'secret/1 29']);
    expect(on.request(apis.Fetch, version, request(9, 1, new Map()))).toEqual({ kind: 'forward' });
    expect(codes(on.response(apis.Fetch, version, response(9, [])))).toEqual(['secret/0 29', 'secret/1 29']);
    const more = request(9, 2, at(['strange/3', 1], ['open/0', 8]), ['secret/0']);
    expect(sentOf(on.request(apis.Fetch, version, more))).toMatchObject({ topics: ['open/0 8'], forgotten: [] });
    const strange = version < 13 ? 29 : 100;
    expect(codes(on.response(apis.Fetch, version, response(9, [])))).toEqual(['secret/1 29', `strange/3 ${strange}`]);
  });

  test('loses what lost its right and gets it back as it was last asked for', () => {
    const on = granting();
    begun(on, version, at(['open/0', 1], ['granted/0', 2], ['granted/1', 3]));
    on.request(apis.Fetch, version, request(9, 1, at(['granted/0', 22])));
    on.response(apis.Fetch, version, response(9, []));
    on.snapshots.swap(snapshotOf(policies));
    const out = on.request(apis.Fetch, version, request(9, 2, new Map()));
    expect(sentOf(out)).toEqual({ id: 9, epoch: 2, topics: [], forgotten: ['granted/0', 'granted/1'] });
    expect(codes(on.response(apis.Fetch, version, response(9, [])))).toEqual(['granted/0 29', 'granted/1 29']);
    const meanwhile = request(9, 3, at(['granted/1', 33]));
    expect(sentOf(on.request(apis.Fetch, version, meanwhile))).toMatchObject({ topics: [], forgotten: [] });
    on.response(apis.Fetch, version, response(9, []));
    on.snapshots.swap(snapshotOf(policies, [grantUntil(policies, on.clock.now() + 60_000)]));
    const back = on.request(apis.Fetch, version, request(9, 4, new Map()));
    expect(sentOf(back)).toMatchObject({ topics: ['granted/0 22', 'granted/1 33'], forgotten: [] });
    expect(touched(on)).toEqual(['open', 'granted']);
    expect(on.response(apis.Fetch, version, response(9, ['granted/0']))).toEqual({ kind: 'forward' });
    expect(on.request(apis.Fetch, version, request(9, 5, new Map()))).toEqual({ kind: 'forward' });
  });

  test('is nobody else’s: a strange id is 70, and a broker never sees it', () => {
    const on = informed();
    expect(on.request(apis.Fetch, version, request(9, 3, new Map()))).toMatchObject({
      kind: 'reply',
      message: { errorCode: 70, sessionId: 0, responses: [] },
    });
    begun(on, version, at(['open/0', 1]));
    expect(on.request(apis.Fetch, version, request(8, 1, new Map()))).toMatchObject({ message: { errorCode: 70 } });
    // A broker would end a session that a full request names.
    for (const epoch of [0, -1]) {
      const full = informed().request(apis.Fetch, version, request(8, epoch, at(['open/0', 1])));
      expect(sentOf(full)).toMatchObject({ id: 0, epoch });
    }
  });

  test.each([
    ['an error', { errorCode: 71 }],
    ['no id, because it became empty', { sessionId: 0 }],
    ['another id', { sessionId: 10 }],
  ])('is over when the broker answers with %s', (_, fields) => {
    const on = informed();
    begun(on, version, at(['open/0', 1]));
    on.request(apis.Fetch, version, request(9, 7, new Map()));
    expect(on.response(apis.Fetch, version, response(9, [], fields))).toEqual({ kind: 'forward' });
    expect(on.request(apis.Fetch, version, request(9, 1, new Map()))).toMatchObject({ message: { errorCode: 70 } });
  });

  test('is not begun where the broker gives none, where nothing is allowed, or where it would be too large', () => {
    const on = informed();
    on.request(apis.Fetch, version, request(0, 0, at(['open/0', 1])));
    on.response(apis.Fetch, version, response(0, ['open/0']));
    expect(on.connection.fetchSession).toBeUndefined();
    const none = on.request(apis.Fetch, version, request(0, 0, at(['secret/0', 1])));
    expect([none.kind, codes(none)]).toEqual(['reply', ['secret/0 29']]);
    const many = new Map(Array.from({ length: mostSessionPartitions + 1 }, (_, n) => [`open/${n}`, 0n]));
    expect(sentOf(on.request(apis.Fetch, version, request(0, 0, many)))).toMatchObject({ id: 0, epoch: -1 });
    begun(on, version, at(['open/0', 1]));
    expect(on.request(apis.Fetch, version, request(9, 1, many))).toMatchObject({ message: { errorCode: 70 } });
    expect(on.connection.fetchSession).toBeUndefined();
  });

  test('counts topics that come without partitions', () => {
    const on = informed();
    begun(on, version, at(['open/0', 1]));
    on.asked = true;
    const names = Array.from({ length: mostSessionPartitions + 1 }, (_, n) => `open.${n}`);
    const topics = names.map((topic) => ({ topic, topicId: idOf(topic), partitions: [] }));
    const large = { ...request(9, 1, new Map()), topics };
    expect(on.request(apis.Fetch, version, large)).toMatchObject({ message: { errorCode: 70 } });
    expect(on.connection.fetchSession).toBeUndefined();
  });

  test('ends when the client closes it, or begins another', () => {
    const on = informed();
    begun(on, version, at(['open/0', 1]));
    expect(on.request(apis.Fetch, version, request(9, -1, new Map()))).toMatchObject({ kind: 'forward' });
    expect(on.connection.fetchSession).toBeUndefined();
    begun(on, version, at(['open/0', 1]));
    const denied = on.request(apis.Fetch, version, request(9, 0, at(['secret/0', 1])));
    expect(sentOf(denied)).toMatchObject({ id: 9, epoch: -1, topics: [] });
    expect(codes(on.response(apis.Fetch, version, response(0, [])))).toEqual(['secret/0 29']);
    begun(on, version, at(['open/0', 1]));
    const next = on.request(apis.Fetch, version, request(0, 0, at(['open/1', 1])));
    expect(sentOf(next)).toMatchObject({ id: 9, epoch: 0, topics: ['open/1 1'] });
    on.response(apis.Fetch, version, response(11, ['open/1']));
    expect(on.request(apis.Fetch, version, request(9, 1, new Map()))).toMatchObject({ message: { errorCode: 70 } });
    expect(on.request(apis.Fetch, version, request(11, 1, new Map()))).toEqual({ kind: 'forward' });
  });

  test('an answer may stream only when nothing is put into it, nothing is masked, and it begins no session', () => {
    const plainOf = (on: Enforcing, body: FetchRequest): boolean => {
      const bytes = new Writer();
      apis.Fetch.writeRequest(bytes, version, body);
      const outcome = fetch.onRequest(bytes.toBuffer(), version, on.context);
      return ((outcome as { pending: unknown }).pending as FetchPending).plain;
    };
    const on = informed();
    expect(plainOf(on, request(0, -1, at(['open/0', 1])))).toBe(true);
    expect(plainOf(on, request(0, 0, at(['open/0', 1])))).toBe(false);
    expect(plainOf(on, request(0, -1, at(['open/0', 1], ['masked/0', 1])))).toBe(false);
    expect(plainOf(on, request(0, -1, at(['open/0', 1], ['secret/0', 1])))).toBe(false);
    begun(on, version, at(['open/0', 1]));
    expect(plainOf(on, request(9, 1, new Map()))).toBe(true);
    expect(plainOf(on, request(9, 1, at(['masked/0', 1])))).toBe(false);
    expect(plainOf(on, request(9, 1, new Map()))).toBe(false);
  });
});

test('a session keeps one way to name topics: the other is 106, as brokers say', () => {
  for (const [first, second] of [
    [12, 13],
    [13, 12],
  ] as const) {
    const on = informed();
    begun(on, first, at(['open/0', 1]));
    expect(on.request(apis.Fetch, second, request(9, 1, new Map()))).toMatchObject({ message: { errorCode: 106 } });
  }
});

test('an id that becomes known is added to the session without being asked for again', () => {
  const on = informed();
  on.asked = true;
  on.request(apis.Fetch, 13, request(0, 0, at(['open/0', 1], ['open.z/0', 4])));
  expect(codes(on.response(apis.Fetch, 13, response(9, ['open/0'])))).toEqual(['open/0 0', 'open.z/0 100']);
  on.names.set(idOf('open.z'), 'open.z');
  const sent = on.request(apis.Fetch, 13, request(9, 1, new Map()));
  expect(sentOf(sent)).toMatchObject({ topics: ['open.z/0 4'] });
});

test('an empty fetch of a large session looks each topic up once, whatever its partitions', () => {
  const on = informed();
  const topics = Array.from({ length: 50 }, (_, n) => `open.${n}`);
  const wanted = new Map(topics.flatMap((topic) => Array.from({ length: 20 }, (_, n) => [`${topic}/${n}`, 0n])));
  for (const topic of topics) on.names.set(idOf(topic), topic);
  begun(on, 18, wanted);
  let decided = 0;
  const { decide } = on.access;
  on.access.decide = (...args) => {
    decided++;
    return decide.apply(on.access, args);
  };
  expect(on.request(apis.Fetch, 18, request(9, 1, new Map()))).toEqual({ kind: 'forward' });
  expect([decided, touched(on)]).toEqual([50, topics]);
});

// A client, a broker and the gateway between them, under rights that come and go.

const topicNames = ['a', 'b', 'c'] as const;
const strange = 'x';
const allPartitions = [...topicNames, strange].flatMap((topic) => [`${topic}/0`, `${topic}/1`]);

/** A snapshot in which alice reads these topics. */
function reading(allowed: readonly string[]) {
  return snapshotOf(
    policySetOf([
      ['Cluster', 'main', '{type: kafka, owners: [team]}'],
      ['Identity', 'alice', '{person: {oidc: [{issuer: "https://issuer.example", subject: alice}]}}'],
      ['Group', 'team', '{members: [alice]}'],
      ...topicNames.map((name): [string, string, string] => [
        'Stream',
        name,
        `{cluster: main, topics: [{literal: ${name}}], owners: [team]}`,
      ]),
      ...allowed.map((name): [string, string, string] => [
        'AccessPolicy',
        `read-${name}`,
        `{effect: allow, mode: standing, subjects: [{identity: alice}], streams: [${name}], operations: [consume]}`,
      ]),
    ]),
  );
}
const snapshots = new Map(
  Array.from({ length: 8 }, (_, bits) => topicNames.filter((_name, n) => bits & (1 << n))).map((allowed) => [
    allowed.join(),
    reading(allowed),
  ]),
);

/** What a broker does with fetch sessions (kafka.server.FetchManager). */
class ModelBroker {
  session: { readonly id: number; epoch: number; readonly partitions: Map<string, bigint> } | undefined;
  #ids = 100;

  answer(asked: FetchRequest): FetchResponse {
    const named = listed(asked.topics, 'fetchOffset') as [string, bigint][];
    if (asked.sessionEpoch <= 0) {
      if (asked.sessionId === this.session?.id) this.session = undefined;
      if (asked.sessionEpoch === 0) this.session = { id: ++this.#ids, epoch: 1, partitions: new Map(named) };
      return response(asked.sessionEpoch === 0 ? this.#ids : 0, new Map(named).keys());
    }
    const { session } = this;
    if (session?.id !== asked.sessionId) return response(0, [], { errorCode: 70 });
    if (session.epoch !== asked.sessionEpoch) return response(session.id, [], { errorCode: 71 });
    session.epoch++;
    for (const [key, offset] of named) session.partitions.set(key, offset);
    for (const { topic, topicId, partitions } of asked.forgottenTopicsData)
      for (const one of partitions) session.partitions.delete(`${topic || nameFrom(topicId)}/${one}`);
    if (session.partitions.size === 0) this.session = undefined;
    // Some have news, and so have all that were named.
    const news = [...session.partitions].filter(
      ([key, offset]) => offset % 3n === 0n || named.some(([n]) => n === key),
    );
    return response(this.session ? session.id : 0, new Map(news).keys());
  }
}

type Step =
  | { readonly kind: 'fetch'; readonly set: readonly [string, number][]; readonly forget: readonly string[] }
  | { readonly kind: 'full' | 'close' | 'badEpoch' }
  | { readonly kind: 'access'; readonly allowed: readonly string[] };
const partition = fc.constantFrom(...allPartitions);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('fetch' as const),
      set: fc.uniqueArray(fc.tuple(partition, fc.nat(30)), { maxLength: 4, selector: ([key]) => key }),
      forget: fc.uniqueArray(partition, { maxLength: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('access' as const),
      allowed: fc.subarray([...topicNames]),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('full' as const, 'close' as const, 'badEpoch' as const) }),
  },
);

test('whatever comes and goes: the broker has what may be read, the client hears of everything else in every answer', () => {
  fc.assert(
    fc.property(fc.constantFrom(7, 12, 13, 18), fc.array(step, { minLength: 3, maxLength: 25 }), (version, steps) => {
      const on = new Enforcing(snapshots.get('a,b'), alice);
      for (const name of topicNames) on.names.set(idOf(name), name);
      on.asked = true; // x is nobody's
      const broker = new ModelBroker();
      let allowed: readonly string[] = ['a', 'b'];
      let wanted = new Map<string, bigint>();
      let session = { id: 0, epoch: 0 };
      const mayRead = (key: string): boolean => allowed.includes(key.split('/')[0]!);
      const codeOf = (key: string): number => (mayRead(key) ? 0 : key.startsWith(strange) && version >= 13 ? 100 : 29);

      for (const one of steps) {
        if (one.kind === 'access') {
          allowed = one.allowed;
          on.snapshots.swap(snapshots.get(allowed.join())!);
          continue;
        }
        let asked: FetchRequest;
        if (one.kind === 'close') asked = request(session.id, -1, new Map());
        else {
          const set = new Map(one.kind === 'fetch' ? one.set.map(([key, n]) => [key, BigInt(n)] as const) : []);
          const forget = one.kind === 'fetch' ? one.forget.filter((key) => wanted.has(key) && !set.has(key)) : [];
          wanted = new Map([...wanted, ...set]);
          for (const key of forget) wanted.delete(key);
          const full = session.epoch === 0 || one.kind === 'full';
          const epoch = session.epoch + (one.kind === 'badEpoch' ? 5 : 0);
          asked = full ? request(session.id, 0, wanted) : request(session.id, epoch, set, forget);
        }
        const sent = on.request(apis.Fetch, version, asked);
        let answer: FetchResponse;
        if (sent.kind === 'reply') answer = sent.message;
        else {
          const upstream = sent.kind === 'forward' ? asked : (sent as { message: FetchRequest }).message;
          expect(upstream.sessionId === 0 || upstream.sessionId === session.id).toBe(true);
          const touches = new Set(touched(on));
          const fromBroker = broker.answer(upstream);
          const result = on.response(apis.Fetch, version, fromBroker);
          answer = result.kind === 'forward' ? fromBroker : (result as { message: FetchResponse }).message;
          if (answer.errorCode === 0 && one.kind !== 'close') {
            const readable = new Map([...wanted].filter(([key]) => mayRead(key)));
            expect(broker.session?.partitions ?? new Map()).toEqual(readable);
            expect(touches).toEqual(new Set([...readable.keys()].map((key) => key.split('/')[0]!)));
          }
        }
        const told = new Map(listed(answer.responses, 'errorCode'));
        expect(told.size).toBe(listed(answer.responses, 'errorCode').length);
        if (answer.errorCode !== 0) {
          expect([70, 71]).toContain(answer.errorCode);
          expect(one.kind).toBe('badEpoch');
          session = { id: 0, epoch: 0 };
          continue;
        }
        if (one.kind === 'close') {
          expect(answer.sessionId).toBe(0);
          session = { id: 0, epoch: 0 };
          continue;
        }
        const expected = [...wanted.keys()].filter((key) => asked.sessionEpoch === 0 || !mayRead(key));
        for (const key of expected) expect([key, told.get(key)]).toEqual([key, codeOf(key)]);
        for (const [key, code] of told) expect([wanted.has(key), code]).toEqual([true, codeOf(key)]);
        session = answer.sessionId === 0 ? { id: 0, epoch: 0 } : { id: answer.sessionId, epoch: session.epoch + 1 };
        if (answer.sessionId !== 0 && asked.sessionEpoch === 0) session.epoch = 1;
      }
    }),
    { numRuns: 500 },
  );
});
