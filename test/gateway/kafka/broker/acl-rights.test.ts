import { describe, expect, test } from 'vitest';
import type { Operation } from '../../../../core/model/resource.ts';
import { rightSet } from '../../../../core/policy/right-set.ts';
import { aclRights } from '../../../../gateway/kafka/broker/acl-rights.ts';
import { rightKey } from '../../../../gateway/kafka/broker/acls.ts';
import { policySetOf } from '../../../support/policy-set.ts';
import { admitted, snapshotOf } from '../../../support/snapshot.ts';

/** ACLs of one who was granted these operations on a stream with one topic, group and transactional id. */
function aclsFor(operations: readonly Operation[]): string[] {
  const policies = policySetOf([
    ['Cluster', 'main', '{type: kafka, owners: [team]}'],
    ['Stream', 'orders', '{cluster: main, topics: [{literal: orders}], owners: [team]}'],
    ['Identity', 'ann', "{person: {oidc: [{issuer: 'https://issuer.example', subject: ann}]}}"],
    ['Group', 'team', '{members: [ann]}'],
    ['ApproverRule', 'anyone', '{require: {all: [{from: team, count: 1}]}}'],
    [
      'AccessPolicy',
      'ask',
      `{effect: allow, mode: onRequest, subjects: [{identity: ann}], streams: [orders], operations: [${operations.join(', ')}], groups: [{prefix: g.}], transactionalIds: [{literal: t}], approval: anyone, limits: {maxDuration: PT1H}}`,
    ],
  ]);
  const grant = admitted(policies, { subject: 'ann', policy: 'ask', start: 0, end: 1000 });
  const principal = { identity: 'ann', kind: 'person', issuer: 'https://issuer.example', claimGroups: [] } as const;
  return aclRights(rightSet(snapshotOf(policies, [grant]), principal, 'main', 1))
    .map(rightKey)
    .toSorted();
}

describe('the ACLs of a right', () => {
  test.each<[Operation, string[]]>([
    [
      'consume',
      [
        'group prefixed describeConfigs g.',
        'group prefixed read g.',
        'topic literal describeConfigs orders',
        'topic literal read orders',
      ],
    ],
    [
      'produce',
      ['topic literal describeConfigs orders', 'topic literal write orders', 'transactionalId literal write t'],
    ],
    [
      'describe',
      [
        'group prefixed describe g.',
        'group prefixed describeConfigs g.',
        'topic literal describe orders',
        'topic literal describeConfigs orders',
        'transactionalId literal describe t',
      ],
    ],
    [
      'alter',
      [
        'group prefixed alterConfigs g.',
        'group prefixed describe g.',
        'topic literal alter orders',
        'topic literal alterConfigs orders',
      ],
    ],
    [
      'create',
      ['topic literal create orders', 'topic literal describe orders', 'topic literal describeConfigs orders'],
    ],
    [
      'delete',
      [
        'group prefixed delete g.',
        'group prefixed describeConfigs g.',
        'topic literal delete orders',
        'topic literal describeConfigs orders',
      ],
    ],
    [
      'offsets',
      [
        'group prefixed delete g.',
        'group prefixed describeConfigs g.',
        'group prefixed read g.',
        'topic literal describeConfigs orders',
        'topic literal read orders',
      ],
    ],
    [
      'admin',
      ['alter', 'alterConfigs', 'describe', 'describeConfigs'].map((one) => `cluster literal ${one} kafka-cluster`),
    ],
  ])('to %s', (operation, acls) => {
    expect(aclsFor([operation])).toEqual(acls);
  });

  test('of several operations stand there once', () => {
    expect(aclsFor(['consume', 'produce', 'offsets'])).toEqual(
      [...new Set([...aclsFor(['consume']), ...aclsFor(['produce']), ...aclsFor(['offsets'])])].toSorted(),
    );
  });
});
