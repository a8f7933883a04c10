import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { advertised } from '../../../../gateway/kafka/enforce/api-versions.ts';
import { table } from '../../../../gateway/kafka/enforce/table.ts';
import type { ResponseOf } from '../../../../gateway/kafka/wire/api.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import { defaultCreateTopicsRequestCreatableTopic } from '../../../../gateway/kafka/wire/generated/create-topics.ts';
import {
  defaultMetadataRequest,
  defaultMetadataRequestMetadataRequestTopic,
} from '../../../../gateway/kafka/wire/generated/metadata.ts';
import { bob, grantUntil } from '../../../support/access-policies.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { Enforcing, policies, realHost, shownHost, versionsOf } from './enforcing.ts';
import { idOf, informed, nameFrom } from './known-topics.ts';

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA';
const told = -2147483648;

const metadataOf = (names: readonly string[] | null, allowAutoTopicCreation = false) => ({
  ...defaultMetadataRequest,
  allowAutoTopicCreation,
  topics: names?.map((name) => ({ ...defaultMetadataRequestMetadataRequestTopic, name })) ?? null,
});
const metadataAnswer = (names: readonly string[], errorCode = 0): ResponseOf<typeof apis.Metadata> => ({
  throttleTimeMs: 0,
  brokers: [1, 7].map((nodeId) => ({ nodeId, host: realHost, port: 9092, rack: null })),
  clusterId: 'cluster',
  controllerId: 1,
  topics: names.map((name) => ({
    errorCode,
    name,
    topicId: zeroId,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: told,
  })),
  clusterAuthorizedOperations: told,
  errorCode: 0,
});
const topicsOf = (result: unknown): string[] =>
  (result as { message: ResponseOf<typeof apis.Metadata> }).message.topics.map(
    (topic) => `${topic.name} ${topic.errorCode}`,
  );

