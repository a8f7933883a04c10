import { describe, expect, test } from 'vitest';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { defaultDescribeTopicPartitionsResponseDescribeTopicPartitionsResponseTopic } from '../../../../gateway/kafka/wire/generated/describe-topic-partitions.ts';
import { olga, operatorPolicies } from '../../../support/operator-policies.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { Enforcing, shownHost, versionsOf } from './enforcing.ts';

const policies = operatorPolicies();
const started = (): Enforcing => new Enforcing(snapshotOf(policies), olga);

describe.each(versionsOf(apis.CreatePartitions))('CreatePartitions v%i', (version) => {
  const ask = (on: Enforcing, ...names: string[]) =>
    on.request(apis.CreatePartitions, version, {
      topics: names.map((name) => ({ name, count: 3, assignments: null })),
      timeoutMs: 1,
      validateOnly: false,
    });
  const refused = { name: 'seen', errorCode: 29 };

  test('needs alter on each topic', () => {
    const on = started();
    expect(ask(on, 'open')).toEqual({ kind: 'forward' });
    expect(ask(on, 'seen')).toMatchObject({ kind: 'reply', message: { results: [refused] } });
    expect(ask(on, 'seen', 'open')).toMatchObject({ kind: 'send', message: { topics: [{ name: 'open' }] } });
    expect(on.denied).toEqual(['alter topic seen 29']);
    const done = { name: 'open', errorCode: 0, errorMessage: null };
    expect(on.response(apis.CreatePartitions, version, { throttleTimeMs: 0, results: [done] })).toMatchObject({
      message: { results: [done, refused] },
    });
  });
});

describe.each(versionsOf(apis.DeleteRecords))('DeleteRecords v%i', (version) => {
  const ask = (on: Enforcing, ...names: string[]) =>
    on.request(apis.DeleteRecords, version, {
      topics: names.map((name) => ({ name, partitions: [{ partitionIndex: 2, offset: 5n }] })),
      timeoutMs: 1,
    });
  const refused = { name: 'seen', partitions: [{ partitionIndex: 2, lowWatermark: -1n, errorCode: 29 }] };

  test('needs delete on each topic', () => {
    const on = started();
    expect(ask(on, 'open')).toEqual({ kind: 'forward' });
    expect(ask(on, 'seen')).toMatchObject({ kind: 'reply', message: { topics: [refused] } });
    expect(ask(on, 'seen', 'open')).toMatchObject({ kind: 'send', message: { topics: [{ name: 'open' }] } });
    expect(on.denied).toEqual(['delete topic seen 29']);
    const done = { name: 'open', partitions: [{ partitionIndex: 2, lowWatermark: 5n, errorCode: 0 }] };
    expect(on.response(apis.DeleteRecords, version, { throttleTimeMs: 0, topics: [done] })).toMatchObject({
      message: { topics: [done, refused] },
    });
  });
});

describe('DescribeTopicPartitions', () => {
  const asking = (names: readonly string[], cursor: string | null = null) => ({
    topics: names.map((name) => ({ name })),
    responsePartitionLimit: 2000,
    cursor: cursor === null ? null : { topicName: cursor, partitionIndex: 0 },
  });
  const answer = (names: readonly string[], next: string | null = null) => ({
    throttleTimeMs: 0,
    topics: names.map((name) => ({
      ...defaultDescribeTopicPartitionsResponseDescribeTopicPartitionsResponseTopic,
      name,
      topicAuthorizedOperations: 3000,
    })),
    nextCursor: next === null ? null : { topicName: next, partitionIndex: 7 },
  });
  type Answer = ReturnType<typeof answer>;
  const shown = (result: unknown): [string[], Answer['nextCursor']] => {
    const { topics, nextCursor } = (result as { message: Answer }).message;
    return [topics.map(({ name, errorCode }) => `${name} ${errorCode}`), nextCursor];
  };

  test('by name: 29 for what may not be described', () => {
    const on = started();
    expect(on.request(apis.DescribeTopicPartitions, 0, asking(['secret', 'open', 'nowhere']))).toMatchObject({
      kind: 'send',
      message: { topics: [{ name: 'open' }] },
    });
    const result = on.response(apis.DescribeTopicPartitions, 0, answer(['open']));
    expect(shown(result)).toEqual([['open 0', 'secret 29', 'nowhere 29'], null]);
    expect(result).toMatchObject({ message: { topics: [{ topicAuthorizedOperations: -2147483648 }, {}, {}] } });
    const only = on.request(apis.DescribeTopicPartitions, 0, asking(['secret']));
    expect([only.kind, ...shown(only)]).toEqual(['reply', ['secret 29'], null]);
  });

  test('a later page repeats no denial of an earlier one', () => {
    const on = started();
    expect(on.request(apis.DescribeTopicPartitions, 0, asking(['a', 'open', 'secret'], 'open'))).toMatchObject({
      message: { topics: [{ name: 'open' }] },
    });
    expect(on.denied).toEqual(['describe topic secret 29']);
  });

  test('all: only what may be described', () => {
    const on = started();
    expect(on.request(apis.DescribeTopicPartitions, 0, asking([]))).toEqual({ kind: 'forward' });
    const result = on.response(apis.DescribeTopicPartitions, 0, answer(['open', 'secret', 'seen']));
    expect(shown(result)).toEqual([['open 0', 'seen 0'], null]);
    const nobody = new Enforcing(snapshotOf(policies), { ...olga, identity: 'bob' });
    expect(nobody.request(apis.DescribeTopicPartitions, 0, asking([]))).toMatchObject({
      kind: 'reply',
      message: { topics: [] },
    });
  });

  test.each<[string, string[], string, Answer['nextCursor']]>([
    ['names a topic that is shown', ['open'], 'seen', { topicName: 'seen', partitionIndex: 7 }],
    ['is moved before a hidden topic', ['open', 'a'], 'secret', { topicName: 'open\u0000', partitionIndex: 0 }],
    ['ends where a page shows nothing', ['hidden'], 'secret', null],
  ])('the next cursor %s', (_, names, next, expected) => {
    const on = started();
    on.request(apis.DescribeTopicPartitions, 0, asking([]));
    const [, cursor] = shown(on.response(apis.DescribeTopicPartitions, 0, answer(names, next)));
    expect(cursor).toEqual(expected);
  });
});

test.each(versionsOf(apis.DescribeCluster))('DescribeCluster v%i is answered by the gateway', (version) => {
  const asking = { includeClusterAuthorizedOperations: true, endpointType: 1, includeFencedBrokers: version >= 2 };
  const reply = started().request(apis.DescribeCluster, version, asking);
  expect(reply).toMatchObject({
    kind: 'reply',
    message: {
      clusterId: 'cluster',
      brokers: [
        { brokerId: 1, host: shownHost, port: 9001, isFenced: false },
        { brokerId: 2, host: shownHost, port: 9002, isFenced: false },
      ],
    },
  });
  if (version < 1) return;
  expect(started().request(apis.DescribeCluster, version, { ...asking, endpointType: 2 })).toMatchObject({
    kind: 'reply',
    message: { errorCode: 115, brokers: [] },
  });
});
