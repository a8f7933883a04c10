import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import {
  defaultStreamsGroupDescribeResponse,
  defaultStreamsGroupDescribeResponseDescribedGroup,
} from '../wire/generated/streams-group-describe.ts';
import {
  defaultStreamsGroupHeartbeatResponse,
  type StreamsGroupHeartbeatRequest,
  type StreamsGroupHeartbeatResponse,
} from '../wire/generated/streams-group-heartbeat.ts';
import {
  defaultStreamsGroupTopologyDescriptionUpdateResponse,
  type StreamsGroupTopologyDescriptionUpdateRequest,
  type StreamsGroupTopologyDescriptionUpdateResponse,
} from '../wire/generated/streams-group-topology-description-update.ts';
import type { FrameContext } from './context.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';
import { groupDescription } from './group-description.ts';
import { heartbeatError, heartbeatMessage, noteMember } from './group-heartbeat.ts';
import { describedTopics, internalTopics, topologyTopics } from './streams-topology.ts';

/**
 * KIP-1071: Read on the group, Describe on every topic of the topology, and Create on its internal topics, which the
 * broker makes for the client when they are not there. Regexes in a topology are refused (ADR 0013). Endpoints in it are
 * those of clients and stay.
 */
export const streamsGroupHeartbeat = enforcement<StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse>(
  apis.StreamsGroupHeartbeat,
  {
    min: 0,
    max: 1,
    request(request, _version, context) {
      const { groupId, topology } = request;
      const subtopologies = topology?.subtopologies ?? [];
      if (subtopologies.some(({ sourceTopicRegex }) => sourceTopicRegex.length > 0)) {
        return failure(KafkaError.streamsInvalidTopology, 'Sluice: regexes for source topics are not supported.');
      }
      const errorCode = heartbeatError(groupId, new Set(topologyTopics(subtopologies)), context);
      if (errorCode !== 0) return failure(errorCode, heartbeatMessage(errorCode));
      if (!mayCreate(internalTopics(subtopologies), context)) {
        return failure(denied.topic, 'Sluice: some internal topic of this group may not be created.');
      }
      if (request.memberEpoch === 0 || request.rebalanceTimeoutMs !== -1) {
        context.connection.groupMembers.told(groupId, request.instanceId !== null);
      }
      noteMember('streams', request, context);
      return { kind: 'forward', pending: undefined };
    },
    response(response, _version, _pending, context) {
      const { partitionsByUserEndpoint } = response;
      if (partitionsByUserEndpoint === null) return { kind: 'forward' };
      const visible = <T extends { readonly topic: string }>(topics: readonly T[]): T[] =>
        topics.filter(({ topic }) => context.sees('describe', 'topic', topic));
      const shown = partitionsByUserEndpoint.map((endpoint) => ({
        ...endpoint,
        activePartitions: visible(endpoint.activePartitions),
        standbyPartitions: visible(endpoint.standbyPartitions),
      }));
      return { kind: 'send', response: { ...response, partitionsByUserEndpoint: shown } };
    },
  },
);

function mayCreate(topics: readonly string[], context: FrameContext): boolean {
  return topics.every((topic) => context.allows('create', 'topic', topic, denied.topic));
}

function failure(errorCode: number, errorMessage: string) {
  return { kind: 'reply', response: { ...defaultStreamsGroupHeartbeatResponse, errorCode, errorMessage } } as const;
}

export const streamsGroupDescribe = groupDescription(apis.StreamsGroupDescribe, defaultStreamsGroupDescribeResponse, {
  min: 0,
  max: 1,
  blank: defaultStreamsGroupDescribeResponseDescribedGroup,
  topicsOf: ({ topology, topologyDescription }) => [
    ...topologyTopics(topology?.subtopologies ?? []),
    ...(topologyDescription ? describedTopics(topologyDescription) : []),
  ],
});

/** Read on the group: a text about its topology, for people, that names no broker. */
export const streamsGroupTopologyDescriptionUpdate = enforcement<
  StreamsGroupTopologyDescriptionUpdateRequest,
  StreamsGroupTopologyDescriptionUpdateResponse
>(apis.StreamsGroupTopologyDescriptionUpdate, {
  min: 0,
  max: 0,
  request({ groupId }, _version, context) {
    const errorCode = heartbeatError(groupId, [], context);
    if (errorCode === 0) return { kind: 'forward', pending: undefined };
    return {
      kind: 'reply',
      response: {
        ...defaultStreamsGroupTopologyDescriptionUpdateResponse,
        errorCode,
        errorMessage: heartbeatMessage(errorCode),
      },
    };
  },
});
