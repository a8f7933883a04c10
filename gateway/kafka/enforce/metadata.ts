import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import {
  defaultMetadataResponse,
  defaultMetadataResponseMetadataResponseTopic,
  type MetadataRequest,
  type MetadataRequestMetadataRequestTopic,
  type MetadataResponse,
  type MetadataResponseMetadataResponseTopic,
} from '../wire/generated/metadata.ts';
import { rewriteEndpoint } from './addresses.ts';
import type { ClusterView, FrameContext } from './context.ts';
import { enforcement, type RequestOutcome } from './enforcement.ts';
import { denied, operationsNotTold } from './errors.ts';
import { namesNeeded, topicError } from './topic-ids.ts';
import { noTopicId } from './topic-ref.ts';

/** First version in which topics may be asked for by id. */
const byIdFrom = 12;

interface Pending {
  readonly refused: readonly Refused[];
  /** Topics were asked for by id: one that nobody has comes back without a name. */
  readonly byId: boolean;
  /** The client wanted missing topics to be made: those it may not make get 29 instead of "unknown". */
  readonly wantedCreation: boolean;
}

type Refused = Pick<MetadataResponseMetadataResponseTopic, 'name' | 'topicId' | 'errorCode'>;

/**
 * Listing everything shows what may be described; asking by name gets 29 for what may not, never "unknown"; asking by
 * id gets 29 without the name, or 100 where no topic has the id. A topic is never created through a Metadata request
 * unless all that it names may be created; versions before 4 cannot say that none is to be created. Broker addresses
 * are ours. Every answer tells which name an id has.
 */
export const metadata = enforcement<MetadataRequest, MetadataResponse, Pending>(apis.Metadata, {
  min: 4,
  max: 13,
  request(request, version, context) {
    const { topics } = request;
    if (topics === null && !context.access.hasRights())
      return { kind: 'reply', response: fromView(context.cluster, []) };
    if (topics === null) {
      return { kind: 'send', request: plain(request, false), pending: pendingOf([], false, false) };
    }
    const byId = version >= byIdFrom && topics.some(({ topicId }) => topicId !== noTopicId);
    return byId ? askById(request, topics, context) : askByName(request, topics, context);
  },
  response(response, _version, pending, context) {
    for (const { topicId, name } of response.topics) {
      if (name !== null && topicId !== noTopicId) context.topicNames.learn(topicId, name);
    }
    const topics = response.topics.flatMap((topic) => {
      if (topic.name === null) return pending.byId && topic.errorCode !== 0 ? [refusal(topic)] : [];
      return context.sees('describe', 'topic', topic.name) ? [shown(topic, topic.name, pending, context)] : [];
    });
    return {
      kind: 'send',
      response: {
        ...response,
        brokers: response.brokers.flatMap((broker) => rewriteEndpoint(broker, context.cluster)),
        clusterAuthorizedOperations: operationsNotTold,
        topics: [...topics, ...pending.refused.map(refusal)],
      },
    };
  },
});

type Asked = readonly MetadataRequestMetadataRequestTopic[];
type Outcome = RequestOutcome<MetadataRequest, MetadataResponse, Pending>;

function askByName(request: MetadataRequest, topics: Asked, context: FrameContext): Outcome {
  const refused: Refused[] = [];
  const kept: string[] = [];
  for (const { name } of topics) {
    if (name === null) return { kind: 'close', code: 'BadFrame', why: 'a topic has neither name nor id' };
    if (context.allows('describe', 'topic', name, denied.topic)) kept.push(name);
    else refused.push({ name, topicId: noTopicId, errorCode: denied.topic });
  }
  if (kept.length === 0) return { kind: 'reply', response: fromView(context.cluster, refused) };
  const wantedCreation = request.allowAutoTopicCreation;
  const mayCreate = wantedCreation && kept.every((name) => context.sees('create', 'topic', name));
  return {
    kind: 'send',
    request: { ...plain(request, mayCreate), topics: kept.map((name) => ({ name, topicId: noTopicId })) },
    pending: pendingOf(refused, false, wantedCreation),
  };
}

function askById(request: MetadataRequest, topics: Asked, context: FrameContext): Outcome {
  // A broker that sees one id overlooks every name.
  if (topics.some(({ topicId }) => topicId === noTopicId)) {
    return { kind: 'close', code: 'BadFrame', why: 'some topics are asked for by id and others by name' };
  }
  const need = namesNeeded(
    topics.map(({ topicId }) => topicId),
    context,
  );
  if (need) return need;
  const refused: Refused[] = [];
  const kept: string[] = [];
  for (const { topicId } of topics) {
    const errorCode = topicError('describe', { name: '', topicId }, true, context);
    if (errorCode === 0) kept.push(topicId);
    else refused.push({ name: null, topicId, errorCode });
  }
  if (kept.length === 0) return { kind: 'reply', response: fromView(context.cluster, refused) };
  return {
    kind: 'send',
    request: { ...plain(request, false), topics: kept.map((topicId) => ({ topicId, name: null })) },
    pending: pendingOf(refused, true, false),
  };
}

function pendingOf(refused: readonly Refused[], byId: boolean, wantedCreation: boolean): Pending {
  return { refused, byId, wantedCreation };
}

function plain(request: MetadataRequest, allowAutoTopicCreation: boolean): MetadataRequest {
  return {
    ...request,
    allowAutoTopicCreation,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  };
}

function shown(
  topic: MetadataResponseMetadataResponseTopic,
  name: string,
  pending: Pending,
  context: FrameContext,
): MetadataResponseMetadataResponseTopic {
  const missing = topic.errorCode === KafkaError.unknownTopicOrPartition && pending.wantedCreation;
  if (missing && !context.sees('create', 'topic', name)) {
    return refusal({ name, topicId: noTopicId, errorCode: denied.topic });
  }
  return { ...topic, topicAuthorizedOperations: operationsNotTold };
}

function refusal({ name, topicId, errorCode }: Refused): MetadataResponseMetadataResponseTopic {
  return { ...defaultMetadataResponseMetadataResponseTopic, errorCode, name, topicId };
}

/** An answer from what the gateway knows, without the broker. */
function fromView(cluster: ClusterView, refused: readonly Refused[]): MetadataResponse {
  return {
    ...defaultMetadataResponse,
    brokers: cluster.brokers(),
    clusterId: cluster.clusterId,
    controllerId: cluster.controllerId,
    topics: refused.map(refusal),
  };
}
