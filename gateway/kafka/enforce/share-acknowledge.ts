import { apis } from '../wire/generated/apis.ts';
import {
  defaultShareAcknowledgeResponse,
  defaultShareAcknowledgeResponsePartitionData,
  type ShareAcknowledgeRequest,
  type ShareAcknowledgeResponse,
} from '../wire/generated/share-acknowledge.ts';
import { rewriteEndpoint } from './addresses.ts';
import { enforcement } from './enforcement.ts';
import { namedTopicError, type RefusedShareTopic, refusedTopic, sessionOf } from './share-request.ts';
import { namesNeeded } from './topic-ids.ts';

/**
 * Read on the group, else 30; Read on every topic, else 29 there. It goes on even when nothing of it is left, since each
 * request takes the session one epoch further.
 */
export const shareAcknowledge = enforcement<
  ShareAcknowledgeRequest,
  ShareAcknowledgeResponse,
  readonly RefusedShareTopic[]
>(apis.ShareAcknowledge, {
  min: 1,
  max: 2,
  request(request, _version, context) {
    const need = namesNeeded(
      request.topics.map(({ topicId }) => topicId),
      context,
    );
    if (need) return need;
    const session = sessionOf(request, false, context);
    if (typeof session === 'number') {
      return { kind: 'reply', response: { ...defaultShareAcknowledgeResponse, errorCode: session } };
    }
    const refused: RefusedShareTopic[] = [];
    const topics = request.topics.filter((topic) => {
      const error = namedTopicError(topic.topicId, context);
      if (error !== 0) refused.push(refusedTopic(topic, error));
      return error === 0;
    });
    if (refused.length === 0) return { kind: 'forward', pending: refused };
    return { kind: 'send', request: { ...request, topics }, pending: refused };
  },
  response(response, _version, refused, context) {
    if (refused.length === 0 && response.nodeEndpoints.length === 0) return { kind: 'forward' };
    const back = (response.errorCode === 0 ? refused : []).map(({ topicId, error, partitions }) => ({
      topicId,
      partitions: partitions.map((partitionIndex) => ({
        ...defaultShareAcknowledgeResponsePartitionData,
        partitionIndex,
        errorCode: error,
      })),
    }));
    return {
      kind: 'send',
      response: {
        ...response,
        responses: [...response.responses, ...back],
        nodeEndpoints: response.nodeEndpoints.flatMap((endpoint) => rewriteEndpoint(endpoint, context.cluster)),
      },
    };
  },
});
