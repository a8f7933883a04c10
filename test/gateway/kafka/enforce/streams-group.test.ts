import { describe, expect, test } from 'vitest';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultStreamsGroupDescribeResponse,
  defaultStreamsGroupDescribeResponseDescribedGroup,
} from '../../../../gateway/kafka/wire/generated/streams-group-describe.ts';
import {
  defaultStreamsGroupHeartbeatRequest,
  defaultStreamsGroupHeartbeatResponse,
} from '../../../../gateway/kafka/wire/generated/streams-group-heartbeat.ts';
import { olga, operatorPolicies } from '../../../support/operator-policies.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { Enforcing, versionsOf } from './enforcing.ts';

const policies = operatorPolicies();
const started = (): Enforcing => new Enforcing(snapshotOf(policies), olga);

interface Topology {
  readonly source?: string;
  readonly regex?: string;
  readonly sink?: string;
  readonly repartition?: string;
  readonly changelog?: string;
}
const info = (name: string | undefined) =>
  name === undefined ? [] : [{ name, partitions: 1, replicationFactor: 1, topicConfigs: [] }];
const named = (name: string | undefined): string[] => (name === undefined ? [] : [name]);
const subtopology = ({ source, regex, sink, repartition, changelog }: Topology) => ({
  subtopologyId: '0',
  sourceTopics: named(source),
  sourceTopicRegex: named(regex),
  stateChangelogTopics: info(changelog),
  repartitionSinkTopics: named(sink),
  repartitionSourceTopics: info(repartition),
  copartitionGroups: [],
});
const beat = (topology: Topology | null, fields: object = {}) => ({
  ...defaultStreamsGroupHeartbeatRequest,
  groupId: 'olga.app',
  memberId: 'm',
  rebalanceTimeoutMs: 1000,
  topology: topology && { epoch: 0, subtopologies: [subtopology(topology)] },
  ...fields,
});

describe.each(versionsOf(apis.StreamsGroupHeartbeat))('StreamsGroupHeartbeat v%i', (version) => {
  test.each<[string, Topology | null, object, number, string[]]>([
    ['no topology', null, {}, 0, []],
    [
      'all that a topology can name',
      { source: 'seen', sink: 'open.r', repartition: 'open.r', changelog: 'open.c' },
      {},
      0,
      [],
    ],
    ['a denied group', { source: 'open' }, { groupId: 'watched' }, 30, ['consume group watched 30']],
    ['a hidden source', { source: 'secret' }, {}, 29, ['describe topic secret 29']],
    ['a hidden sink', { sink: 'secret' }, {}, 29, ['describe topic secret 29']],
    ['a hidden repartition topic', { repartition: 'secret' }, {}, 29, ['describe topic secret 29']],
    ['a changelog that may not be created', { changelog: 'seen' }, {}, 29, ['create topic seen 29']],
    ['a regex', { regex: '.*' }, {}, 130, []],
  ])('%s', (_, topology, fields, errorCode, denied) => {
    const on = started();
    const outcome = on.request(apis.StreamsGroupHeartbeat, version, beat(topology, fields));
    expect(outcome).toMatchObject(errorCode === 0 ? { kind: 'forward' } : { kind: 'reply', message: { errorCode } });
    expect(on.denied).toEqual(denied);
  });

  test('is noted for the clean-up, unless its member is a static one', () => {
    const on = started();
    on.request(apis.StreamsGroupHeartbeat, version, beat(null));
    expect(on.context.joined).toEqual({ kind: 'streams', groupId: 'olga.app', memberId: 'm' });
    on.request(apis.StreamsGroupHeartbeat, version, beat(null, { memberEpoch: -1 }));
    expect(on.context.left).toBe('olga.app');
    on.request(apis.StreamsGroupHeartbeat, version, beat(null, { instanceId: 'i' }));
    expect(on.context.joined).toBeUndefined();
  });

  test('other members have their own addresses and no hidden topics', () => {
    const on = started();
    on.request(apis.StreamsGroupHeartbeat, version, beat(null));
    expect(on.response(apis.StreamsGroupHeartbeat, version, defaultStreamsGroupHeartbeatResponse)).toEqual({
      kind: 'forward',
    });
    const topics = ['open', 'secret'].map((topic) => ({ topic, partitions: [0] }));
    const userEndpoint = { host: 'client.example', port: 7 };
    const endpoint = { userEndpoint, activePartitions: topics, standbyPartitions: topics };
    const answer = { ...defaultStreamsGroupHeartbeatResponse, partitionsByUserEndpoint: [endpoint] };
    const shown = topics.slice(0, 1);
    expect(on.response(apis.StreamsGroupHeartbeat, version, answer)).toMatchObject({
      kind: 'send',
      message: { partitionsByUserEndpoint: [{ userEndpoint, activePartitions: shown, standbyPartitions: shown }] },
    });
  });
});

describe.each(versionsOf(apis.StreamsGroupDescribe))('StreamsGroupDescribe v%i', (version) => {
  const describing = (groupIds: string[]) => ({
    groupIds,
    includeAuthorizedOperations: true,
    includeTopologyDescription: version >= 1,
  });
  const node = (sinkTopic: string) => ({
    name: 'n',
    nodeType: 1,
    sourceTopics: [],
    sinkTopic,
    stores: [],
    successors: [],
  });
  const group = (topology: Topology, sinkTopic = 'open') => {
    const { sourceTopicRegex: _, copartitionGroups: __, ...subtopologyOf } = subtopology(topology);
    return {
      ...defaultStreamsGroupDescribeResponseDescribedGroup,
      groupId: 'olga.app',
      groupState: 'Stable',
      topology: { epoch: 0, subtopologies: [subtopologyOf] },
      topologyDescription:
        version >= 1 ? { subtopologies: [{ subtopologyId: '0', nodes: [node(sinkTopic)] }], globalStores: [] } : null,
    };
  };

  test.each<[string, ReturnType<typeof group>, number]>([
    ['shown', group({ source: 'open', changelog: 'open.c' }), 0],
    ['hidden by a source', group({ source: 'secret' }), 29],
    ['hidden by a changelog', group({ source: 'open', changelog: 'secret' }), 29],
    ...(version >= 1
      ? [['hidden by its description', group({}, 'secret'), 29] as [string, ReturnType<typeof group>, number]]
      : []),
  ])('a group is %s', (_, described, errorCode) => {
    const on = started();
    expect(on.request(apis.StreamsGroupDescribe, version, describing(['olga.app', 'other']))).toMatchObject({
      kind: 'send',
      message: { groupIds: ['olga.app'], includeAuthorizedOperations: false, includeTopologyDescription: version >= 1 },
    });
    const answer = on.response(apis.StreamsGroupDescribe, version, {
      ...defaultStreamsGroupDescribeResponse,
      groups: [described],
    });
    expect(answer).toMatchObject({
      message: {
        groups: [
          { groupId: 'olga.app', errorCode, groupState: errorCode === 0 ? 'Stable' : '' },
          { groupId: 'other', errorCode: 30 },
        ],
      },
    });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});

test.each([
  ['olga.app', 0],
  ['other', 30],
])('the text about the topology of %s', (groupId, errorCode) => {
  const topologyDescription = { subtopologies: [], globalStores: [] };
  const outcome = started().request(apis.StreamsGroupTopologyDescriptionUpdate, 0, {
    groupId,
    memberId: 'm',
    topologyEpoch: 0,
    topologyDescription,
  });
  expect(outcome).toMatchObject(errorCode === 0 ? { kind: 'forward' } : { kind: 'reply', message: { errorCode } });
});
