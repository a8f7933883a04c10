import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import {
  type CreateTopicsRequest,
  type CreateTopicsResponse,
  defaultCreateTopicsResponse,
  defaultCreateTopicsResponseCreatableTopicResult,
} from '../wire/generated/create-topics.ts';
import {
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
  defaultDeleteTopicsResponse,
  defaultDeleteTopicsResponseDeletableTopicResult,
} from '../wire/generated/delete-topics.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';
import { namesNeeded } from './topic-ids.ts';
import { noTopicId } from './topic-ref.ts';

/** Create on every topic, else 29 there. The answer tells which name a new id has. */
export const createTopics = enforcement<CreateTopicsRequest, CreateTopicsResponse, CreateTopicsResponse['topics']>(
  apis.CreateTopics,
  {
    min: 2,
    max: 7,
    request(request, _version, context) {
      const refused: CreateTopicsResponse['topics'][number][] = [];
      const topics = request.topics.filter((topic) => {
        if (context.allows('create', 'topic', topic.name, denied.topic)) return true;
        refused.push({
          ...defaultCreateTopicsResponseCreatableTopicResult,
          name: topic.name,
          errorCode: denied.topic,
          errorMessage: 'Sluice: creating this topic is not allowed.',
          configs: null,
        });
        return false;
      });
      if (topics.length === 0) return { kind: 'reply', response: { ...defaultCreateTopicsResponse, topics: refused } };
      if (refused.length === 0) return { kind: 'forward', pending: refused };
      return { kind: 'send', request: { ...request, topics }, pending: refused };
    },
    response(response, _version, refused, context) {
      for (const { topicId, name } of response.topics) {
        if (topicId !== noTopicId) context.topicNames.learn(topicId, name);
      }
      if (refused.length === 0) return { kind: 'forward' };
      return { kind: 'send', response: { ...response, topics: [...response.topics, ...refused] } };
    },
  },
);

type Deleted = DeleteTopicsResponse['responses'][number];

/** First version whose topics go by name or by id. */
const byIdFrom = 6;

/**
 * Delete on every topic, else 29 there; by id a denied topic keeps its name to itself unless it may be described, and an
 * id that no topic has gets 100.
 */
export const deleteTopics = enforcement<DeleteTopicsRequest, DeleteTopicsResponse, readonly Deleted[]>(
  apis.DeleteTopics,
  {
    min: 1,
    max: 6,
    request(request, version, context) {
      const refused: Deleted[] = [];
      const mayDelete = (name: string): boolean => context.allows('delete', 'topic', name, denied.topic);
      const topicNames = request.topicNames.filter((name) => {
        if (mayDelete(name)) return true;
        refused.push({ ...refusal, name });
        return false;
      });
      if (
        version >= byIdFrom &&
        request.topics.some(({ name, topicId }) => (name === null) === (topicId === noTopicId))
      )
        return { kind: 'close', code: 'BadFrame', why: 'a topic has both name and id, or neither' };
      const need = namesNeeded(
        request.topics.map(({ topicId }) => topicId),
        context,
      );
      if (need) return need;
      const topics = request.topics.filter(({ name, topicId }) => {
        const known = name ?? context.topicNames.nameOf(topicId);
        if (known !== undefined && mayDelete(known)) return true;
        const errorCode = known === undefined ? KafkaError.unknownTopicId : denied.topic;
        const shown = known !== undefined && (name !== null || context.sees('describe', 'topic', known));
        refused.push({ ...refusal, name: shown ? known : null, topicId, errorCode });
        return false;
      });
      if (topicNames.length + topics.length === 0)
        return { kind: 'reply', response: { ...defaultDeleteTopicsResponse, responses: refused } };
      if (refused.length === 0) return { kind: 'forward', pending: refused };
      return { kind: 'send', request: { ...request, topicNames, topics }, pending: refused };
    },
    response(response, _version, refused) {
      if (refused.length === 0) return { kind: 'forward' };
      return { kind: 'send', response: { ...response, responses: [...response.responses, ...refused] } };
    },
  },
);

const refusal = { ...defaultDeleteTopicsResponseDeletableTopicResult, errorCode: denied.topic } as const;
