import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { codecs } from '../../../../core/bytes/compression.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchRequestFetchTopic,
  defaultFetchResponse,
  defaultFetchResponseFetchableTopicResponse,
  defaultFetchResponsePartitionData,
  type FetchResponse,
} from '../../../../gateway/kafka/wire/generated/fetch.ts';
import {
  defaultProduceRequest,
  defaultProduceResponse,
  defaultProduceResponsePartitionProduceResponse,
  defaultProduceResponseTopicProduceResponse,
  type ProduceRequest,
} from '../../../../gateway/kafka/wire/generated/produce.ts';
import { batchOffset, crcMatches, walkBatches } from '../../../../gateway/kafka/wire/record-batch.ts';
import { accessPolicies, grantUntil } from '../../../support/access-policies.ts';
import { batchOf, valuesOf } from '../../../support/record-batches.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { policies, realHost, shownHost, versionsOf } from './enforcing.ts';
import { idOf, informed, nameFrom } from './known-topics.ts';

const card = '4111 1111 1111 1111';
const json = JSON.stringify({ card, amount: 12.5 });
const hour = 3_600_000;

type Parts = readonly (readonly [topic: string, partition: number, records?: Uint8Array | null])[];

function byTopic<T>(
  parts: Parts,
  make: (partition: number, records: Uint8Array | null) => T,
): { name: string; list: T[] }[] {
  const topics: { name: string; list: T[] }[] = [];
  for (const [name, partition, records] of parts) {
    if (topics.at(-1)?.name !== name) topics.push({ name, list: [] });
    topics.at(-1)!.list.push(make(partition, records ?? null));
  }
  return topics;
}

const produceOf = (parts: Parts, fields: Partial<ProduceRequest> = {}): ProduceRequest => ({
  ...defaultProduceRequest,
  acks: -1,
  timeoutMs: 1000,
  topicData: byTopic(parts, (index, records) => ({ index, records })).map(({ name, list }) => ({
    name,
    topicId: idOf(name),
    partitionData: list,
  })),
  ...fields,
});
const producedOf = (parts: Parts) => ({
  ...defaultProduceResponse,
  responses: byTopic(parts, (index) => ({
    ...defaultProduceResponsePartitionProduceResponse,
    index,
    baseOffset: BigInt(index),
  })).map(({ name, list }) => ({
    ...defaultProduceResponseTopicProduceResponse,
    name,
    topicId: idOf(name),
    partitionResponses: list,
  })),
});
const fetchOf = (parts: Parts, fields = {}) => ({
  ...defaultFetchRequest,
  topics: byTopic(parts, (partition) => ({ ...defaultFetchRequestFetchPartition, partition })).map(
    ({ name, list }) => ({
      ...defaultFetchRequestFetchTopic,
      topic: name,
      topicId: idOf(name),
      partitions: list,
    }),
  ),
  ...fields,
});
const fetchedOf = (parts: Parts, fields = {}): FetchResponse => ({
  ...defaultFetchResponse,
  responses: byTopic(parts, (partitionIndex, records) => ({
    ...defaultFetchResponsePartitionData,
    partitionIndex,
    highWatermark: 9n,
    records,
  })).map(({ name, list }) => ({
    ...defaultFetchResponseFetchableTopicResponse,
    topic: name,
    topicId: idOf(name),
    partitions: list,
  })),
  ...fields,
});
/** A topic's name, also where only its id is on the wire. */
const nameOf = ({ name, topic, topicId }: { name?: string; topic?: string; topicId: string }): string =>
  name || topic || nameFrom(topicId);
const namesOf = (result: unknown): string[] => {
  const { topicData, topics } = (result as { message: { topicData?: Named[]; topics?: Named[] } }).message;
  return (topicData ?? topics ?? []).map(nameOf);
};
type Named = Parameters<typeof nameOf>[0];
const codesOf = (message: { responses: readonly object[] }): string[] =>
  message.responses.flatMap((topic) => {
    const { partitionResponses, partitions } = topic as Readonly<Record<string, unknown>>;
    return ((partitionResponses ?? partitions) as { index?: number; partitionIndex?: number; errorCode: number }[]).map(
      (one) => `${nameOf(topic as Named)} ${one.index ?? one.partitionIndex} ${one.errorCode}`,
    );
  });

