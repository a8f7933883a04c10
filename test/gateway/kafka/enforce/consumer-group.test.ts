import { describe, expect, test } from 'vitest';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultConsumerGroupDescribeResponse,
  defaultConsumerGroupDescribeResponseDescribedGroup,
  defaultConsumerGroupDescribeResponseMember,
} from '../../../../gateway/kafka/wire/generated/consumer-group-describe.ts';
import {
  defaultConsumerGroupHeartbeatRequest,
  defaultConsumerGroupHeartbeatResponse,
} from '../../../../gateway/kafka/wire/generated/consumer-group-heartbeat.ts';
import { olga, operatorPolicies } from '../../../support/operator-policies.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { Enforcing, versionsOf } from './enforcing.ts';

const id = (n: number): string => Buffer.alloc(16, n).toString('base64url');
const [openId, secretId, strangeId] = [id(1), id(2), id(3)];
const policies = operatorPolicies();
const started = (): Enforcing => new Enforcing(snapshotOf(policies), olga);
const joining = (fields: object) => ({
  ...defaultConsumerGroupHeartbeatRequest,
  groupId: 'olga.g',
  memberId: 'm',
  rebalanceTimeoutMs: 300_000,
  topicPartitions: [],
  ...fields,
});

describe.each(versionsOf(apis.ConsumerGroupHeartbeat))('ConsumerGroupHeartbeat v%i', (version) => {
  test.each([
    ['a group and topics that are allowed', 'olga.g', ['open', 'seen'], 0, []],
    ['no subscription', 'olga.g', null, 0, []],
    ['a denied group', 'other', ['open'], 30, ['consume group other 30']],
    ['a group that may only be described', 'watched', ['open'], 30, ['consume group watched 30']],
    ['one denied topic among others', 'olga.g', ['open', 'secret'], 29, ['describe topic secret 29']],
  ])('%s', (_, groupId, subscribedTopicNames, errorCode, denied) => {
    const on = started();
    const outcome = on.request(apis.ConsumerGroupHeartbeat, version, joining({ groupId, subscribedTopicNames }));
    expect(outcome).toMatchObject(errorCode === 0 ? { kind: 'forward' } : { kind: 'reply', message: { errorCode } });
    expect(on.denied).toEqual(denied);
  });

  test('is noted for the clean-up, unless its member is a static one', () => {
    const on = started();
    const beat = (fields: object) => {
      on.request(apis.ConsumerGroupHeartbeat, version, joining(fields));
      return [on.context.joined, on.context.left];
    };
    const member = { kind: 'consumer', groupId: 'olga.g', memberId: 'm' };
    const later = { memberEpoch: 3, rebalanceTimeoutMs: -1, topicPartitions: null };
    expect(beat(later)).toEqual([undefined, undefined]); // nobody said yet what it is
    expect(beat({})).toEqual([member, undefined]);
    expect(beat({ memberId: '' })).toEqual([undefined, undefined]); // a broker will name it
    expect(beat(later)).toEqual([member, undefined]);
    expect(beat({ memberEpoch: -1 })).toEqual([undefined, 'olga.g']);
    expect(beat({ instanceId: 'i' })).toEqual([undefined, undefined]);
    expect(beat(later)).toEqual([undefined, undefined]);
  });

  test('assignments come without topics that may not be described', () => {
    const on = started();
    on.request(apis.ConsumerGroupHeartbeat, version, joining({ subscribedTopicNames: ['open'] }));
    const assigned = (ids: readonly string[]) => ({
      ...defaultConsumerGroupHeartbeatResponse,
      memberEpoch: 1,
      assignment: { topicPartitions: ids.map((topicId) => ({ topicId, partitions: [0, 1] })) },
    });
    const answer = assigned([openId, secretId, strangeId]);
    expect(on.response(apis.ConsumerGroupHeartbeat, version, answer)).toEqual({
      kind: 'need',
      topicIds: [openId, secretId, strangeId],
    });
    on.names.set(openId, 'open').set(secretId, 'secret');
    on.asked = true;
    expect(on.response(apis.ConsumerGroupHeartbeat, version, answer)).toMatchObject({
      kind: 'send',
      message: assigned([openId, strangeId]),
    });
    expect(on.response(apis.ConsumerGroupHeartbeat, version, assigned([openId]))).toEqual({ kind: 'forward' });
    expect(on.response(apis.ConsumerGroupHeartbeat, version, defaultConsumerGroupHeartbeatResponse)).toEqual({
      kind: 'forward',
    });
  });
});

