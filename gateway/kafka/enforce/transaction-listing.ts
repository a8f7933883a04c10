import { apis } from '../wire/generated/apis.ts';
import {
  type DescribeProducersRequest,
  type DescribeProducersResponse,
  defaultDescribeProducersResponse,
  defaultDescribeProducersResponsePartitionResponse,
} from '../wire/generated/describe-producers.ts';
import {
  type DescribeTransactionsRequest,
  type DescribeTransactionsResponse,
  defaultDescribeTransactionsResponse,
  defaultDescribeTransactionsResponseTransactionState,
} from '../wire/generated/describe-transactions.ts';
import {
  defaultListTransactionsResponse,
  type ListTransactionsRequest,
  type ListTransactionsResponse,
} from '../wire/generated/list-transactions.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

/** Only transactional ids that may be described; no error for the others. */
export const listTransactions = enforcement<ListTransactionsRequest, ListTransactionsResponse>(apis.ListTransactions, {
  min: 0,
  max: 2,
  request(_request, _version, context) {
    if (!context.access.hasRights()) return { kind: 'reply', response: defaultListTransactionsResponse };
    return { kind: 'forward', pending: undefined };
  },
  response(response, _version, _pending, context) {
    const transactionStates = response.transactionStates.filter(({ transactionalId }) =>
      context.sees('describe', 'transactionalId', transactionalId),
    );
    return { kind: 'send', response: { ...response, transactionStates } };
  },
});

/** Describe on every transactional id, else 53 there; topics that may not be described are left out. */
export const describeTransactions = enforcement<
  DescribeTransactionsRequest,
  DescribeTransactionsResponse,
  DescribeTransactionsResponse['transactionStates']
>(apis.DescribeTransactions, {
  min: 0,
  max: 0,
  request(request, _version, context) {
    const refused: DescribeTransactionsResponse['transactionStates'][number][] = [];
    const transactionalIds = request.transactionalIds.filter((transactionalId) => {
      if (context.allows('describe', 'transactionalId', transactionalId, denied.transactionalId)) return true;
      refused.push({
        ...defaultDescribeTransactionsResponseTransactionState,
        transactionalId,
        errorCode: denied.transactionalId,
      });
      return false;
    });
    if (transactionalIds.length === 0) {
      return { kind: 'reply', response: { ...defaultDescribeTransactionsResponse, transactionStates: refused } };
    }
    if (refused.length === 0) return { kind: 'forward', pending: refused };
    return { kind: 'send', request: { ...request, transactionalIds }, pending: refused };
  },
  response(response, _version, refused, context) {
    const states = response.transactionStates.map((state) => ({
      ...state,
      topics: state.topics.filter(({ topic }) => context.sees('describe', 'topic', topic)),
    }));
    return { kind: 'send', response: { ...response, transactionStates: [...states, ...refused] } };
  },
});

/** Read on every topic, else 29 for its partitions. */
export const describeProducers = enforcement<
  DescribeProducersRequest,
  DescribeProducersResponse,
  DescribeProducersResponse['topics']
>(apis.DescribeProducers, {
  min: 0,
  max: 0,
  request(request, _version, context) {
    const refused: DescribeProducersResponse['topics'][number][] = [];
    const topics = request.topics.filter(({ name, partitionIndexes }) => {
      if (context.allows('consume', 'topic', name, denied.topic)) return true;
      const partitions = partitionIndexes.map((partitionIndex) => ({
        ...defaultDescribeProducersResponsePartitionResponse,
        partitionIndex,
        errorCode: denied.topic,
      }));
      refused.push({ name, partitions });
      return false;
    });
    if (topics.length === 0) {
      return { kind: 'reply', response: { ...defaultDescribeProducersResponse, topics: refused } };
    }
    if (refused.length === 0) return { kind: 'forward', pending: refused };
    return { kind: 'send', request: { ...request, topics }, pending: refused };
  },
  response(response, _version, refused) {
    if (refused.length === 0) return { kind: 'forward' };
    return { kind: 'send', response: { ...response, topics: [...response.topics, ...refused] } };
  },
});