describe.each(versionsOf(apis.Produce))('Produce v%i', (version) => {
  const batch = batchOf(['x']);

  test('what is allowed goes on as it came', () => {
    const on = informed();
    expect(on.request(apis.Produce, version, produceOf([['open', 0, batch]]))).toEqual({ kind: 'forward' });
    expect(on.context.events).toEqual([]);
    expect(on.response(apis.Produce, version, producedOf([['open', 0]]))).toEqual({ kind: 'forward' });
    expect(on.context.events).toMatchObject([
      {
        kind: 'produce_done',
        bytes: batch.length,
        topics: [{ topic: 'open', partition: 0, records: 1, bytes: batch.length, firstOffset: 0n, lastOffset: 0n }],
      },
    ]);
  });

  test.each([
    ['strict', -1],
    ['bestEffort', 0],
  ] as const)('what is sent is recorded before it goes: %s, acks=%i', (durability, acks) => {
    const on = informed(snapshotOf(accessPolicies('', { durability })));
    const sent = { ...produceOf([['open', 0, batch]]), acks };
    expect(on.request(apis.Produce, version, sent)).toEqual({ kind: 'forward' });
    expect(on.context.events).toMatchObject([{ kind: 'produce_intent', topics: [{ topic: 'open', records: 1 }] }]);
    expect(on.response(apis.Produce, version, producedOf([['open', 0]]))).toEqual({ kind: 'forward' });
    expect(on.context.events).toEqual([
      { kind: 'produce_done', topics: [{ topic: 'open', partition: 0, firstOffset: 0n }] },
    ]);
  });

  test('what was sent and is never answered is recorded, once', () => {
    for (const durability of ['strict', 'bestEffort'] as const) {
      const on = informed(snapshotOf(accessPolicies('', { durability })));
      on.request(apis.Produce, version, produceOf([['open', 0, batch]]));
      const before = on.context.events.length;
      on.lost(apis.Produce);
      expect(before + on.context.events.length).toBe(1);
    }
  });

  test('what is denied is taken out, and put back in the order of the request', () => {
    const on = informed();
    const parts: Parts = [
      ['secret', 0, batch],
      ['open', 0, batch],
      ['granted', 3, batch],
      ['open.a', 1, batch],
    ];
    const sent = on.request(apis.Produce, version, produceOf(parts));
    expect([sent.kind, namesOf(sent)]).toEqual(['send', ['open', 'open.a']]);
    expect(on.denied).toEqual(['produce topic secret 29', 'produce topic granted 29']);
    const answer = on.response(
      apis.Produce,
      version,
      producedOf([
        ['open.a', 1],
        ['open', 0],
      ]),
    );
    expect(answer.kind === 'send' && codesOf(answer.message)).toEqual([
      'secret 0 29',
      'open 0 0',
      'granted 3 29',
      'open.a 1 0',
    ]);
  });

  test('all denied is answered here; without acknowledgement the connection closes', () => {
    const on = informed();
    const request = produceOf([
      ['secret', 0, batch],
      ['granted', 1, batch],
    ]);
    const reply = on.request(apis.Produce, version, request);
    expect(reply.kind === 'reply' && codesOf(reply.message)).toEqual(['secret 0 29', 'granted 1 29']);
    expect(on.request(apis.Produce, version, { ...request, acks: 0 })).toMatchObject({
      kind: 'close',
      code: 'DeniedWithoutReply',
    });
    const partly = produceOf(
      [
        ['open', 0, batch],
        ['secret', 0, batch],
      ],
      { acks: 0 },
    );
    expect(on.request(apis.Produce, version, partly)).toMatchObject({ kind: 'close', code: 'DeniedWithoutReply' });
  });

  test('a denied transactional id is 53 everywhere', () => {
    const on = informed();
    const request = produceOf(
      [
        ['open', 0, batch],
        ['open', 1, batch],
      ],
      { transactionalId: 'somebody' },
    );
    const reply = on.request(apis.Produce, version, request);
    expect(reply.kind === 'reply' && codesOf(reply.message)).toEqual(['open 0 53', 'open 1 53']);
    expect(on.request(apis.Produce, version, { ...request, transactionalId: 'alice.tx' })).toEqual({ kind: 'forward' });
  });

  test.each<[string, Parts]>([
    [
      'a partition twice',
      [
        ['open', 0, batch],
        ['open', 0, batch],
      ],
    ],
    [
      'a topic twice with the same partition',
      [
        ['open', 0, batch],
        ['open.a', 0, batch],
        ['open', 0, batch],
      ],
    ],
  ])('%s closes the connection', (_, parts) => {
    expect(informed().request(apis.Produce, version, produceOf(parts))).toMatchObject({
      kind: 'close',
      code: 'BadFrame',
    });
  });

  test.each(codecs)('values are masked in %s batches', (codec) => {
    const on = informed();
    const records = batchOf([json, null, '{"a":1}'], { codec });
    const sent = on.request(apis.Produce, version, produceOf([['masked', 0, records]]));
    expect(sent.kind).toBe('send');
    const { topicData } = (sent as { message: unknown }).message as ProduceRequest;
    const masked = topicData[0]!.partitionData[0]!.records!;
    const [value, tombstone, other] = valuesOf(masked);
    expect(value).not.toContain('4111 1111');
    expect([tombstone, other]).toEqual([null, '{"a":1}']);
    const [batch2] = walkBatches(masked);
    expect(batch2).toMatchObject({ kind: 'batch', codec, count: 3 });
    expect(crcMatches(masked, batch2 as never)).toBe(true);
  });

  test.each<[string, Uint8Array]>([
    ['no JSON', batchOf(['not json'])],
    ['a control batch', batchOf([json], { attributes: 0x20 })],
    ['a wrong checksum', damaged(batchOf([json]))],
    ['a cut batch', batchOf([json]).subarray(0, -1)],
    ['an old format', legacy(batchOf([json]))],
    ['a count that is too low', recounted(batchOf([json, json]))],
  ])('%s for a masked topic is refused with 87', (_, records) => {
    const on = informed();
    const reply = on.request(apis.Produce, version, produceOf([['masked', 0, records]]));
    expect(reply.kind === 'reply' && codesOf(reply.message)).toEqual(['masked 0 87']);
    expect(on.context.events).toMatchObject([{ kind: 'deny', code: 'Unmaskable', name: 'masked' }]);
  });

  test.each([
    ['under an id that may be used', 'alice.tx', undefined],
    ['under none', null, 53],
    ['under a denied one', 'somebody', 53],
  ])('a transactional batch %s', (_, transactionalId, error) => {
    const on = informed();
    const parts: Parts = [
      ['open', 0, batch],
      ['secret', 0, transactional(batchOf(['x']))],
    ];
    const outcome = on.request(apis.Produce, version, produceOf(parts, { transactionalId }));
    if (error) expect(outcome.kind === 'reply' && codesOf(outcome.message)).toEqual(['open 0 53', 'secret 0 53']);
    else expect(namesOf(outcome)).toEqual(['open']);
    // Before version 12 the coordinator's connection knows of it, where its end is seen, too.
    const begun = error || version < 12 ? [] : [{ transactionalId, producerId: 77n, producerEpoch: 3 }];
    expect(on.connection.transactions.take(() => true)).toEqual(begun);
    const silent = on.request(apis.Produce, version, produceOf(parts.slice(1), { transactionalId, acks: 0 }));
    expect(silent).toMatchObject({ kind: 'close', code: 'DeniedWithoutReply' });
  });

  if (version >= 13)
    test('an id that is not known is asked for once, and is 100 when no topic has it', () => {
      const on = informed();
      const parts: Parts = [
        ['new', 0, batch],
        ['open', 0, batch],
        ['strange', 1, batch],
      ];
      const need = on.request(apis.Produce, version, produceOf(parts));
      expect(need).toEqual({ kind: 'need', topicIds: [idOf('new'), idOf('strange')] });
      expect(on.context.events).toEqual([]);
      on.asked = true;
      on.names.set(idOf('new'), 'open.c');
      const sent = on.request(apis.Produce, version, produceOf(parts));
      expect(namesOf(sent)).toEqual(['new', 'open']);
      expect(on.context.events).toEqual([]);
      const answer = on.response(
        apis.Produce,
        version,
        producedOf([
          ['open', 0],
          ['new', 0],
        ]),
      );
      expect(answer.kind === 'send' && codesOf(answer.message)).toEqual(['new 0 0', 'open 0 0', 'strange 1 100']);
      expect(on.context.events).toMatchObject([{ topics: [{ topic: 'open' }, { topic: 'open.c' }] }]);
      const alone = on.request(apis.Produce, version, produceOf([['strange', 4, batch]]));
      expect(alone.kind === 'reply' && codesOf(alone.message)).toEqual(['strange 4 100']);
    });

  if (version >= 10)
    test('endpoints of other leaders are ours', () => {
      const on = informed();
      on.request(apis.Produce, version, produceOf([['open', 0, batch]]));
      const nodeEndpoints = [1, 7].map((nodeId) => ({ nodeId, host: realHost, port: 9092, rack: null }));
      const answer = on.response(apis.Produce, version, { ...producedOf([['open', 0]]), nodeEndpoints });
      expect(answer).toMatchObject({ message: { nodeEndpoints: [{ nodeId: 1, host: shownHost, port: 9001 }] } });
      expect(on.unknown).toEqual([7]);
    });
});

