import { describe, expect, test } from 'vitest';
import type { RequestOf, ResponseOf } from '../../../../gateway/kafka/wire/api.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { defaultListOffsetsRequestListOffsetsTopic } from '../../../../gateway/kafka/wire/generated/list-offsets.ts';
import {
  defaultMetadataRequest,
  defaultMetadataResponse,
  defaultMetadataResponseMetadataResponseTopic,
} from '../../../../gateway/kafka/wire/generated/metadata.ts';
import {
  defaultOffsetCommitRequest,
  defaultOffsetCommitRequestOffsetCommitRequestPartition,
  defaultOffsetCommitResponse,
} from '../../../../gateway/kafka/wire/generated/offset-commit.ts';
import { bob } from '../../../support/access-policies.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { type Enforcing, policies, type Result, versionsOf } from './enforcing.ts';
import { idOf, informed, nameFrom } from './known-topics.ts';

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA';

type Topic = { readonly name?: string | null; readonly topicId: string; readonly errorCode?: number };
/** Each topic of a message as `name from the id, name in clear, error`. */
const told = (topics: readonly Topic[]): string[] =>
  topics.map(({ name, topicId, errorCode }) => `${nameFrom(topicId)} ${name ?? null} ${errorCode}`);
const messageOf = <T>(result: Result): T => (result as { message: T }).message;

describe.each(versionsOf(apis.Metadata).filter((version) => version >= 12))('Metadata v%i by id', (version) => {
  const askFor = (...names: string[]): RequestOf<typeof apis.Metadata> => ({
    ...defaultMetadataRequest,
    topics: names.map((name) => ({ topicId: idOf(name), name: null })),
  });
  const answer = (...topics: readonly Partial<Topic>[]): ResponseOf<typeof apis.Metadata> => ({
    ...defaultMetadataResponse,
    topics: topics.map((topic) => ({ ...defaultMetadataResponseMetadataResponseTopic, ...topic })),
  });

  test('29 without the name for what may not be described, 100 for what nobody has', () => {
    const on = informed();
    on.asked = true;
    const sent = on.request(apis.Metadata, version, askFor('open', 'secret', 'strange', 'open.a'));
    expect(told(messageOf<{ topics: Topic[] }>(sent).topics)).toEqual(['open null undefined', 'open.a null undefined']);
    expect(on.denied).toEqual(['describe topic secret 29']);
    const result = on.response(
      apis.Metadata,
      version,
      answer(
        { topicId: idOf('open'), name: 'open', errorCode: 0 },
        { topicId: idOf('open.a'), name: null, errorCode: 100 },
      ),
    );
    expect(told(messageOf<{ topics: Topic[] }>(result).topics)).toEqual([
      'open open 0',
      'open.a null 100',
      'secret null 29',
      'strange null 100',
    ]);
  });

  test('a new id is asked for, and a denied one reaches no broker', () => {
    const on = informed();
    expect(on.request(apis.Metadata, version, askFor('open', 'strange'))).toEqual({
      kind: 'need',
      topicIds: [idOf('strange')],
    });
    const reply = on.request(apis.Metadata, version, askFor('secret'));
    expect([reply.kind, told(messageOf<{ topics: Topic[] }>(reply).topics)]).toEqual(['reply', ['secret null 29']]);
  });

  test('names beside ids count for nothing, and topics without either close the connection', () => {
    const on = informed();
    const both = { ...askFor(), topics: [{ topicId: idOf('secret'), name: 'open' }] };
    expect(on.request(apis.Metadata, version, both).kind).toBe('reply');
    expect(on.denied).toEqual(['describe topic secret 29']);
    for (const topics of [
      [{ topicId: zeroId, name: null }],
      [
        { topicId: zeroId, name: 'open' },
        { topicId: idOf('open'), name: null },
      ],
    ])
      expect(on.request(apis.Metadata, version, { ...askFor(), topics })).toMatchObject({ code: 'BadFrame' });
  });

  test('an answer about names tells no topic without one', () => {
    const on = informed();
    on.request(apis.Metadata, version, { ...askFor(), topics: null });
    const result = on.response(apis.Metadata, version, answer({ topicId: idOf('secret'), name: null, errorCode: 100 }));
    expect(messageOf<{ topics: Topic[] }>(result).topics).toEqual([]);
  });
});

