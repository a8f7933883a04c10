import { describe, expect, test } from 'vitest';
import { advertised } from '../../../../gateway/kafka/enforce/api-versions.ts';
import type { OpenTransaction } from '../../../../gateway/kafka/enforce/open-transactions.ts';
import { OpenTransactions } from '../../../../gateway/kafka/enforce/open-transactions.ts';
import type { ResponseOf } from '../../../../gateway/kafka/wire/api.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { defaultTxnOffsetCommitRequest } from '../../../../gateway/kafka/wire/generated/txn-offset-commit.ts';
import { bob } from '../../../support/access-policies.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { type Enforcing, policies, type Result, versionsOf } from './enforcing.ts';
import { idOf, informed, nameFrom } from './known-topics.ts';

const producer = { producerId: 77n, producerEpoch: 3 };
const mine = { transactionalId: 'alice.tx', ...producer };
const forward = { kind: 'forward' };
const messageOf = <T>(result: Result): T => (result as { message: T }).message;
const begun = (on: Enforcing): OpenTransaction[] => on.connection.transactions.take(() => true);

describe.each(versionsOf(apis.AddPartitionsToTxn))('AddPartitionsToTxn v%i', (version) => {
  const add = (on: Enforcing, transactionalId: string, ...names: string[]): Result =>
    on.request(apis.AddPartitionsToTxn, version, {
      transactions: [],
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: 77n,
      v3AndBelowProducerEpoch: 3,
      v3AndBelowTopics: names.map((name) => ({ name, partitions: [0, 4] })),
    });
  const codes = (result: Result): string[] =>
    messageOf<ResponseOf<typeof apis.AddPartitionsToTxn>>(result).resultsByTopicV3AndBelow.map(
      ({ name, resultsByPartition }) =>
        `${name} ${resultsByPartition.map((one) => `${one.partitionIndex}:${one.partitionErrorCode}`).join(' ')}`,
    );

  test('goes on when all is allowed, and opens the transaction', () => {
    const on = informed();
    expect(add(on, 'alice.tx', 'open', 'open.a')).toEqual(forward);
    expect(begun(on)).toEqual([mine]);
  });

  test('one denied topic keeps the others out: 29, and 55 for them', () => {
    const on = informed();
    expect(codes(add(on, 'alice.tx', 'open', 'secret'))).toEqual(['open 0:55 4:55', 'secret 0:29 4:29']);
    expect(on.denied).toEqual(['produce topic secret 29']);
    expect(begun(on)).toEqual([]);
  });

  test('a denied transactional id is 53 everywhere', () => {
    const on = informed();
    expect(codes(add(on, 'other', 'open', 'secret'))).toEqual(['open 0:53 4:53', 'secret 0:53 4:53']);
    expect(begun(on)).toEqual([]);
  });
});

test('AddPartitionsToTxn is offered without the versions that brokers keep for each other', () => {
  expect(versionsOf(apis.AddPartitionsToTxn)).toEqual([0, 1, 2, 3]);
});

test.each(versionsOf(apis.AddOffsetsToTxn))('AddOffsetsToTxn v%i: 53 for the id, 30 for the group', (version) => {
  const on = informed();
  const add = (transactionalId: string, groupId: string): Result =>
    on.request(apis.AddOffsetsToTxn, version, { transactionalId, groupId, ...producer });
  expect(add('other', 'alice.g')).toMatchObject({ kind: 'reply', message: { errorCode: 53 } });
  expect(add('alice.tx', 'other')).toMatchObject({ kind: 'reply', message: { errorCode: 30 } });
  expect(begun(on)).toEqual([]);
  expect(add('alice.tx', 'alice.g')).toEqual(forward);
  expect(begun(on)).toEqual([mine]);
});

describe.each(versionsOf(apis.EndTxn))('EndTxn v%i', (version) => {
  const end = (on: Enforcing, transactionalId: string): Result =>
    on.request(apis.EndTxn, version, { transactionalId, ...producer, committed: true });
  const answer = (on: Enforcing, errorCode: number): Result =>
    on.response(apis.EndTxn, version, { throttleTimeMs: 0, errorCode, producerId: -1n, producerEpoch: -1 });

  test('53 for a denied id', () => {
    expect(end(informed(), 'other')).toMatchObject({ kind: 'reply', message: { errorCode: 53, producerId: -1n } });
  });

  test.each([
    [0, []],
    [47, []],
    [48, []],
    [90, []],
    [51, [mine]],
    [16, [mine]],
  ])('error %i of the broker leaves open what it leaves open', (errorCode, left) => {
    const on = informed();
    on.connection.transactions.begun('alice.tx', producer);
    expect(end(on, 'alice.tx')).toEqual(forward);
    expect(answer(on, errorCode)).toEqual(forward);
    expect(begun(on)).toEqual(left);
  });
});

