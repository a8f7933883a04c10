import { apis } from '../wire/generated/apis.ts';
import {
  defaultOffsetCommitResponse,
  defaultOffsetCommitResponseOffsetCommitResponsePartition,
  defaultOffsetCommitResponseOffsetCommitResponseTopic,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from '../wire/generated/offset-commit.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

type Topics = OffsetCommitResponse['topics'];

/** Read on the group, else 30 everywhere; Read on every topic, else 29 there. */
export const offsetCommit = enforcement<OffsetCommitRequest, OffsetCommitResponse, Topics>(apis.OffsetCommit, {
  min: 2,
  max: 9,
  request(request, _version, context) {
    if (!context.allows('consume', 'group', request.groupId, denied.group)) {
      return {
        kind: 'reply',
        response: { ...defaultOffsetCommitResponse, topics: refuse(request.topics, denied.group) },
      };
    }
    const lost: OffsetCommitRequest['topics'][number][] = [];
    const topics = request.topics.filter((topic) => {
      if (context.allows('consume', 'topic', topic.name, denied.topic)) return true;
      lost.push(topic);
      return false;
    });
    const refused = refuse(lost, denied.topic);
    if (refused.length === 0) return { kind: 'forward', pending: refused };
    if (topics.length === 0) return { kind: 'reply', response: { ...defaultOffsetCommitResponse, topics: refused } };
    return { kind: 'send', request: { ...request, topics }, pending: refused };
  },
  response(response, _version, refused) {
    if (refused.length === 0) return { kind: 'forward' };
    return { kind: 'send', response: { ...response, topics: [...response.topics, ...refused] } };
  },
});

function refuse(topics: OffsetCommitRequest['topics'], errorCode: number): Topics {
  return topics.map((topic) => ({
    ...defaultOffsetCommitResponseOffsetCommitResponseTopic,
    name: topic.name,
    partitions: topic.partitions.map((partition) => ({
      ...defaultOffsetCommitResponseOffsetCommitResponsePartition,
      partitionIndex: partition.partitionIndex,
      errorCode,
    })),
  }));
}