test.each(versionsOf(apis.Metadata).filter((version) => version >= 10))(
  'Metadata v%i: names of ids are learnt from every answer, whoever may see them',
  (version) => {
    const on = informed();
    on.request(apis.Metadata, version, { ...defaultMetadataRequest, topics: null });
    const fresh = { ...defaultMetadataResponseMetadataResponseTopic, name: 'secret', topicId: idOf('new') };
    on.response(apis.Metadata, version, { ...defaultMetadataResponse, topics: [fresh] });
    expect(on.names.get(idOf('new'))).toBe('secret');
    expect(on.names.has(zeroId)).toBe(false);
  },
);

describe.each(versionsOf(apis.OffsetCommit))('OffsetCommit v%i', (version) => {
  const byId = version >= 10;
  const commit = (groupId: string, ...names: string[]): RequestOf<typeof apis.OffsetCommit> => ({
    ...defaultOffsetCommitRequest,
    groupId,
    topics: names.map((name) => ({
      name,
      topicId: idOf(name),
      partitions: [{ ...defaultOffsetCommitRequestOffsetCommitRequestPartition, partitionIndex: 2 }],
    })),
  });
  const committed = (...names: string[]) => ({
    ...defaultOffsetCommitResponse,
    topics: names.map((name) => ({
      name,
      topicId: idOf(name),
      partitions: [{ partitionIndex: 2, errorCode: 0 }],
    })),
  });
  const codes = (result: Result): string[] =>
    messageOf<ResponseOf<typeof apis.OffsetCommit>>(result).topics.flatMap((topic) =>
      topic.partitions.map(
        (one) => `${byId ? nameFrom(topic.topicId) : topic.name} ${one.partitionIndex} ${one.errorCode}`,
      ),
    );

  test('29 for denied topics, 30 everywhere for a denied group', () => {
    const on = informed();
    expect(on.request(apis.OffsetCommit, version, commit('alice.g', 'open'))).toEqual({ kind: 'forward' });
    expect(on.response(apis.OffsetCommit, version, committed('open'))).toEqual({ kind: 'forward' });
    expect(on.request(apis.OffsetCommit, version, commit('alice.g', 'secret', 'open')).kind).toBe('send');
    expect(codes(on.response(apis.OffsetCommit, version, committed('open')))).toEqual(['open 2 0', 'secret 2 29']);
    expect(codes(on.request(apis.OffsetCommit, version, commit('alice.g', 'secret')))).toEqual(['secret 2 29']);
    expect(codes(on.request(apis.OffsetCommit, version, commit('other', 'open')))).toEqual(['open 2 30']);
  });

  if (byId)
    test('an id that is not known is asked for once, and is 100 when no topic has it', () => {
      const on = informed();
      expect(on.request(apis.OffsetCommit, version, commit('alice.g', 'strange', 'open'))).toEqual({
        kind: 'need',
        topicIds: [idOf('strange')],
      });
      on.asked = true;
      expect(on.request(apis.OffsetCommit, version, commit('alice.g', 'strange', 'open')).kind).toBe('send');
      expect(codes(on.response(apis.OffsetCommit, version, committed('open')))).toEqual(['open 2 0', 'strange 2 100']);
    });
});

test('OffsetFetch v10: an id that is not known is asked for once, in requests and in answers', () => {
  const on = informed();
  const asking = (names: readonly string[] | null): RequestOf<typeof apis.OffsetFetch> => ({
    groupId: '',
    topics: [],
    requireStable: false,
    groups: [
      {
        groupId: 'alice.g',
        memberId: null,
        memberEpoch: -1,
        topics: names?.map((name) => ({ name: '', topicId: idOf(name), partitionIndexes: [0] })) ?? null,
      },
    ],
  });
  const answer = (...names: string[]): ResponseOf<typeof apis.OffsetFetch> => ({
    throttleTimeMs: 0,
    errorCode: 0,
    topics: [],
    groups: [
      {
        groupId: 'alice.g',
        errorCode: 0,
        topics: names.map((name) => ({ name: '', topicId: idOf(name), partitions: [] })),
      },
    ],
  });
  const need = { kind: 'need', topicIds: [idOf('strange')] };
  const ids = (result: Result): string[] =>
    messageOf<ResponseOf<typeof apis.OffsetFetch>>(result).groups[0]!.topics.map(
      (topic) => `${nameFrom(topic.topicId)} ${topic.partitions[0]?.errorCode}`,
    );
  expect(on.request(apis.OffsetFetch, 10, asking(['strange', 'open']))).toEqual(need);
  on.asked = true;
  expect(on.request(apis.OffsetFetch, 10, asking(['strange', 'open'])).kind).toBe('send');
  expect(ids(on.response(apis.OffsetFetch, 10, answer('open')))).toEqual(['open undefined', 'strange 100']);
  on.asked = false;
  expect(on.request(apis.OffsetFetch, 10, asking(null))).toEqual({ kind: 'forward' });
  expect(on.response(apis.OffsetFetch, 10, answer('strange', 'open', 'secret'))).toEqual(need);
  on.asked = true;
  expect(ids(on.response(apis.OffsetFetch, 10, answer('strange', 'open', 'secret')))).toEqual(['open undefined']);
});

