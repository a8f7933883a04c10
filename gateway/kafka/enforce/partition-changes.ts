import { apis } from '../wire/generated/apis.ts';
import {
  type CreatePartitionsRequest,
  type CreatePartitionsResponse,
  defaultCreatePartitionsResponse,
} from '../wire/generated/create-partitions.ts';
import {
  type DeleteRecordsRequest,
  type DeleteRecordsResponse,
  defaultDeleteRecordsResponse,
} from '../wire/generated/delete-records.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

/** Alter on every topic, else 29 there. */
export const createPartitions = enforcement<
  CreatePartitionsRequest,
  CreatePartitionsResponse,
  CreatePartitionsResponse['results']
>(apis.CreatePartitions, {
  min: 0,
  max: 3,
  request(request, _version, context) {
    const refused: CreatePartitionsResponse['results'][number][] = [];
    const topics = request.topics.filter(({ name }) => {
      if (context.allows('alter', 'topic', name, denied.topic)) return true;
      const errorMessage = 'Sluice: adding partitions to this topic is not allowed.';
      refused.push({ name, errorCode: denied.topic, errorMessage });
      return false;
    });
    if (topics.length === 0)
      return { kind: 'reply', response: { ...defaultCreatePartitionsResponse, results: refused } };
    if (refused.length === 0) return { kind: 'forward', pending: refused };
    return { kind: 'send', request: { ...request, topics }, pending: refused };
  },
  response(response, _version, refused) {
    if (refused.length === 0) return { kind: 'forward' };
    return { kind: 'send', response: { ...response, results: [...response.results, ...refused] } };
  },
});

/** Delete on every topic, else 29 there. */
export const deleteRecords = enforcement<DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsResponse['topics']>(
  apis.DeleteRecords,
  {
    min: 0,
    max: 2,
    request(request, _version, context) {
      const refused: DeleteRecordsResponse['topics'][number][] = [];
      const topics = request.topics.filter(({ name, partitions }) => {
        if (context.allows('delete', 'topic', name, denied.topic)) return true;
        const refusal = { lowWatermark: -1n, errorCode: denied.topic };
        refused.push({ name, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...refusal })) });
        return false;
      });
      if (topics.length === 0) return { kind: 'reply', response: { ...defaultDeleteRecordsResponse, topics: refused } };
      if (refused.length === 0) return { kind: 'forward', pending: refused };
      return { kind: 'send', request: { ...request, topics }, pending: refused };
    },
    response(response, _version, refused) {
      if (refused.length === 0) return { kind: 'forward' };
      return { kind: 'send', response: { ...response, topics: [...response.topics, ...refused] } };
    },
  },
);
