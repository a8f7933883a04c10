import type { TopicEntry } from '../../../core/audit/event.ts';
import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import { defaultFetchResponse, type FetchRequest, type FetchResponse } from '../wire/generated/fetch.ts';
import { rewriteEndpoint } from './addresses.ts';
import type { FrameContext } from './context.ts';
import { enforcement } from './enforcement.ts';
import { judgeAnswer, withRefused } from './fetch-answer.ts';
import { byIdFrom, type FetchPending, fullFetch, incrementalFetch } from './fetch-request.ts';
import { settleSession } from './fetch-session.ts';
import { streamFetch } from './fetch-stream.ts';
import { namesNeeded, topicName } from './topic-ids.ts';

/**
 * Read on every topic. Denied partitions come back with 29, those of an id that no topic has with 100, high watermark
 * -1 and no records, in every answer, as brokers do. A client may keep a fetch session (KIP-227) with the broker, bound
 * to its connection: what is refused is left out of it there, and everything in it is judged again with each request.
 * Access is looked up again when the answer arrives.
 */
export const fetch = enforcement<FetchRequest, FetchResponse, FetchPending>(apis.Fetch, {
  min: 4,
  max: 18,
  stream: streamFetch,
  request(request, version, context) {
    const byId = version >= byIdFrom;
    const need = byId ? idsNeeded(request.topics, context) : undefined;
    if (need) return need;
    const { sessionId, sessionEpoch } = request;
    const kept = context.connection.fetchSession;
    const session = kept && kept.id === sessionId ? kept : undefined;
    if (sessionEpoch === 0 || sessionEpoch === -1) return fullFetch(request, version, byId, session, context);
    if (!session) return failure(KafkaError.fetchSessionIdNotFound);
    if (session.byId !== byId) return failure(KafkaError.fetchSessionTopicIdError);
    return incrementalFetch(request, session, context) ?? failure(KafkaError.fetchSessionIdNotFound);
  },
  response(response, version, pending, context) {
    const byId = version >= byIdFrom;
    const need = byId ? idsNeeded(response.responses, context) : undefined;
    if (need) return need;
    settleSession(pending, response, context.connection);
    const entries: TopicEntry[] = [];
    const refused = response.errorCode === 0 ? pending.refused : []; // an error at the top stands for all
    let changed = refused.length > 0 || response.nodeEndpoints.length > 0;
    const responses = response.responses.map((topic) => {
      const name = topicName({ name: topic.topic, topicId: topic.topicId }, byId, context);
      const next = judgeAnswer(topic, name, context, entries);
      if (next !== topic) changed = true;
      return next;
    });
    if (entries.length > 0) {
      context.events.push({
        kind: 'fetch_done',
        topics: entries,
        bytes: entries.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0),
      });
    }
    if (!changed) return { kind: 'forward' };
    const nodeEndpoints = response.nodeEndpoints.flatMap((endpoint) => rewriteEndpoint(endpoint, context.cluster));
    return { kind: 'send', response: withRefused({ ...response, nodeEndpoints, responses }, refused, byId) };
  },
});

function failure(errorCode: number): { readonly kind: 'reply'; readonly response: FetchResponse } {
  return { kind: 'reply', response: { ...defaultFetchResponse, errorCode } };
}

function idsNeeded(topics: readonly { readonly topicId: string }[], context: FrameContext) {
  return namesNeeded(
    topics.map(({ topicId }) => topicId),
    context,
  );
}
