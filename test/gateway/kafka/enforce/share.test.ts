import { describe, expect, test } from 'vitest';
import type { ResponseOf } from '../../../../gateway/kafka/wire/api.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultShareAcknowledgeRequest,
  defaultShareAcknowledgeResponse,
} from '../../../../gateway/kafka/wire/generated/share-acknowledge.ts';
import {
  defaultShareFetchRequest,
  defaultShareFetchResponse,
  defaultShareFetchResponsePartitionData,
} from '../../../../gateway/kafka/wire/generated/share-fetch.ts';
import {
  defaultShareGroupDescribeResponse,
  defaultShareGroupDescribeResponseDescribedGroup,
  defaultShareGroupDescribeResponseMember,
} from '../../../../gateway/kafka/wire/generated/share-group-describe.ts';
import {
  defaultShareGroupHeartbeatRequest,
  defaultShareGroupHeartbeatResponse,
} from '../../../../gateway/kafka/wire/generated/share-group-heartbeat.ts';
import { olga, operatorPolicies } from '../../../support/operator-policies.ts';
import { batchOf } from '../../../support/record-batches.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { Enforcing, realHost, shownHost, versionsOf } from './enforcing.ts';

const id = (n: number): string => Buffer.alloc(16, n).toString('base64url');
const [openId, secretId, maskedId, strangeId, moreId] = [id(1), id(2), id(3), id(4), id(5)];
const policies = operatorPolicies();
const card = '4111111111111111';

function started(): Enforcing {
  const on = new Enforcing(snapshotOf(policies), olga);
  on.names.set(openId, 'open').set(secretId, 'secret').set(maskedId, 'masked').set(moreId, 'open.more');
  return on;
}

const topicOf = (topicId: string, partitions: readonly number[], acknowledged: readonly number[] = []) => ({
  topicId,
  partitions: partitions.map((partitionIndex) => ({
    partitionIndex,
    acknowledgementBatches: acknowledged.includes(partitionIndex)
      ? [{ firstOffset: 1n, lastOffset: 2n, acknowledgeTypes: [1] }]
      : [],
  })),
});
const fetchOf = (shareSessionEpoch: number, topics: ReturnType<typeof topicOf>[], fields: object = {}) => ({
  ...defaultShareFetchRequest,
  groupId: 'olga.s',
  memberId: 'm',
  shareSessionEpoch,
  topics,
  ...fields,
});
const answerOf = (...topics: [string, number, Uint8Array?][]) => ({
  ...defaultShareFetchResponse,
  responses: topics.map(([topicId, partitionIndex, records = new Uint8Array()]) => ({
    topicId,
    partitions: [
      {
        ...defaultShareFetchResponsePartitionData,
        partitionIndex,
        records,
        acquiredRecords: records.length > 0 ? [{ firstOffset: 0n, lastOffset: 1n, deliveryCount: 1 }] : [],
      },
    ],
  })),
});
type Answer = ResponseOf<typeof apis.ShareFetch>;
/** `id/partition error acknowledgeError`. */
const errorsOf = (result: unknown): string[] =>
  (result as { message: Answer }).message.responses.flatMap(({ topicId, partitions }) =>
    partitions.map(
      (one) =>
        `${Buffer.from(topicId, 'base64url')[0]}/${one.partitionIndex} ${one.errorCode} ${one.acknowledgeErrorCode}`,
    ),
  );
const askedOf = (result: unknown): { topics: string[]; forgotten: string[] } => {
  const { message } = result as { message: typeof defaultShareFetchRequest };
  return {
    topics: message.topics.flatMap(({ topicId, partitions }) =>
      partitions.map((one) => `${Buffer.from(topicId, 'base64url')[0]}/${one.partitionIndex}`),
    ),
    forgotten: message.forgottenTopicsData.flatMap(({ topicId, partitions }) =>
      partitions.map((one) => `${Buffer.from(topicId, 'base64url')[0]}/${one}`),
    ),
  };
};