describe('DeleteTopics v6 by id', () => {
  const remove = (...topics: { readonly name: string | null; readonly topicId: string }[]) => ({
    topics,
    topicNames: [],
    timeoutMs: 1,
  });
  const byId = (...names: string[]) => remove(...names.map((name) => ({ name: null, topicId: idOf(name) })));
  const outcome = (on: Enforcing, result: Result): string[] => {
    const responses = [{ name: 'open', topicId: idOf('open'), errorCode: 0, errorMessage: null }];
    const { message } = (
      result.kind === 'reply' ? result : on.response(apis.DeleteTopics, 6, { throttleTimeMs: 0, responses })
    ) as { message: { responses: Topic[] } };
    return told(message.responses);
  };

  test('a denied topic tells its name only to who may describe it; 100 for what nobody has', () => {
    const on = informed();
    expect(on.request(apis.DeleteTopics, 6, byId('strange'))).toEqual({ kind: 'need', topicIds: [idOf('strange')] });
    on.asked = true;
    const sent = on.request(apis.DeleteTopics, 6, byId('secret', 'open', 'strange'));
    expect(on.denied).toEqual(['delete topic secret 29']);
    expect(outcome(on, sent)).toEqual(['open open 0', 'secret null 29', 'strange null 100']);
  });

  test('nobody without a right deletes anything', () => {
    const on = informed(snapshotOf(policies), bob);
    const reply = on.request(apis.DeleteTopics, 6, byId('open'));
    expect([reply.kind, outcome(on, reply)]).toEqual(['reply', ['open null 29']]);
  });

  test.each([
    ['both', { name: 'open', topicId: idOf('secret') }],
    ['neither', { name: null, topicId: zeroId }],
  ])('%s name and id closes the connection', (_, topic) => {
    expect(informed().request(apis.DeleteTopics, 6, remove(topic))).toMatchObject({ code: 'BadFrame' });
  });
});

test.each(versionsOf(apis.ListOffsets))('ListOffsets v%i: 29 for denied topics, never for a replica', (version) => {
  const on = informed();
  const partition = { partitionIndex: 1, currentLeaderEpoch: -1, timestamp: -1n };
  const list = (replicaId: number, ...names: string[]) => ({
    replicaId,
    isolationLevel: 0,
    timeoutMs: 0,
    topics: names.map((name) => ({ ...defaultListOffsetsRequestListOffsetsTopic, name, partitions: [partition] })),
  });
  const found = { partitionIndex: 1, errorCode: 0, timestamp: -1n, offset: 5n, leaderEpoch: -1, oldStyleOffsets: [] };
  const answer = { throttleTimeMs: 0, topics: [{ name: 'open', partitions: [found] }] };
  expect(on.request(apis.ListOffsets, version, list(-1, 'open'))).toEqual({ kind: 'forward' });
  expect(on.response(apis.ListOffsets, version, answer)).toEqual({ kind: 'forward' });
  expect(on.request(apis.ListOffsets, version, list(3, 'open'))).toMatchObject({ message: { replicaId: -1 } });
  expect(on.request(apis.ListOffsets, version, list(-1, 'secret', 'open'))).toMatchObject({
    kind: 'send',
    message: { topics: [{ name: 'open' }] },
  });
  expect(on.response(apis.ListOffsets, version, answer)).toMatchObject({
    message: { topics: [{ name: 'open' }, { name: 'secret', partitions: [{ partitionIndex: 1, errorCode: 29 }] }] },
  });
});