test('a regex goes on: the broker resolves it with the rights of this principal', () => {
  const on = started();
  expect(on.request(apis.ConsumerGroupHeartbeat, 1, joining({ subscribedTopicRegex: '.*' }))).toEqual({
    kind: 'forward',
  });
});

describe.each(versionsOf(apis.ConsumerGroupDescribe))('ConsumerGroupDescribe v%i', (version) => {
  const group = (groupId: string, subscribed: string, assigned: string, target: string) => {
    const to = (topicName: string) => ({ topicPartitions: [{ topicId: openId, topicName, partitions: [0] }] });
    return {
      ...defaultConsumerGroupDescribeResponseDescribedGroup,
      groupId,
      groupState: 'Stable',
      authorizedOperations: 2000,
      members: [
        {
          ...defaultConsumerGroupDescribeResponseMember,
          subscribedTopicNames: [subscribed],
          assignment: to(assigned),
          targetAssignment: to(target),
        },
      ],
    };
  };

  test('asks for allowed groups and answers 30 for the others', () => {
    const on = started();
    const sent = on.request(apis.ConsumerGroupDescribe, version, {
      groupIds: ['olga.g', 'other', 'watched'],
      includeAuthorizedOperations: true,
    });
    expect(sent).toMatchObject({
      kind: 'send',
      message: { groupIds: ['olga.g', 'watched'], includeAuthorizedOperations: false },
    });
    expect(on.denied).toEqual(['describe group other 30']);
    const answer = on.response(apis.ConsumerGroupDescribe, version, {
      ...defaultConsumerGroupDescribeResponse,
      groups: [group('olga.g', 'open', 'open', 'seen'), { ...group('watched', 'a', 'b', 'c'), errorCode: 15 }],
    });
    expect(answer).toMatchObject({
      kind: 'send',
      message: {
        groups: [
          { groupId: 'olga.g', errorCode: 0, groupState: 'Stable', authorizedOperations: -2147483648 },
          { groupId: 'watched', errorCode: 15, groupState: '', members: [] },
          { groupId: 'other', errorCode: 30, members: [] },
        ],
      },
    });
  });

  test('only denied groups never reach the broker', () => {
    const only = started().request(apis.ConsumerGroupDescribe, version, {
      groupIds: ['other'],
      includeAuthorizedOperations: false,
    });
    expect(only).toMatchObject({ kind: 'reply', message: { groups: [{ groupId: 'other', errorCode: 30 }] } });
  });

  test.each([
    ['subscribed', group('olga.g', 'secret', 'open', 'open')],
    ['assigned', group('olga.g', 'open', 'secret', 'open')],
    ['planned', group('olga.g', 'open', 'open', 'secret')],
  ])('a group with a hidden topic that is %s fails with 29 and shows nothing', (_, hidden) => {
    const on = started();
    on.request(apis.ConsumerGroupDescribe, version, { groupIds: ['olga.g'], includeAuthorizedOperations: false });
    const answer = on.response(apis.ConsumerGroupDescribe, version, {
      ...defaultConsumerGroupDescribeResponse,
      groups: [hidden],
    });
    expect(answer).toMatchObject({
      message: { groups: [{ groupId: 'olga.g', errorCode: 29, groupState: '', members: [] }] },
    });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});