describe.each(versionsOf(apis.Metadata))('Metadata v%i', (version) => {
  test('a list of everything shows what may be described, and never a real address', () => {
    const on = new Enforcing();
    const sent = on.request(apis.Metadata, version, metadataOf(null));
    expect(sent).toMatchObject({ kind: 'send', message: { topics: null, allowAutoTopicCreation: false } });
    expect(topicsOf(on.response(apis.Metadata, version, metadataAnswer(['secret', 'open', 'granted'])))).toEqual([
      'open 0',
    ]);
  });

  test('by name: 29 for what may not be described, never "unknown"', () => {
    const on = new Enforcing();
    const sent = on.request(apis.Metadata, version, metadataOf(['open', 'secret', 'nowhere']));
    expect(sent).toMatchObject({ kind: 'send', message: { topics: [{ name: 'open' }] } });
    expect(on.denied).toEqual(['describe topic secret 29', 'describe topic nowhere 29']);
    const answer = on.response(apis.Metadata, version, metadataAnswer(['open']));
    expect(topicsOf(answer)).toEqual(['open 0', 'secret 29', 'nowhere 29']);
    expect(answer).toMatchObject({ message: { brokers: [{ nodeId: 1, host: shownHost, port: 9001 }] } });
    expect(JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(
      realHost,
    );
    expect(on.unknown).toEqual([7]);
  });

  test('only denied names never reach the broker', () => {
    const on = new Enforcing();
    const reply = on.request(apis.Metadata, version, metadataOf(['secret']));
    expect(reply.kind).toBe('reply');
    expect(topicsOf(reply)).toEqual(['secret 29']);
  });
});

describe.each(versionsOf(apis.Metadata))('Metadata v%i, with auto-creation', (version) => {
  test('creates a topic only where all that it names may be created', () => {
    const on = new Enforcing(snapshotOf(policies, [grantUntil(policies, new Enforcing().clock.now() + 1000)]));
    const creating = (names: readonly string[]): unknown =>
      (
        on.request(apis.Metadata, version, metadataOf(names, true)) as unknown as {
          message: { allowAutoTopicCreation: boolean };
        }
      ).message.allowAutoTopicCreation;
    expect(creating(['open.new'])).toBe(true);
    expect(creating(['open.new', 'granted.new'])).toBe(false);
    const answer = on.response(apis.Metadata, version, metadataAnswer(['open.new', 'granted.new'], 3));
    expect(topicsOf(answer)).toEqual(['open.new 3', 'granted.new 29']);
  });
});

describe.each(versionsOf(apis.OffsetFetch))('OffsetFetch v%i', (version) => {
  const partitions = (errorCode = 0) => [
    { partitionIndex: 0, committedOffset: 5n, committedLeaderEpoch: -1, metadata: '', errorCode },
  ];
  const request = (groupId: string, names: readonly string[] | null) => {
    const topics = names?.map((name) => ({ name, topicId: idOf(name), partitionIndexes: [0] })) ?? null;
    return version < 8
      ? { groupId, topics, groups: [], requireStable: false }
      : {
          groupId: '',
          topics: [],
          groups: [{ groupId, memberId: null, memberEpoch: -1, topics }],
          requireStable: false,
        };
  };
  const answer = (groupId: string, names: readonly string[]) => {
    const topics = names.map((name) => ({ name, topicId: idOf(name), partitions: partitions() }));
    return version < 8
      ? { throttleTimeMs: 0, topics, errorCode: 0, groups: [] }
      : { throttleTimeMs: 0, topics: [], errorCode: 0, groups: [{ groupId, topics, errorCode: 0 }] };
  };
  const seen = (result: unknown): string[] => {
    const { message } = result as { message: ResponseOf<typeof apis.OffsetFetch> };
    const topics = version < 8 ? message.topics : message.groups[0]!.topics;
    return topics.map(({ partitions: [one], ...topic }) => {
      const { name, topicId } = topic as { name: string; topicId?: string };
      return `${version < 10 ? name : nameFrom(topicId ?? '')} ${one!.errorCode} ${one!.committedOffset}`;
    });
  };

  test('denied topics come back with 29 and no offset', () => {
    const on = informed();
    expect(on.request(apis.OffsetFetch, version, request('alice.g', ['secret', 'open'])).kind).toBe('send');
    expect(seen(on.response(apis.OffsetFetch, version, answer('alice.g', ['open'])))).toEqual([
      'open 0 5',
      'secret 29 -1',
    ]);
    const only = on.request(apis.OffsetFetch, version, request('alice.g', ['secret']));
    expect(seen(only.kind === 'reply' ? only : on.response(apis.OffsetFetch, version, answer('alice.g', [])))).toEqual([
      'secret 29 -1',
    ]);
  });

  if (version >= 2)
    test('all topics of a group are those that may be described', () => {
      const on = informed();
      expect(on.request(apis.OffsetFetch, version, request('alice.g', null))).toEqual({ kind: 'forward' });
      expect(seen(on.response(apis.OffsetFetch, version, answer('alice.g', ['secret', 'open'])))).toEqual(['open 0 5']);
    });

  test('a denied group is 30, where this version says it', () => {
    const reply = informed().request(apis.OffsetFetch, version, request('other', ['open']));
    const { message } = reply as unknown as { message: ResponseOf<typeof apis.OffsetFetch> };
    const code =
      version < 2
        ? message.topics[0]!.partitions[0]!.errorCode
        : version < 8
          ? message.errorCode
          : message.groups[0]!.errorCode;
    expect([reply.kind, code]).toEqual(['reply', 30]);
  });
});

describe.each(versionsOf(apis.FindCoordinator))('FindCoordinator v%i', (version) => {
  const many = version >= 4;
  const request = (keys: readonly string[], keyType = 0) => ({
    key: many ? '' : keys[0]!,
    keyType: version >= 1 ? keyType : 0,
    coordinatorKeys: many ? keys : [],
  });
  const found = (key: string, nodeId: number) => {
    const where = { nodeId, host: realHost, port: 9092, errorCode: 0, errorMessage: null };
    return many
      ? {
          throttleTimeMs: 0,
          errorCode: 0,
          errorMessage: null,
          nodeId: 0,
          host: '',
          port: 0,
          coordinators: [{ key, ...where }],
        }
      : { throttleTimeMs: 0, ...where, coordinators: [] };
  };
  const codes = (result: unknown): [number, number, string][] => {
    const { message } = result as { message: ResponseOf<typeof apis.FindCoordinator> };
    return (many ? message.coordinators : [message]).map(({ errorCode, nodeId, host }) => [errorCode, nodeId, host]);
  };

  test('names the gateway for a coordinator, or says that there is none yet', () => {
    const on = new Enforcing();
    expect(on.request(apis.FindCoordinator, version, request(['alice.g']))).toEqual({ kind: 'forward' });
    expect(codes(on.response(apis.FindCoordinator, version, found('alice.g', 1)))).toEqual([[0, 1, shownHost]]);
    expect(codes(on.response(apis.FindCoordinator, version, found('alice.g', 7)))).toEqual([[15, -1, '']]);
  });

  test('refuses groups, transactional ids and other types without an address, in words where there is room', () => {
    const on = new Enforcing();
    const refused = on.request(apis.FindCoordinator, version, request(['other']));
    expect(codes(refused)).toEqual([[30, -1, '']]);
    if (version < 1) return;
    const { message } = refused as { message: ResponseOf<typeof apis.FindCoordinator> };
    expect((many ? message.coordinators : [message])[0]?.errorMessage).toMatch(
      /^Group authorization failed\. Sluice: /,
    );
    expect(codes(on.request(apis.FindCoordinator, version, request(['other'], 1)))).toEqual([[53, -1, '']]);
    expect(codes(on.request(apis.FindCoordinator, version, request(['alice.g'], 2)))).toEqual([[31, -1, '']]);
  });

  if (many)
    test('answers each key', () => {
      const on = new Enforcing();
      expect(on.request(apis.FindCoordinator, version, request(['other', 'alice.g']))).toMatchObject({
        kind: 'send',
        message: { coordinatorKeys: ['alice.g'] },
      });
      expect(codes(on.response(apis.FindCoordinator, version, found('alice.g', 2)))).toEqual([
        [0, 2, shownHost],
        [30, -1, ''],
      ]);
    });
});

describe.each(versionsOf(apis.ListGroups))('ListGroups v%i', (version) => {
  test('shows only groups that the principal may use', () => {
    const on = new Enforcing();
    const group = {
      protocolType: 'consumer',
      groupState: version >= 4 ? 'Stable' : '',
      groupType: version >= 5 ? 'classic' : '',
    };
    on.request(apis.ListGroups, version, { statesFilter: [], typesFilter: [] });
    const groups = ['alice.g', 'other'].map((groupId) => ({ groupId, ...group }));
    const answer = on.response(apis.ListGroups, version, { throttleTimeMs: 0, errorCode: 0, groups });
    expect(answer).toMatchObject({ message: { groups: [{ groupId: 'alice.g' }] } });
    const nobody = new Enforcing(snapshotOf(policies), bob);
    expect(nobody.request(apis.ListGroups, version, { statesFilter: [], typesFilter: [] })).toMatchObject({
      kind: 'reply',
      message: { groups: [] },
    });
  });
});

describe.each(versionsOf(apis.DescribeGroups))('DescribeGroups v%i', (version) => {
  test('refuses others with 30', () => {
    const on = new Enforcing();
    const includeAuthorizedOperations = version >= 3;
    const sent = on.request(apis.DescribeGroups, version, {
      groups: ['other', 'alice.g'],
      includeAuthorizedOperations,
    });
    expect(sent).toMatchObject({ kind: 'send', message: { groups: ['alice.g'], includeAuthorizedOperations: false } });
    const one = {
      errorCode: 0,
      errorMessage: null,
      groupId: 'alice.g',
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [],
      authorizedOperations: told,
    };
    const answer = on.response(apis.DescribeGroups, version, { throttleTimeMs: 0, groups: [one] });
    expect(answer).toMatchObject({
      message: {
        groups: [
          { groupId: 'alice.g', errorCode: 0 },
          { groupId: 'other', errorCode: 30 },
        ],
      },
    });
  });
});

test.each(versionsOf(apis.CreateTopics))('CreateTopics v%i makes what may be made, 29 for the rest', (version) => {
  const on = new Enforcing();
  const topics = ['secret', 'open.a'].map((name) => ({
    ...defaultCreateTopicsRequestCreatableTopic,
    name,
    numPartitions: 1,
    replicationFactor: 1,
  }));
  const sent = on.request(apis.CreateTopics, version, { topics, timeoutMs: 1, validateOnly: false });
  expect(sent).toMatchObject({ kind: 'send', message: { topics: [{ name: 'open.a' }] } });
  const made = {
    name: 'open.a',
    topicId: zeroId,
    errorCode: 0,
    errorMessage: null,
    topicConfigErrorCode: 0,
    numPartitions: 1,
    replicationFactor: 1,
    configs: [],
  };
  const answer = on.response(apis.CreateTopics, version, { throttleTimeMs: 0, topics: [made] });
  expect(answer).toMatchObject({
    message: {
      topics: [
        { name: 'open.a', errorCode: 0 },
        { name: 'secret', errorCode: 29 },
      ],
    },
  });
  expect(on.request(apis.CreateTopics, version, { topics: [], timeoutMs: 1, validateOnly: false }).kind).toBe('reply');
});

test.each(versionsOf(apis.DeleteTopics))('DeleteTopics v%i deletes what may be deleted, 29 for the rest', (version) => {
  const on = new Enforcing();
  const names = ['secret', 'open.a'];
  const topics = version < 6 ? [] : names.map((name) => ({ name, topicId: zeroId }));
  const sent = on.request(apis.DeleteTopics, version, {
    topics,
    topicNames: version < 6 ? names : [],
    timeoutMs: 1,
  });
  const kept = version < 6 ? { topicNames: ['open.a'] } : { topics: [{ name: 'open.a' }] };
  expect(sent).toMatchObject({ kind: 'send', message: kept });
  const gone = { name: 'open.a', topicId: zeroId, errorCode: 0, errorMessage: null };
  const answer = on.response(apis.DeleteTopics, version, { throttleTimeMs: 0, responses: [gone] });
  expect(answer).toMatchObject({ message: { responses: [{ name: 'open.a' }, { name: 'secret', errorCode: 29 }] } });
});

test.each(versionsOf(apis.InitProducerId))(
  'InitProducerId v%i: 53 for an id, 31 for somebody who writes nowhere',
  (version) => {
    const request = (transactionalId: string | null) => ({
      transactionalId,
      transactionTimeoutMs: 1000,
      producerId: -1n,
      producerEpoch: -1,
      enable2Pc: false,
      keepPreparedTxn: false,
    });
    const on = new Enforcing();
    expect(on.request(apis.InitProducerId, version, request(null))).toEqual({ kind: 'forward' });
    expect(on.request(apis.InitProducerId, version, request('alice.t'))).toEqual({ kind: 'forward' });
    expect(on.request(apis.InitProducerId, version, request('other'))).toMatchObject({
      message: { errorCode: 53, producerId: -1n },
    });
    const nobody = new Enforcing(snapshotOf(policies), bob);
    expect(nobody.request(apis.InitProducerId, version, request(null))).toMatchObject({ message: { errorCode: 31 } });
  },
);

test('DescribeCluster is answered here, and controllers are not told', () => {
  const on = new Enforcing();
  const request = { includeClusterAuthorizedOperations: false, includeFencedBrokers: false };
  expect(on.request(apis.DescribeCluster, 1, { ...request, endpointType: 1 })).toMatchObject({
    kind: 'reply',
    message: { brokers: [{ host: shownHost }, { host: shownHost }] },
  });
  expect(on.request(apis.DescribeCluster, 1, { ...request, endpointType: 2 })).toMatchObject({
    kind: 'reply',
    message: { errorCode: 115, brokers: [] },
  });
});

test('ApiVersions is the table cut to the broker, with Produce from 0', () => {
  const versions = new Map([
    [apis.Produce.key, { min: 3, max: 9 }],
    [apis.Fetch.key, { min: 4, max: 17 }],
    [apis.Metadata.key, { min: 20, max: 30 }],
    [56, { min: 0, max: 3 }],
    [1234, { min: 0, max: 1 }],
  ]);
  const { apiKeys } = advertised({ versions, supported: [], finalized: [], finalizedEpoch: 1n });
  expect(apiKeys.map(({ apiKey, minVersion, maxVersion }) => `${apiKey}: ${minVersion}-${maxVersion}`)).toEqual([
    '0: 0-9',
    '1: 4-17',
    '17: 0-1',
    '18: 0-4',
    '36: 0-2',
  ]);
});

const names = fc.constantFrom(
  'open',
  'open.x',
  'masked',
  'secret',
  'granted',
  'granted.y',
  'nowhere',
  '__consumer_offsets',
  '',
);

test('whatever Metadata is asked and answers, nothing that may not be described and no real host is told', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...versionsOf(apis.Metadata)),
      fc.option(fc.array(names, { maxLength: 6 })),
      fc.array(names, { maxLength: 6 }),
      fc.boolean(),
      (version, asked, answered, creating) => {
        const on = new Enforcing();
        const sent = on.request(apis.Metadata, version, metadataOf(asked, creating));
        const result = sent.kind === 'reply' ? sent : on.response(apis.Metadata, version, metadataAnswer(answered));
        const { message } = result as unknown as { message: ResponseOf<typeof apis.Metadata> };
        for (const { name, errorCode, topicId } of message.topics) {
          const denied = errorCode === 29 && topicId === zeroId && asked?.some((one) => one === name);
          expect(denied || on.access.allows('describe', 'topic', name ?? '')).toBe(true);
        }
        expect(message.brokers.map(({ host }) => host)).not.toContain(realHost);
      },
    ),
  );
});

test('whatever an OffsetFetch answers for all topics, only what may be described is told', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 7 }), fc.uniqueArray(names), (version, answered) => {
      const on = new Enforcing();
      on.request(apis.OffsetFetch, version, { groupId: 'alice.g', topics: null, groups: [], requireStable: false });
      const topics = answered.map((name) => ({ name, topicId: zeroId, partitions: [] }));
      const answer = on.response(apis.OffsetFetch, version, { throttleTimeMs: 0, topics, errorCode: 0, groups: [] });
      const { message } = answer as unknown as { message: ResponseOf<typeof apis.OffsetFetch> };
      expect(message.topics.map(({ name }) => name)).toEqual(
        answered.filter((name) => on.access.allows('describe', 'topic', name)),
      );
    }),
  );
});

test('no API that the table lacks is offered, and none of it has an unknown maximum', () => {
  for (const { api, min, max } of table.values()) {
    expect(min).toBeGreaterThanOrEqual(api.min);
    expect(max).toBeLessThanOrEqual(api.max);
  }
});