describe.each(versionsOf(apis.ShareFetch))('ShareFetch v%i', (version) => {
  test('what is allowed goes on as it is, first and later', () => {
    const on = started();
    expect(on.request(apis.ShareFetch, version, fetchOf(0, [topicOf(openId, [0, 1])]))).toEqual({ kind: 'forward' });
    expect(on.response(apis.ShareFetch, version, answerOf([openId, 0, batchOf(['a', 'b'])]))).toEqual({
      kind: 'forward',
    });
    expect(on.context.events).toMatchObject([
      { kind: 'fetch_done', topics: [{ topic: 'open', partition: 0, records: 2 }] },
    ]);
    expect(on.request(apis.ShareFetch, version, fetchOf(1, []))).toEqual({ kind: 'forward' });
    expect(on.context.touches).toContainEqual({ operation: 'consume', kind: 'topic', name: 'open' });
    expect(on.response(apis.ShareFetch, version, answerOf())).toEqual({ kind: 'forward' });
  });

  test('denied and unknown topics never reach the broker and have their error in every answer', () => {
    const on = started();
    const first = fetchOf(0, [topicOf(openId, [0]), topicOf(secretId, [0, 1]), topicOf(strangeId, [3])]);
    expect(on.request(apis.ShareFetch, version, first)).toEqual({ kind: 'need', topicIds: [strangeId] });
    on.asked = true;
    expect(askedOf(on.request(apis.ShareFetch, version, first))).toEqual({ topics: ['1/0'], forgotten: [] });
    expect(on.denied).toEqual(['consume topic secret 29']);
    const refused = ['2/0 29 0', '2/1 29 0', '4/3 100 0'];
    expect(errorsOf(on.response(apis.ShareFetch, version, answerOf([openId, 0])))).toEqual(['1/0 0 0', ...refused]);
    expect(askedOf(on.request(apis.ShareFetch, version, fetchOf(1, [])))).toEqual({ topics: [], forgotten: [] });
    expect(on.denied).toEqual([]); // told once
    expect(errorsOf(on.response(apis.ShareFetch, version, answerOf()))).toEqual(refused);
    const forget = { forgottenTopicsData: [{ topicId: secretId, partitions: [0] }] };
    on.request(apis.ShareFetch, version, fetchOf(2, [], forget));
    expect(errorsOf(on.response(apis.ShareFetch, version, answerOf()))).toEqual(['2/1 29 0', '4/3 100 0']);
  });

  test('even when nothing is allowed the request goes on: the session has to keep step', () => {
    const on = started();
    const sent = on.request(apis.ShareFetch, version, fetchOf(0, [topicOf(secretId, [0])]));
    expect([sent.kind, askedOf(sent)]).toEqual(['send', { topics: [], forgotten: [] }]);
  });

  test('acknowledgements of denied topics are refused', () => {
    const on = started();
    on.request(apis.ShareFetch, version, fetchOf(0, [topicOf(openId, [0])]));
    const sent = on.request(
      apis.ShareFetch,
      version,
      fetchOf(1, [topicOf(openId, [0], [0]), topicOf(secretId, [0, 1], [1])]),
    );
    expect(askedOf(sent).topics).toEqual(['1/0']);
    expect(errorsOf(on.response(apis.ShareFetch, version, answerOf()))).toEqual(['2/0 29 0', '2/1 29 29']);
  });

  test('a right that ends takes the topic out of the session, one that comes puts it in', () => {
    const on = started();
    on.request(apis.ShareFetch, version, fetchOf(0, [topicOf(openId, [0, 1]), topicOf(maskedId, [0])]));
    const without = operatorPolicies();
    const lesser = { ...without, policies: new Map([...without.policies].filter(([name]) => name !== 'read-masked')) };
    on.snapshots.swap(snapshotOf(lesser));
    // The answer to what was asked before: looked at under the access of now.
    const late = on.response(apis.ShareFetch, version, answerOf([maskedId, 0, batchOf([`{"card":"${card}"}`])]));
    expect(errorsOf(late)).toEqual(['3/0 29 0']);
    expect((late as unknown as { message: Answer }).message.responses[0]!.partitions[0]).toMatchObject({
      records: Buffer.alloc(0),
      acquiredRecords: [],
    });
    expect(on.context.events).toEqual([]);
    const sent = on.request(apis.ShareFetch, version, fetchOf(1, []));
    expect(askedOf(sent)).toEqual({ topics: [], forgotten: ['3/0'] });
    expect(errorsOf(on.response(apis.ShareFetch, version, answerOf()))).toEqual(['3/0 29 0']);
    on.snapshots.swap(snapshotOf(policies));
    expect(askedOf(on.request(apis.ShareFetch, version, fetchOf(2, [])))).toEqual({ topics: ['3/0'], forgotten: [] });
    expect(on.request(apis.ShareFetch, version, fetchOf(3, []))).toEqual({ kind: 'forward' });
  });

  test('records are masked, and refused where they cannot be', () => {
    const on = started();
    on.request(apis.ShareFetch, version, fetchOf(0, [topicOf(maskedId, [0, 1])]));
    const masked = on.response(
      apis.ShareFetch,
      version,
      answerOf([maskedId, 0, batchOf([`{"card":"${card}"}`])], [maskedId, 1, batchOf(['no json'])]),
    );
    expect(errorsOf(masked)).toEqual(['3/0 0 0', '3/1 29 0']);
    const [first] = (masked as unknown as { message: Answer }).message.responses[0]!.partitions;
    expect(Buffer.from(first!.records).toString('latin1')).toContain('1111');
    expect(Buffer.from(first!.records).toString('latin1')).not.toContain(card);
    expect(on.context.events.map(({ kind }) => kind)).toEqual(['deny', 'fetch_done']);
  });

  test.each([
    ['a denied group', 0, { groupId: 'watched' }, 30],
    ['no group', 0, { groupId: null }, 42],
    ['no member', 0, { memberId: null }, 42],
    ['a session that nobody began here', 1, {}, 122],
    ['the end of a session that nobody began here', -1, {}, 122],
  ])('%s is refused as a whole', (_, epoch, fields, errorCode) => {
    const reply = started().request(apis.ShareFetch, version, fetchOf(epoch, [topicOf(openId, [0])], fields));
    expect(reply).toMatchObject({ kind: 'reply', message: { errorCode, responses: [] } });
  });

  test('the last request acknowledges and ends the session', () => {
    const on = started();
    on.request(apis.ShareFetch, version, fetchOf(0, [topicOf(openId, [0])]));
    expect(on.request(apis.ShareFetch, version, fetchOf(-1, [topicOf(openId, [0], [0])]))).toEqual({
      kind: 'forward',
    });
    expect(on.request(apis.ShareFetch, version, fetchOf(1, []))).toMatchObject({ message: { errorCode: 122 } });
  });

  test('new leaders have the addresses of the gateway', () => {
    const on = started();
    on.request(apis.ShareFetch, version, fetchOf(0, [topicOf(openId, [0])]));
    const nodeEndpoints = [1, 7].map((nodeId) => ({ nodeId, host: realHost, port: 9092, rack: null }));
    expect(on.response(apis.ShareFetch, version, { ...answerOf(), nodeEndpoints })).toMatchObject({
      kind: 'send',
      message: { nodeEndpoints: [{ nodeId: 1, host: shownHost, port: 9001 }] },
    });
    expect(on.unknown).toEqual([7]);
  });

  test('a client has a bounded number of sessions, of a bounded size, and names a topic once', () => {
    const on = started();
    const begin = (memberId: string) => on.request(apis.ShareFetch, version, fetchOf(0, [], { memberId }));
    for (let n = 0; n < 64; n++) expect(begin(`m${n}`)).toEqual({ kind: 'forward' });
    expect(begin('m64')).toMatchObject({ kind: 'reply', message: { errorCode: 133 } });
    expect(begin('m63')).toEqual({ kind: 'forward' });
    const huge = topicOf(
      openId,
      Array.from({ length: 100_001 }, (_, partition) => partition),
    );
    expect(on.request(apis.ShareFetch, version, fetchOf(0, [huge], { memberId: 'm63' }))).toMatchObject({
      message: { errorCode: 133 },
    });
    const twice = fetchOf(0, [topicOf(openId, [0]), topicOf(openId, [1])], { memberId: 'm1' });
    expect(on.request(apis.ShareFetch, version, twice)).toMatchObject({ kind: 'close', code: 'BadFrame' });
  });
});

