import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import {
  defaultMetadataResponse,
  defaultMetadataResponseMetadataResponseTopic,
  type MetadataRequest,
  type MetadataResponse,
  type MetadataResponseMetadataResponseTopic,
} from '../wire/generated/metadata.ts';
import { rewriteEndpoint } from './addresses.ts';
import type { ClusterView, FrameContext } from './context.ts';
import { enforcement } from './enforcement.ts';
import { denied, operationsNotTold } from './errors.ts';

interface Pending {
  readonly refused: readonly string[];
  /** The client wanted missing topics to be made: those it may not make get 29 instead of "unknown". */
  readonly wantedCreation: boolean;
}

/**
 * Listing everything shows what may be described; asking by name gets 29 for what may not, never "unknown". A topic is
 * never created through a Metadata request unless all that it names may be created; versions before 4 cannot say that
 * none is to be created. Broker addresses are ours.
 */
export const metadata = enforcement<MetadataRequest, MetadataResponse, Pending>(apis.Metadata, {
  min: 4,
  max: 11,
  request(request, _version, context) {
    const { topics } = request;
    const wantedCreation = request.allowAutoTopicCreation;
    if (topics === null && !context.access.hasRights())
      return { kind: 'reply', response: fromView(context.cluster, []) };
    if (topics === null)
      return { kind: 'send', request: plain(request, false), pending: { refused: [], wantedCreation: false } };
    const refused: string[] = [];
    const kept = topics.filter((topic) => {
      if (topic.name === null) return false; // by id: version 12 and later only
      if (context.allows('describe', 'topic', topic.name, denied.topic)) return true;
      refused.push(topic.name);
      return false;
    });
    if (kept.length === 0) return { kind: 'reply', response: fromView(context.cluster, refused) };
    const mayCreate = kept.every((topic) => context.sees('create', 'topic', topic.name ?? ''));
    return {
      kind: 'send',
      request: { ...plain(request, wantedCreation && mayCreate), topics: kept },
      pending: { refused, wantedCreation },
    };
  },
  response(response, _version, pending, context) {
    const topics = response.topics.filter(
      (topic) => topic.name !== null && context.sees('describe', 'topic', topic.name),
    );
    return {
      kind: 'send',
      response: {
        ...response,
        brokers: response.brokers.flatMap((broker) => rewriteEndpoint(broker, context.cluster)),
        clusterAuthorizedOperations: operationsNotTold,
        topics: [...topics.map((topic) => shown(topic, pending, context)), ...pending.refused.map(refusal)],
      },
    };
  },
});

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
  pending: Pending,
  context: FrameContext,
): MetadataResponseMetadataResponseTopic {
  const missing = topic.errorCode === KafkaError.unknownTopicOrPartition && pending.wantedCreation;
  if (missing && !context.sees('create', 'topic', topic.name ?? '')) return refusal(topic.name ?? '');
  return { ...topic, topicAuthorizedOperations: operationsNotTold };
}

function refusal(name: string): MetadataResponseMetadataResponseTopic {
  return { ...defaultMetadataResponseMetadataResponseTopic, errorCode: denied.topic, name };
}

/** An answer from what the gateway knows, without the broker. */
function fromView(cluster: ClusterView, refused: readonly string[]): MetadataResponse {
  return {
    ...defaultMetadataResponse,
    brokers: cluster.brokers(),
    clusterId: cluster.clusterId,
    controllerId: cluster.controllerId,
    topics: refused.map(refusal),
  };
}
