import { describe, expect, test } from 'vitest';
import type { AnyApi } from '../../../../gateway/kafka/wire/api.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultDescribeQuorumResponse,
  defaultDescribeQuorumResponseNode,
} from '../../../../gateway/kafka/wire/generated/describe-quorum.ts';
import { administration, olga, operatorPolicies } from '../../../support/operator-policies.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { Enforcing, realHost, versionsOf } from './enforcing.ts';

const policies = operatorPolicies();
const user = (): Enforcing => new Enforcing(snapshotOf(policies), olga);
const administrator = (): Enforcing =>
  new Enforcing(snapshotOf(policies, [administration(policies, new Enforcing().clock.now() + 60_000)]), olga);

const topics = [{ name: 'open', partitions: [1] }];
const anything = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
};
const acl = {
  resourceType: 2,
  resourceName: 'open',
  resourcePatternType: 3,
  principal: 'User:olga',
  host: '*',
  operation: 2,
  permissionType: 3,
};
const bytes = Buffer.from('x');
const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA';

/** API, a request, and where its refusal stands in the versions from `from` on. */
type Row = readonly [name: keyof typeof apis, request: object, refusal: object, from?: number];

const adminRows: readonly Row[] = [
  [
    'ElectLeaders',
    { electionType: 0, topicPartitions: [{ topic: 'open', partitions: [1] }], timeoutMs: 1 },
    { replicaElectionResults: [{ topic: 'open', partitionResult: [{ partitionId: 1, errorCode: 31 }] }] },
  ],
  ['ElectLeaders', { electionType: 0, topicPartitions: null, timeoutMs: 1 }, { errorCode: 31 }, 1],
  [
    'AlterPartitionReassignments',
    {
      timeoutMs: 1,
      allowReplicationFactorChange: true,
      topics: [{ name: 'open', partitions: [{ partitionIndex: 1, replicas: [1] }] }],
    },
    { errorCode: 31, responses: [{ name: 'open', partitions: [{ partitionIndex: 1, errorCode: 31 }] }] },
  ],
  ['ListPartitionReassignments', { timeoutMs: 1, topics: null }, { errorCode: 31, topics: [] }],
  ['DescribeLogDirs', { topics: null }, { results: [] }],
  ['DescribeLogDirs', { topics: null }, { errorCode: 31 }, 3],
  [
    'AlterReplicaLogDirs',
    {
      dirs: [
        { path: '/a', topics },
        { path: '/b', topics: [{ name: 'open', partitions: [1, 2] }] },
      ],
    },
    {
      results: [
        {
          topicName: 'open',
          partitions: [
            { partitionIndex: 1, errorCode: 31 },
            { partitionIndex: 2, errorCode: 31 },
          ],
        },
      ],
    },
  ],
  [
    'WriteTxnMarkers',
    {
      markers: [
        {
          producerId: 5n,
          producerEpoch: 0,
          transactionResult: false,
          topics: [{ name: 'open', partitionIndexes: [1] }],
          coordinatorEpoch: 0,
          transactionVersion: 0,
        },
      ],
    },
    {
      markers: [{ producerId: 5n, topics: [{ name: 'open', partitions: [{ partitionIndex: 1, errorCode: 31 }] }] }],
    },
  ],
  ['DescribeAcls', anything, { errorCode: 31, resources: [] }],
  ['DescribeUserScramCredentials', { users: null }, { errorCode: 31, results: [] }],
  ['UpdateFeatures', { timeoutMs: 1, featureUpdates: [], validateOnly: false }, { errorCode: 31 }],
  ['UnregisterBroker', { brokerId: 1 }, { errorCode: 31 }],
  ['UnregisterController', { controllerId: 1 }, { errorCode: 31 }],
  [
    'AddRaftVoter',
    { clusterId: null, timeoutMs: 1, voterId: 9, voterDirectoryId: zeroId, listeners: [], ackWhenCommitted: true },
    { errorCode: 31 },
  ],
  ['RemoveRaftVoter', { clusterId: null, voterId: 9, voterDirectoryId: zeroId }, { errorCode: 31 }],
  ['DescribeQuorum', { topics: [] }, { errorCode: 31, topics: [], nodes: [] }],
  ['DescribeClientQuotas', { components: [], strict: false }, { errorCode: 31, entries: null }],
  [
    'AlterClientQuotas',
    { entries: [{ entity: [{ entityType: 'user', entityName: 'a' }], ops: [] }], validateOnly: false },
    { entries: [{ errorCode: 31, entity: [{ entityType: 'user', entityName: 'a' }] }] },
  ],
  ['ListConfigResources', { resourceTypes: [] }, { errorCode: 31, configResources: [] }],
];

