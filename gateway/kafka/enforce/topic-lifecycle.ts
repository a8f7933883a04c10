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

/** Create on every topic, else 29 there. */
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
    response(response, _version, refused) {
      if (refused.length === 0) return { kind: 'forward' };
      return { kind: 'send', response: { ...response, topics: [...response.topics, ...refused] } };
    },
  },
);

/** Delete on every topic, else 29 there. Up to version 5, where topics go by name. */
export const deleteTopics = enforcement<DeleteTopicsRequest, DeleteTopicsResponse, DeleteTopicsResponse['responses']>(
  apis.DeleteTopics,
  {
    min: 1,
    max: 5,
    request(request, _version, context) {
      const refused: DeleteTopicsResponse['responses'][number][] = [];
      const topicNames = request.topicNames.filter((name) => {
        if (context.allows('delete', 'topic', name, denied.topic)) return true;
        refused.push({ ...defaultDeleteTopicsResponseDeletableTopicResult, name, errorCode: denied.topic });
        return false;
      });
      if (topicNames.length === 0)
        return { kind: 'reply', response: { ...defaultDeleteTopicsResponse, responses: refused } };
      if (refused.length === 0) return { kind: 'forward', pending: refused };
      return { kind: 'send', request: { ...request, topicNames }, pending: refused };
    },
    response(response, _version, refused) {
      if (refused.length === 0) return { kind: 'forward' };
      return { kind: 'send', response: { ...response, responses: [...response.responses, ...refused] } };
    },
  },
);