test.each(versionsOf(apis.InitProducerId))('InitProducerId v%i ends the transaction of the epoch before', (version) => {
  const on = informed();
  const request = {
    transactionTimeoutMs: 1000,
    producerId: -1n,
    producerEpoch: -1,
    enable2Pc: false,
    keepPreparedTxn: false,
  };
  const told = {
    throttleTimeMs: 0,
    producerId: 77n,
    producerEpoch: 4,
    ongoingTxnProducerId: -1n,
    ongoingTxnProducerEpoch: -1,
  };
  for (const [errorCode, left] of [
    [51, [mine]],
    [0, []],
  ] as const) {
    on.connection.transactions.begun('alice.tx', producer);
    on.request(apis.InitProducerId, version, { ...request, transactionalId: 'alice.tx' });
    expect(on.response(apis.InitProducerId, version, { ...told, errorCode })).toEqual(forward);
    expect(begun(on)).toEqual(left);
  }
});

describe.each(versionsOf(apis.TxnOffsetCommit))('TxnOffsetCommit v%i', (version) => {
  const byId = version >= 6;
  const commit = (on: Enforcing, transactionalId: string, groupId: string, ...names: string[]): Result =>
    on.request(apis.TxnOffsetCommit, version, {
      ...defaultTxnOffsetCommitRequest,
      ...producer,
      transactionalId,
      groupId,
      topics: names.map((name) => ({
        name,
        topicId: idOf(name),
        partitions: [{ partitionIndex: 1, committedOffset: 5n, committedLeaderEpoch: -1, committedMetadata: null }],
      })),
    });
  const answer = (on: Enforcing, ...names: string[]): Result =>
    on.response(apis.TxnOffsetCommit, version, {
      throttleTimeMs: 0,
      topics: names.map((name) => ({ name, topicId: idOf(name), partitions: [{ partitionIndex: 1, errorCode: 0 }] })),
    });
  const codes = (result: Result): string[] =>
    messageOf<ResponseOf<typeof apis.TxnOffsetCommit>>(result).topics.map(
      ({ name, topicId, partitions }) => `${byId ? nameFrom(topicId) : name} ${partitions[0]!.errorCode}`,
    );

  test('53 for the id, 30 for the group, everywhere', () => {
    const on = informed();
    expect(codes(commit(on, 'other', 'alice.g', 'open', 'secret'))).toEqual(['open 53', 'secret 53']);
    expect(codes(commit(on, 'alice.tx', 'other', 'open', 'secret'))).toEqual(['open 30', 'secret 30']);
    expect(codes(commit(on, 'alice.tx', 'alice.g', 'secret'))).toEqual(['secret 29']);
    expect(begun(on)).toEqual([]);
  });

  test('29 for denied topics beside the others', () => {
    const on = informed();
    expect(commit(on, 'alice.tx', 'alice.g', 'open')).toEqual(forward);
    expect(answer(on, 'open')).toEqual(forward);
    expect(commit(on, 'alice.tx', 'alice.g', 'secret', 'open').kind).toBe('send');
    expect(codes(answer(on, 'open'))).toEqual(['open 0', 'secret 29']);
    // Before version 5 AddOffsetsToTxn put the group into it.
    expect(begun(on)).toEqual(version < 5 ? [] : [mine]);
  });

  if (byId)
    test('an id that is not known is asked for once, and is 100 when no topic has it', () => {
      const on = informed();
      const need = { kind: 'need', topicIds: [idOf('strange')] };
      expect(commit(on, 'alice.tx', 'alice.g', 'strange', 'open')).toEqual(need);
      on.asked = true;
      expect(commit(on, 'alice.tx', 'alice.g', 'strange', 'open').kind).toBe('send');
      expect(codes(answer(on, 'open'))).toEqual(['open 0', 'strange 100']);
    });
});