describe.each(versionsOf(apis.Fetch))('Fetch v%i', (version) => {
  const batch = batchOf(['x']);
  const epoch = version >= 7 ? { sessionEpoch: -1 } : {};

  test('what is allowed goes on as it came, and is recorded', () => {
    const on = informed();
    expect(on.request(apis.Fetch, version, fetchOf([['open', 0]], epoch))).toEqual({ kind: 'forward' });
    expect(on.response(apis.Fetch, version, fetchedOf([['open', 0, batch]]))).toEqual({ kind: 'forward' });
    expect(on.context.events).toMatchObject([
      { kind: 'fetch_done', topics: [{ topic: 'open', partition: 0, records: 1, firstOffset: 0n, lastOffset: 0n }] },
    ]);
  });

  test('is never that of a replica', () => {
    const replicaState = { replicaId: 2, replicaEpoch: 5n };
    const replica = version < 15 ? { replicaId: 2 } : { replicaState };
    const sent = informed().request(apis.Fetch, version, fetchOf([['open', 0]], { ...epoch, ...replica }));
    const nobody = { replicaId: -1, replicaState: { replicaId: -1, replicaEpoch: -1n } };
    expect(sent).toMatchObject({ kind: 'send', message: nobody });
  });

  test('denied partitions come back with 29 and nothing else, each once', () => {
    const on = informed();
    const parts: Parts = [
      ['secret', 0],
      ['secret', 0],
      ['open', 0],
      ['secret', 1],
    ];
    const sent = on.request(apis.Fetch, version, fetchOf(parts, epoch));
    expect([sent.kind, namesOf(sent)]).toEqual(['send', ['open']]);
    const answer = on.response(apis.Fetch, version, fetchedOf([['open', 0, batch]]));
    expect(answer.kind === 'send' && codesOf(answer.message)).toEqual(['open 0 0', 'secret 0 29', 'secret 1 29']);
    const reply = on.request(apis.Fetch, version, fetchOf([['secret', 4]], epoch));
    expect(reply).toMatchObject({
      kind: 'reply',
      message: { responses: [{ partitions: [{ highWatermark: -1n, abortedTransactions: null }] }] },
    });
    const records = (reply as unknown as { message: FetchResponse }).message.responses[0]!.partitions[0]!.records;
    expect(records).toHaveLength(0);
  });

  test('access is looked up again when the answer arrives', () => {
    const end = informed().clock.now() + hour;
    const on = informed(snapshotOf(policies, [grantUntil(policies, end)]));
    expect(
      on.request(
        apis.Fetch,
        version,
        fetchOf(
          [
            ['granted', 0],
            ['open', 0],
          ],
          epoch,
        ),
      ),
    ).toEqual({ kind: 'forward' });
    on.clock.advance(hour);
    const answer = on.response(
      apis.Fetch,
      version,
      fetchedOf([
        ['granted', 0, batch],
        ['open', 0, batch],
      ]),
    );
    expect(answer.kind === 'send' && codesOf(answer.message)).toEqual(['granted 0 29', 'open 0 0']);
    expect(on.denied).toEqual(['consume topic granted 29']);
    expect(inspect(on.context.events, { depth: 9 })).not.toContain('granted');
  });

  test.each(codecs)('values are masked in %s batches; control batches pass, a cut one at the end does not', (codec) => {
    const on = informed();
    const control = batchOf(['c'], { attributes: 0x20, baseOffset: 1n });
    const last = batchOf([json], { codec, baseOffset: 2n });
    const blob = Buffer.concat([batchOf([json], { codec }), control, last.subarray(0, -3)]);
    on.request(apis.Fetch, version, fetchOf([['masked', 0]], epoch));
    const answer = on.response(apis.Fetch, version, fetchedOf([['masked', 0, blob]]));
    const { records } = (answer as unknown as { message: FetchResponse }).message.responses[0]!.partitions[0]!;
    const batches = walkBatches(records!);
    expect(batches.map((one) => one.kind)).toEqual(['batch', 'batch']);
    expect(valuesOf(records)[0]).not.toContain('4111 1111');
    expect(Buffer.from(records!).subarray(batches[1]!.start, batches[1]!.end)).toEqual(control);
    expect(batches.every((one) => crcMatches(records!, one as never))).toBe(true);
    expect(on.context.events).toMatchObject([
      { topics: [{ masks: [{ rule: 'cards/card', action: 'partial', count: 1 }] }] },
    ]);
  });

  test.each<[string, Uint8Array]>([
    ['no JSON', batchOf(['not json'])],
    ['damage', damaged(batchOf([json]))],
    ['an old format', legacy(batchOf([json]))],
    ['bytes that are no batch', Buffer.alloc(40, 7)],
    ['a codec that nobody knows', recoded(batchOf([json]))],
  ])('%s on a masked topic is refused with 29', (_, records) => {
    const on = informed();
    on.request(
      apis.Fetch,
      version,
      fetchOf(
        [
          ['masked', 0],
          ['masked', 1],
        ],
        epoch,
      ),
    );
    const answer = on.response(
      apis.Fetch,
      version,
      fetchedOf([
        ['masked', 0, records],
        ['masked', 1, batchOf([json])],
      ]),
    );
    expect(answer.kind === 'send' && codesOf(answer.message)).toEqual(['masked 0 29', 'masked 1 0']);
    expect(on.context.events[0]).toMatchObject({ kind: 'deny', code: 'Unmaskable', error: 29 });
  });

  if (version >= 13)
    test('an id that is not known is asked for once, and is 100 when no topic has it', () => {
      const on = informed();
      const parts: Parts = [
        ['new', 0],
        ['strange', 1],
        ['secret', 0],
      ];
      const need = on.request(apis.Fetch, version, fetchOf(parts, epoch));
      expect(need).toEqual({ kind: 'need', topicIds: [idOf('new'), idOf('strange')] });
      on.asked = true;
      on.names.set(idOf('new'), 'open.c');
      expect(namesOf(on.request(apis.Fetch, version, fetchOf(parts, epoch)))).toEqual(['new']);
      const answer = on.response(apis.Fetch, version, fetchedOf([['new', 0, batch]]));
      expect(answer.kind === 'send' && codesOf(answer.message)).toEqual(['new 0 0', 'strange 1 100', 'secret 0 29']);
      expect(on.context.events).toMatchObject([{ kind: 'fetch_done', topics: [{ topic: 'open.c' }] }]);
      on.names.clear();
      on.asked = false;
      const late = on.response(apis.Fetch, version, fetchedOf([['new', 0, batch]]));
      expect(late).toEqual({ kind: 'need', topicIds: [idOf('new')] });
      on.asked = true;
      const lost = on.response(apis.Fetch, version, fetchedOf([['new', 0, batch]]));
      expect(lost.kind === 'send' && codesOf(lost.message)[0]).toBe('new 0 100');
    });

  if (version >= 16)
    test('endpoints of other leaders are ours', () => {
      const on = informed();
      on.request(apis.Fetch, version, fetchOf([['open', 0]], epoch));
      const nodeEndpoints = [1, 7].map((nodeId) => ({ nodeId, host: realHost, port: 9092, rack: null }));
      const answer = on.response(apis.Fetch, version, fetchedOf([['open', 0]], { nodeEndpoints }));
      expect(answer).toMatchObject({ message: { nodeEndpoints: [{ nodeId: 1, host: shownHost, port: 9001 }] } });
      expect(on.unknown).toEqual([7]);
    });

  test('bytes behind the request do not go on', () => {
    const sent = informed().request(apis.Fetch, version, fetchOf([['open', 0]], epoch), Buffer.from([1, 2]));
    expect([sent.kind, namesOf(sent)]).toEqual(['send', ['open']]);
  });
});

/** The batch as one of a transaction of producer 77. */
function transactional(batch: Buffer): Buffer {
  batch.writeInt16BE(0x10, batchOffset.attributes);
  batch.writeBigInt64BE(77n, batchOffset.producerId);
  batch.writeInt16BE(3, batchOffset.producerEpoch);
  return batch;
}
function damaged(batch: Buffer): Buffer {
  batch[batch.length - 1]! ^= 1;
  return batch;
}
function legacy(batch: Buffer): Buffer {
  batch[batchOffset.magic] = 1;
  return batch;
}
function recounted(batch: Buffer): Buffer {
  batch.writeInt32BE(1, batchOffset.count);
  return batch;
}
function recoded(batch: Buffer): Buffer {
  batch.writeInt16BE(7, batchOffset.attributes);
  return batch;
}
