import { apis } from '../wire/generated/apis.ts';
import {
  defaultTxnOffsetCommitResponse,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitResponse,
} from '../wire/generated/txn-offset-commit.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';
import { namesNeeded, topicError } from './topic-ids.ts';

/** First version whose topics go by id. */
const byIdFrom = 6;
/** First version that may put the group into the transaction (KIP-890); before, AddOffsetsToTxn did. */
const addsOffsetsFrom = 5;

type Topics = TxnOffsetCommitResponse['topics'];

/**
 * Write on the transactional id, else 53 everywhere; Read on the group, else 30 everywhere; Read on every topic, else 29
 * there, or 100 for an id that no topic has.
 */
export const txnOffsetCommit = enforcement<TxnOffsetCommitRequest, TxnOffsetCommitResponse, Topics>(
  apis.TxnOffsetCommit,
  {
    min: 0,
    max: 6,
    request(request, version, context) {
      const { transactionalId, groupId } = request;
      const byId = version >= byIdFrom;
      const ids = request.topics.map(({ topicId }) => topicId);
      const need = byId ? namesNeeded(ids, context) : undefined;
      if (need) return need;
      const refuseAll = (errorCode: number) => ({
        kind: 'reply' as const,
        response: {
          ...defaultTxnOffsetCommitResponse,
          topics: request.topics.map((topic) => refusal(topic, errorCode)),
        },
      });
      if (!context.allows('produce', 'transactionalId', transactionalId, denied.transactionalId)) {
        return refuseAll(denied.transactionalId);
      }
      if (!context.allows('consume', 'group', groupId, denied.group)) return refuseAll(denied.group);
      const refused: Topics[number][] = [];
      const topics = request.topics.filter((topic) => {
        const error = topicError('consume', topic, byId, context);
        if (error !== 0) refused.push(refusal(topic, error));
        return error === 0;
      });
      if (topics.length === 0) {
        return { kind: 'reply', response: { ...defaultTxnOffsetCommitResponse, topics: refused } };
      }
      if (version >= addsOffsetsFrom) context.connection.transactions.begun(transactionalId, request);
      if (refused.length === 0) return { kind: 'forward', pending: refused };
      return { kind: 'send', request: { ...request, topics }, pending: refused };
    },
    response(response, _version, refused) {
      if (refused.length === 0) return { kind: 'forward' };
      return { kind: 'send', response: { ...response, topics: [...response.topics, ...refused] } };
    },
  },
);

function refusal(
  { name, topicId, partitions }: TxnOffsetCommitRequest['topics'][number],
  errorCode: number,
): Topics[number] {
  return { name, topicId, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })) };
}