test('DescribeTransactions: 53 for denied ids, and topics that may be described', () => {
  const on = informed();
  const describeAll = (...transactionalIds: string[]): Result =>
    on.request(apis.DescribeTransactions, 0, { transactionalIds });
  const state = {
    errorCode: 0,
    transactionalId: 'alice.tx',
    transactionState: 'Ongoing',
    transactionTimeoutMs: 1,
    transactionStartTimeMs: 1n,
    ...producer,
    topics: ['open', 'secret'].map((topic) => ({ topic, partitions: [0] })),
  };
  const states = (result: Result): string[] =>
    messageOf<ResponseOf<typeof apis.DescribeTransactions>>(result).transactionStates.map(
      (one) => `${one.transactionalId} ${one.errorCode} ${one.topics.map(({ topic }) => topic).join()}`,
    );
  expect(states(describeAll('other'))).toEqual(['other 53 ']);
  expect(describeAll('other', 'alice.tx')).toMatchObject({ kind: 'send', message: { transactionalIds: ['alice.tx'] } });
  expect(states(on.response(apis.DescribeTransactions, 0, { throttleTimeMs: 0, transactionStates: [state] }))).toEqual([
    'alice.tx 0 open',
    'other 53 ',
  ]);
  expect(describeAll('alice.tx')).toEqual(forward);
});

test.each(versionsOf(apis.ListTransactions))(
  'ListTransactions v%i shows what may be described, no errors',
  (version) => {
    const request = { stateFilters: [], producerIdFilters: [], durationFilter: -1n, transactionalIdPattern: null };
    const on = informed();
    expect(on.request(apis.ListTransactions, version, request)).toEqual(forward);
    const transactionStates = ['other', 'alice.tx'].map((transactionalId) => ({
      transactionalId,
      producerId: 7n,
      transactionState: 'Ongoing',
    }));
    const answer = { throttleTimeMs: 0, errorCode: 0, unknownStateFilters: [], transactionStates };
    expect(on.response(apis.ListTransactions, version, answer)).toMatchObject({
      message: { errorCode: 0, transactionStates: [{ transactionalId: 'alice.tx' }] },
    });
    expect(informed(snapshotOf(policies), bob).request(apis.ListTransactions, version, request)).toMatchObject({
      kind: 'reply',
      message: { errorCode: 0, transactionStates: [] },
    });
  },
);

test('DescribeProducers: 29 for the partitions of denied topics', () => {
  const on = informed();
  const ask = (...names: string[]): Result =>
    on.request(apis.DescribeProducers, 0, { topics: names.map((name) => ({ name, partitionIndexes: [0, 1] })) });
  const codes = (result: Result): string[] =>
    messageOf<ResponseOf<typeof apis.DescribeProducers>>(result).topics.map(
      ({ name, partitions }) => `${name} ${partitions.map((one) => one.errorCode).join()}`,
    );
  expect(ask('open')).toEqual(forward);
  expect(codes(ask('secret'))).toEqual(['secret 29,29']);
  expect(ask('secret', 'open')).toMatchObject({ kind: 'send', message: { topics: [{ name: 'open' }] } });
  expect(
    codes(on.response(apis.DescribeProducers, 0, { throttleTimeMs: 0, topics: [{ name: 'open', partitions: [] }] })),
  ).toEqual(['open ', 'secret 29,29']);
});

test.each<[string, Readonly<Record<string, number>>, number, string[]]>([
  ['with all that it needs', { Produce: 13, TxnOffsetCommit: 5, EndTxn: 5 }, 2, ['transaction.version', 'other']],
  ['never where Produce is too old', { Produce: 11, TxnOffsetCommit: 5, EndTxn: 5 }, 2, ['other']],
  ['never where TxnOffsetCommit is too old', { Produce: 12, TxnOffsetCommit: 4, EndTxn: 5 }, 2, ['other']],
  ['never where EndTxn is too old', { Produce: 12, TxnOffsetCommit: 5, EndTxn: 4 }, 2, ['other']],
  ['as it is at level 1', { Produce: 11 }, 1, ['transaction.version', 'other']],
])('clients are told of the second transaction protocol %s', (_, most, level, told) => {
  const versions = new Map(
    Object.entries(most).map(([name, max]) => [apis[name as 'Produce'].key, { min: 0, max }] as const),
  );
  const finalized = ['transaction.version', 'other'].map((name) => ({
    name,
    minVersionLevel: level,
    maxVersionLevel: level,
  }));
  const { finalizedFeatures } = advertised({ versions, supported: [], finalized, finalizedEpoch: 1n });
  expect(finalizedFeatures.map(({ name }) => name)).toEqual(told);
});

test('open transactions are those that were used last, at most a thousand', () => {
  const open = new OpenTransactions();
  for (let n = 0; n <= 1000; n++) open.begun(`t${n}`, producer);
  open.begun('t1', { producerId: 77n, producerEpoch: 4 });
  open.ended('t2');
  expect(open.take((id) => ['t0', 't1', 't2'].includes(id))).toEqual([
    { transactionalId: 't1', producerId: 77n, producerEpoch: 4 },
  ]);
  expect(open.take(() => true)).toHaveLength(998);
  expect(open.take(() => true)).toEqual([]);
});