describe.each(versionsOf(apis.ShareAcknowledge))('ShareAcknowledge v%i', (version) => {
  const acknowledging = (shareSessionEpoch: number, topics: ReturnType<typeof topicOf>[], fields: object = {}) => ({
    ...defaultShareAcknowledgeRequest,
    groupId: 'olga.s',
    memberId: 'm',
    shareSessionEpoch,
    topics,
    ...fields,
  });
  const begun = (): Enforcing => {
    const on = started();
    on.request(apis.ShareFetch, 1, fetchOf(0, [topicOf(openId, [0])]));
    return on;
  };

  test('denied topics are refused; the others go on', () => {
    const on = begun();
    const sent = on.request(
      apis.ShareAcknowledge,
      version,
      acknowledging(1, [topicOf(openId, [0], [0]), topicOf(secretId, [0], [0])]),
    );
    expect(askedOf({ message: { forgottenTopicsData: [], ...(sent as { message?: object }).message } }).topics).toEqual(
      ['1/0'],
    );
    expect(on.denied).toEqual(['consume topic secret 29']);
    expect(
      on.response(apis.ShareAcknowledge, version, {
        ...defaultShareAcknowledgeResponse,
        nodeEndpoints: [{ nodeId: 2, host: realHost, port: 9092, rack: null }],
      }),
    ).toMatchObject({
      message: {
        responses: [{ topicId: secretId, partitions: [{ partitionIndex: 0, errorCode: 29 }] }],
        nodeEndpoints: [{ nodeId: 2, host: shownHost, port: 9002 }],
      },
    });
  });

  test('what is allowed goes on as it is', () => {
    const on = begun();
    expect(on.request(apis.ShareAcknowledge, version, acknowledging(1, [topicOf(openId, [0], [0])]))).toEqual({
      kind: 'forward',
    });
    expect(on.response(apis.ShareAcknowledge, version, defaultShareAcknowledgeResponse)).toEqual({ kind: 'forward' });
  });

  test.each([
    ['a denied group', 1, { groupId: 'other' }, 30],
    ['a session that was not begun', 1, { memberId: 'n' }, 122],
    ['the first epoch', 0, {}, 123],
  ])('%s is refused as a whole', (_, epoch, fields, errorCode) => {
    const reply = begun().request(apis.ShareAcknowledge, version, acknowledging(epoch, [], fields));
    expect(reply).toMatchObject({ kind: 'reply', message: { errorCode } });
  });
});

