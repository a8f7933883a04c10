import { KafkaError } from '../wire/error-codes.ts';
import {
  defaultFetchRequestForgottenTopic,
  defaultFetchRequestReplicaState,
  defaultFetchResponse,
  type FetchRequest,
  type FetchRequestFetchTopic,
  type FetchRequestForgottenTopic,
  type FetchResponse,
} from '../wire/generated/fetch.ts';
import type { FrameContext } from './context.ts';
import type { RequestOutcome } from './enforcement.ts';
import { denied } from './errors.ts';
import { type RefusedTopic, withRefused } from './fetch-answer.ts';
import { FetchSession, type SessionStep, type SessionTopic } from './fetch-session.ts';
import { topicName } from './topic-ids.ts';
import type { TopicRef } from './topic-ref.ts';

const sessionsFrom = 7;
/** First version whose topics go by id. */
export const byIdFrom = 13;

/** What a fetch keeps for its answer. */
export interface FetchPending extends SessionStep {
  /** What was refused here and is put into the answer. */
  readonly refused: readonly RefusedTopic[];
  /**
   * The answer may go to the client as it is, also while it arrives: nothing is to be put into it, no topic that it can
   * hold (of the request, or of the whole session) has a mask, and it begins no session. Whoever passes it on so still
   * looks up the access to each topic in it, and hides endpoints.
   */
  readonly plain: boolean;
}

type Outcome = RequestOutcome<FetchRequest, FetchResponse, FetchPending>;

/**
 * A request that names all it wants: without a session (epoch -1), or to begin one (0). Either ends the session whose
 * id it bears; an id that is not this connection's is left out, since a broker would end that session, whosever it is.
 */
export function fullFetch(
  request: FetchRequest,
  version: number,
  byId: boolean,
  session: FetchSession | undefined,
  context: FrameContext,
): Outcome {
  const judge = new Judge(byId, context);
  const wanted = version >= sessionsFrom && request.sessionEpoch === 0 ? new FetchSession(byId) : undefined;
  const refused = new Map<string, TopicRef & { readonly error: number; readonly partitions: Set<number> }>();
  const topics = request.topics.filter((topic) => {
    const ref = { name: topic.topic, topicId: topic.topicId };
    const error = judge.errorOf(ref);
    if (wanted) wanted.put(topic).topic.upstream = error === 0;
    if (error === 0) return true;
    const key = byId ? topic.topicId : topic.topic;
    const entry = refused.get(key) ?? { ...ref, error, partitions: new Set<number>() };
    refused.set(key, entry);
    for (const { partition } of topic.partitions) entry.partitions.add(partition);
    return false;
  });
  const opens = topics.length === 0 || wanted?.tooLarge ? undefined : wanted;
  // A broker has one session for each connection here: a new one takes the place of the one before.
  const ended = session ?? (wanted ? context.connection.fetchSession : undefined);
  if (ended) context.connection.fetchSession = undefined;
  const answered = [...refused.values()].map((entry) => ({ ...entry, partitions: [...entry.partitions] }));
  if (topics.length === 0 && !ended) {
    return { kind: 'reply', response: withRefused(defaultFetchResponse, answered, byId) };
  }
  const plain = answered.length === 0 && !judge.masked && !opens;
  const pending: FetchPending = { refused: answered, plain, opens, continues: undefined };
  const sessionId = ended?.id ?? 0;
  const sessionEpoch = opens ? 0 : -1;
  const same = topics.length === request.topics.length && request.forgottenTopicsData.length === 0;
  if (same && sessionId === request.sessionId && sessionEpoch === request.sessionEpoch && ofClient(request)) {
    return { kind: 'forward', pending };
  }
  return {
    kind: 'send',
    request: { ...request, ...asClient, sessionId, sessionEpoch, topics, forgottenTopicsData: [] },
    pending,
  };
}

/**
 * A request that names what changes in its session. Every topic of the session is judged again: what lost its right is
 * forgotten at the broker, what got it is added there again as the client last asked for it. Undefined when the session
 * would be too large; it is given up then.
 */
export function incrementalFetch(
  request: FetchRequest,
  session: FetchSession,
  context: FrameContext,
): Outcome | undefined {
  const fresh = new Set<SessionTopic>();
  for (const topic of request.topics) {
    const put = session.put(topic);
    if (put.fresh) fresh.add(put.topic);
  }
  const forgotten = request.forgottenTopicsData.filter((topic) => session.find(topic)?.upstream);
  for (const topic of request.forgottenTopicsData) session.forget(topic);
  if (session.tooLarge) {
    context.connection.fetchSession = undefined;
    return undefined;
  }
  const judge = new Judge(session.byId, context);
  const refused: RefusedTopic[] = [];
  const added = new Map<SessionTopic, FetchRequestFetchTopic>();
  const dropped: FetchRequestForgottenTopic[] = [];
  for (const topic of session.topics.values()) {
    const { name, topicId, partitions } = topic;
    const error = judge.errorOf(topic);
    if (error === 0) {
      if (!topic.upstream && !fresh.has(topic)) {
        added.set(topic, { topic: name, topicId, partitions: [...partitions.values()] });
      }
      topic.upstream = true;
      continue;
    }
    refused.push({ name, topicId, partitions: [...partitions.keys()], error });
    if (topic.upstream) {
      dropped.push({ ...defaultFetchRequestForgottenTopic, topic: name, topicId, partitions: [...partitions.keys()] });
    }
    topic.upstream = false;
  }
  const changed = request.topics.filter((topic) => {
    const known = session.find(topic);
    return known?.upstream && !added.has(known);
  });
  const pending: FetchPending = {
    refused,
    plain: refused.length === 0 && !judge.masked,
    opens: undefined,
    continues: session,
  };
  const same =
    changed.length === request.topics.length &&
    forgotten.length === request.forgottenTopicsData.length &&
    added.size === 0 &&
    dropped.length === 0;
  if (same && ofClient(request)) return { kind: 'forward', pending };
  const topics = [...changed, ...added.values()];
  return {
    kind: 'send',
    request: { ...request, ...asClient, topics, forgottenTopicsData: [...forgotten, ...dropped] },
    pending,
  };
}

/** Judges topics of one fetch. */
class Judge {
  /** Some topic that may be read has a mask. */
  masked = false;
  readonly #byId: boolean;
  readonly #context: FrameContext;

  constructor(byId: boolean, context: FrameContext) {
    this.#byId = byId;
    this.#context = context;
  }

  /** 0 where the topic may be read, else what its partitions get. */
  errorOf(topic: TopicRef): number {
    const name = topicName(topic, this.#byId, this.#context);
    if (name === undefined) return KafkaError.unknownTopicId;
    const decision = this.#context.decide('consume', 'topic', name, denied.topic);
    if (decision.effect === 'deny') return denied.topic;
    this.masked ||= this.#context.maskers(decision, 'consume') !== undefined;
    return 0;
  }
}

const asClient = { replicaId: -1, replicaState: defaultFetchRequestReplicaState } as const;

/** Replicas of brokers name themselves, up to version 14 in a field, then in a tag; no client does. */
function ofClient({ replicaId, replicaState }: FetchRequest): boolean {
  const { replicaId: none, replicaEpoch } = defaultFetchRequestReplicaState;
  return replicaId === -1 && replicaState.replicaId === none && replicaState.replicaEpoch === replicaEpoch;
}
