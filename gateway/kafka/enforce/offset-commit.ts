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
import { namesNeeded, topicError } from './topic-ids.ts';

/** First version whose topics go by id. */
const byIdFrom = 10;

type Topics = OffsetCommitResponse['topics'];

/** Read on the group, else 30 everywhere; Read on every topic, else 29 there, or 100 for an id that no topic has. */
export const offsetCommit = enforcement<OffsetCommitRequest, OffsetCommitResponse, Topics>(apis.OffsetCommit, {
  min: 2,
  max: 10,
  request(request, version, context) {
    const byId = version >= byIdFrom;
    const need = byId ? namesNeeded(idsOf(request.topics), context) : undefined;
    if (need) return need;
    if (!context.allows('consume', 'group', request.groupId, denied.group)) {
      const topics = request.topics.map((topic) => refusal(topic, denied.group));
      return { kind: 'reply', response: { ...defaultOffsetCommitResponse, topics } };
    }
    const refused: Topics[number][] = [];
    const topics = request.topics.filter((topic) => {
      const error = topicError('consume', topic, byId, context);
      if (error !== 0) refused.push(refusal(topic, error));
      return error === 0;
    });
    if (refused.length === 0) return { kind: 'forward', pending: refused };
    if (topics.length === 0) return { kind: 'reply', response: { ...defaultOffsetCommitResponse, topics: refused } };
    return { kind: 'send', request: { ...request, topics }, pending: refused };
  },
  response(response, _version, refused) {
    if (refused.length === 0) return { kind: 'forward' };
    return { kind: 'send', response: { ...response, topics: [...response.topics, ...refused] } };
  },
});

function idsOf(topics: OffsetCommitRequest['topics']): string[] {
  return topics.map(({ topicId }) => topicId);
}

function refusal(topic: OffsetCommitRequest['topics'][number], errorCode: number): Topics[number] {
  return {
    ...defaultOffsetCommitResponseOffsetCommitResponseTopic,
    name: topic.name,
    topicId: topic.topicId,
    partitions: topic.partitions.map(({ partitionIndex }) => ({
      ...defaultOffsetCommitResponseOffsetCommitResponsePartition,
      partitionIndex,
      errorCode,
    })),
  };
}