describe.each(versionsOf(apis.ShareGroupHeartbeat))('ShareGroupHeartbeat v%i', (version) => {
  const beat = (fields: object) => ({
    ...defaultShareGroupHeartbeatRequest,
    groupId: 'olga.s',
    memberId: 'm',
    ...fields,
  });

  test.each([
    ['allowed', { subscribedTopicNames: ['open', 'seen'] }, 0],
    ['a denied group', { groupId: 'other' }, 30],
    ['a denied topic among others', { subscribedTopicNames: ['open', 'secret'] }, 29],
  ])('%s', (_, fields, errorCode) => {
    const outcome = started().request(apis.ShareGroupHeartbeat, version, beat(fields));
    expect(outcome).toMatchObject(errorCode === 0 ? { kind: 'forward' } : { kind: 'reply', message: { errorCode } });
  });

  test('is noted for the clean-up; assignments come without hidden topics', () => {
    const on = started();
    on.request(apis.ShareGroupHeartbeat, version, beat({ memberEpoch: 4 }));
    expect(on.context.joined).toEqual({ kind: 'share', groupId: 'olga.s', memberId: 'm' });
    const topicPartitions = [openId, secretId].map((topicId) => ({ topicId, partitions: [0] }));
    expect(
      on.response(apis.ShareGroupHeartbeat, version, {
        ...defaultShareGroupHeartbeatResponse,
        assignment: { topicPartitions },
      }),
    ).toMatchObject({ message: { assignment: { topicPartitions: [{ topicId: openId }] } } });
    on.request(apis.ShareGroupHeartbeat, version, beat({ memberEpoch: -1 }));
    expect(on.context.left).toBe('olga.s');
  });
});

