import { apis } from '../wire/generated/apis.ts';
import {
  defaultListOffsetsResponse,
  defaultListOffsetsResponseListOffsetsPartitionResponse,
  defaultListOffsetsResponseListOffsetsTopicResponse,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
} from '../wire/generated/list-offsets.ts';
import {
  defaultOffsetForLeaderEpochResponse,
  defaultOffsetForLeaderEpochResponseEpochEndOffset,
  defaultOffsetForLeaderEpochResponseOffsetForLeaderTopicResult,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
} from '../wire/generated/offset-for-leader-epoch.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

/** Describe on every topic; the replica id of a client is always -1. */
export const listOffsets = enforcement<ListOffsetsRequest, ListOffsetsResponse, ListOffsetsResponse['topics']>(
  apis.ListOffsets,
  {
    min: 1,
    max: 11,
    request(request, _version, context) {
      const refused: ListOffsetsResponse['topics'][number][] = [];
      const topics = request.topics.filter((topic) => {
        if (context.allows('describe', 'topic', topic.name, denied.topic)) return true;
        refused.push({
          ...defaultListOffsetsResponseListOffsetsTopicResponse,
          name: topic.name,
          partitions: topic.partitions.map((partition) => ({
            ...defaultListOffsetsResponseListOffsetsPartitionResponse,
            partitionIndex: partition.partitionIndex,
            errorCode: denied.topic,
          })),
        });
        return false;
      });
      if (topics.length === 0) return { kind: 'reply', response: { ...defaultListOffsetsResponse, topics: refused } };
      if (refused.length === 0 && request.replicaId === -1) return { kind: 'forward', pending: refused };
      return { kind: 'send', request: { ...request, replicaId: -1, topics }, pending: refused };
    },
    response(response, _version, refused) {
      if (refused.length === 0) return { kind: 'forward' };
      return { kind: 'send', response: { ...response, topics: [...response.topics, ...refused] } };
    },
  },
);

/** Describe on every topic, as ListOffsets. */
export const offsetForLeaderEpoch = enforcement<
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
  OffsetForLeaderEpochResponse['topics']
>(apis.OffsetForLeaderEpoch, {
  min: 3,
  max: 4,
  request(request, _version, context) {
    const refused: OffsetForLeaderEpochResponse['topics'][number][] = [];
    const topics = request.topics.filter((topic) => {
      if (context.allows('describe', 'topic', topic.topic, denied.topic)) return true;
      refused.push({
        ...defaultOffsetForLeaderEpochResponseOffsetForLeaderTopicResult,
        topic: topic.topic,
        partitions: topic.partitions.map((partition) => ({
          ...defaultOffsetForLeaderEpochResponseEpochEndOffset,
          partition: partition.partition,
          errorCode: denied.topic,
        })),
      });
      return false;
    });
    if (topics.length === 0) {
      return { kind: 'reply', response: { ...defaultOffsetForLeaderEpochResponse, topics: refused } };
    }
    return { kind: 'send', request: { ...request, replicaId: -1, topics }, pending: refused };
  },
  response(response, _version, refused) {
    if (refused.length === 0) return { kind: 'forward' };
    return { kind: 'send', response: { ...response, topics: [...response.topics, ...refused] } };
  },
});