const neverRows: readonly Row[] = [
  ['CreateAcls', { creations: [acl, acl] }, { results: [{ errorCode: 31 }, { errorCode: 31 }] }],
  ['DeleteAcls', { filters: [anything] }, { filterResults: [{ errorCode: 31, matchingAcls: [] }] }],
  [
    'AlterUserScramCredentials',
    {
      deletions: [{ name: 'a', mechanism: 2 }],
      upsertions: ['a', 'b'].map((name) => ({
        name,
        mechanism: 1,
        iterations: 4096,
        salt: bytes,
        saltedPassword: bytes,
      })),
    },
    {
      results: [
        { user: 'a', errorCode: 31 },
        { user: 'b', errorCode: 31 },
      ],
    },
  ],
  [
    'CreateDelegationToken',
    { ownerPrincipalType: '', ownerPrincipalName: '', renewers: [], maxLifetimeMs: -1n },
    { errorCode: 65, tokenId: '' },
  ],
  ['RenewDelegationToken', { hmac: bytes, renewPeriodMs: 1n }, { errorCode: 65 }],
  ['ExpireDelegationToken', { hmac: bytes, expiryTimePeriodMs: -1n }, { errorCode: 65 }],
  ['DescribeDelegationToken', { owners: null }, { errorCode: 65, tokens: [] }],
];

/** Each row in each version that clients may use. */
function inVersions(rows: readonly Row[]): [string, AnyApi, number, object, object][] {
  return rows.flatMap(([name, request, refusal, from = 0]) =>
    versionsOf(apis[name])
      .filter((version) => version >= from)
      .map((version): [string, AnyApi, number, object, object] => [
        `${name} v${version}`,
        apis[name] as AnyApi,
        version,
        request,
        refusal,
      ]),
  );
}

describe('administration of the cluster', () => {
  test.each(inVersions(adminRows))('%s', (_, api, version, request, refusal) => {
    const on = user();
    expect(on.request(api, version, request)).toMatchObject({ kind: 'reply', message: refusal });
    expect(on.denied).toEqual(['admin cluster main 31']);
    expect(administrator().request(api, version, request)).toEqual({ kind: 'forward' });
  });

  test.each(versionsOf(apis.DescribeQuorum))('DescribeQuorum v%i never tells where controllers are', (version) => {
    const on = administrator();
    on.request(apis.DescribeQuorum, version, { topics: [] });
    const node = {
      ...defaultDescribeQuorumResponseNode,
      nodeId: 3,
      listeners: [{ name: 'CONTROLLER', host: realHost, port: 9093 }],
    };
    const answer = on.response(apis.DescribeQuorum, version, {
      ...defaultDescribeQuorumResponse,
      nodes: version < 2 ? [] : [node],
    });
    expect(JSON.stringify(answer)).not.toContain(realHost);
    if (version >= 2) expect(answer).toMatchObject({ message: { nodes: [{ nodeId: 3, listeners: [] }] } });
  });
});

describe('rights and credentials of brokers', () => {
  test.each(inVersions(neverRows))('%s is refused to administrators too', (_, api, version, request, refusal) => {
    for (const on of [user(), administrator()]) {
      expect(on.request(api, version, request)).toMatchObject({ kind: 'reply', message: refusal });
      expect(on.context.events).toMatchObject([{ kind: 'deny', operation: 'admin', code: 'NeverAllowed' }]);
    }
  });
});

test('telemetry goes on unread, but not for one without any right', () => {
  const nobody = new Enforcing(snapshotOf(policies), { ...olga, identity: 'bob' });
  const asking = { clientInstanceId: zeroId };
  const pushing = { ...asking, subscriptionId: 1, terminating: false, compressionType: 0, metrics: bytes };
  expect(user().request(apis.GetTelemetrySubscriptions, 0, asking)).toEqual({ kind: 'forward' });
  expect(user().request(apis.PushTelemetry, 0, pushing)).toEqual({ kind: 'forward' });
  const refused = { kind: 'reply', message: { errorCode: 31 } };
  expect(nobody.request(apis.GetTelemetrySubscriptions, 0, asking)).toMatchObject(refused);
  expect(nobody.request(apis.PushTelemetry, 0, pushing)).toMatchObject(refused);
});