describe.each(versionsOf(apis.ShareGroupDescribe))('ShareGroupDescribe v%i', (version) => {
  test('shows allowed groups, 30 for others and 29 for those with hidden topics', () => {
    const on = started();
    const group = (groupId: string, topicName: string) => ({
      ...defaultShareGroupDescribeResponseDescribedGroup,
      groupId,
      groupState: 'Stable',
      members: [
        {
          ...defaultShareGroupDescribeResponseMember,
          assignment: { topicPartitions: [{ topicId: openId, topicName, partitions: [0] }] },
        },
      ],
    });
    const groupIds = ['olga.s', 'other', 'watched'];
    expect(on.request(apis.ShareGroupDescribe, version, { groupIds, includeAuthorizedOperations: true })).toMatchObject(
      { kind: 'send', message: { groupIds: ['olga.s', 'watched'], includeAuthorizedOperations: false } },
    );
    const answer = on.response(apis.ShareGroupDescribe, version, {
      ...defaultShareGroupDescribeResponse,
      groups: [group('olga.s', 'open'), group('watched', 'secret')],
    });
    expect(answer).toMatchObject({
      message: {
        groups: [
          { groupId: 'olga.s', errorCode: 0, groupState: 'Stable' },
          { groupId: 'watched', errorCode: 29, groupState: '', members: [] },
          { groupId: 'other', errorCode: 30 },
        ],
      },
    });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});

describe.each(versionsOf(apis.DescribeShareGroupOffsets))('DescribeShareGroupOffsets v%i', (version) => {
  const topics = (...names: string[]) => names.map((topicName) => ({ topicName, partitions: [0] }));
  const answered = (groupId: string, ...names: string[]) => ({
    throttleTimeMs: 0,
    groups: [
      {
        groupId,
        errorCode: 0,
        errorMessage: null,
        topics: names.map((topicName) => ({
          topicName,
          topicId: openId,
          partitions: [
            { partitionIndex: 0, startOffset: 5n, leaderEpoch: 0, lag: -1n, errorCode: 0, errorMessage: null },
          ],
        })),
      },
    ],
  });
  const seen = (result: unknown): string[] =>
    (result as { message: ReturnType<typeof answered> }).message.groups.flatMap(
      ({ groupId, errorCode, topics: all }) => [
        `${groupId} ${errorCode}`,
        ...all.map(({ topicName, partitions: [one] }) => `${topicName} ${one!.errorCode} ${one!.startOffset}`),
      ],
    );

  test('denied topics and groups come back with their codes', () => {
    const on = started();
    const sent = on.request(apis.DescribeShareGroupOffsets, version, {
      groups: [
        { groupId: 'olga.s', topics: topics('open', 'secret') },
        { groupId: 'other', topics: topics('open') },
      ],
    });
    expect(sent).toMatchObject({ message: { groups: [{ groupId: 'olga.s', topics: topics('open') }] } });
    expect(seen(on.response(apis.DescribeShareGroupOffsets, version, answered('olga.s', 'open')))).toEqual([
      'olga.s 0',
      'open 0 5',
      'secret 29 -1',
      'other 30',
    ]);
  });

  test('all topics are those that may be described; only denied groups never reach the broker', () => {
    const on = started();
    on.request(apis.DescribeShareGroupOffsets, version, { groups: [{ groupId: 'olga.s', topics: null }] });
    const answer = on.response(apis.DescribeShareGroupOffsets, version, answered('olga.s', 'secret', 'open'));
    expect(seen(answer)).toEqual(['olga.s 0', 'open 0 5']);
    const reply = on.request(apis.DescribeShareGroupOffsets, version, { groups: [{ groupId: 'other', topics: null }] });
    expect([reply.kind, seen(reply)]).toEqual(['reply', ['other 30']]);
  });
});

describe('offsets of a share group are changed', () => {
  const topics = (...names: string[]) =>
    names.map((topicName) => ({ topicName, partitions: [{ partitionIndex: 0, startOffset: 1n }] }));

  test('by AlterShareGroupOffsets', () => {
    const on = started();
    const ask = (groupId: string, ...names: string[]) =>
      on.request(apis.AlterShareGroupOffsets, 0, { groupId, topics: topics(...names) });
    expect(ask('other', 'open')).toMatchObject({ kind: 'reply', message: { errorCode: 30, responses: [] } });
    expect(ask('olga.s', 'open')).toEqual({ kind: 'forward' });
    const refused = [{ topicName: 'secret', partitions: [{ partitionIndex: 0, errorCode: 29 }] }];
    expect(ask('olga.s', 'secret')).toMatchObject({ kind: 'reply', message: { errorCode: 0, responses: refused } });
    expect(ask('olga.s', 'open', 'secret')).toMatchObject({ kind: 'send', message: { topics: topics('open') } });
    const done = {
      topicName: 'open',
      topicId: openId,
      partitions: [{ partitionIndex: 0, errorCode: 0, errorMessage: null }],
    };
    const answer = { throttleTimeMs: 0, errorCode: 0, errorMessage: null, responses: [done] };
    expect(on.response(apis.AlterShareGroupOffsets, 0, answer)).toMatchObject({
      message: { responses: [{ topicName: 'open' }, ...refused] },
    });
  });

  test('by DeleteShareGroupOffsets', () => {
    const on = started();
    const ask = (groupId: string, ...names: string[]) =>
      on.request(apis.DeleteShareGroupOffsets, 0, { groupId, topics: names.map((topicName) => ({ topicName })) });
    expect(ask('other', 'open')).toMatchObject({ kind: 'reply', message: { errorCode: 30, responses: [] } });
    expect(ask('olga.s', 'open')).toEqual({ kind: 'forward' });
    const refused = [{ topicName: 'secret', errorCode: 29 }];
    expect(ask('olga.s', 'secret')).toMatchObject({ kind: 'reply', message: { errorCode: 0, responses: refused } });
    expect(ask('olga.s', 'open', 'secret')).toMatchObject({
      kind: 'send',
      message: { topics: [{ topicName: 'open' }] },
    });
    const done = { topicName: 'open', topicId: openId, errorCode: 0, errorMessage: null };
    const answer = { throttleTimeMs: 0, errorCode: 0, errorMessage: null, responses: [done] };
    expect(on.response(apis.DeleteShareGroupOffsets, 0, answer)).toMatchObject({
      message: { responses: [{ topicName: 'open' }, ...refused] },
    });
  });
});
