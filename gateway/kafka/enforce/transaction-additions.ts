import { KafkaError } from '../wire/error-codes.ts';
import {
  type AddOffsetsToTxnRequest,
  type AddOffsetsToTxnResponse,
  defaultAddOffsetsToTxnResponse,
} from '../wire/generated/add-offsets-to-txn.ts';
import {
  type AddPartitionsToTxnRequest,
  type AddPartitionsToTxnResponse,
  defaultAddPartitionsToTxnResponse,
} from '../wire/generated/add-partitions-to-txn.ts';
import { apis } from '../wire/generated/apis.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

/**
 * Write on the transactional id, else 53 everywhere, and on every topic: one that is denied gets 29 and keeps the others
 * from being added, which get 55. Version 4 and later are for brokers among themselves.
 */
export const addPartitionsToTxn = enforcement<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>(
  apis.AddPartitionsToTxn,
  {
    min: 0,
    max: 3,
    request(request, _version, context) {
      const { v3AndBelowTransactionalId: transactionalId, v3AndBelowTopics: topics } = request;
      const answer = (codeOf: (name: string) => number) => ({
        kind: 'reply' as const,
        response: {
          ...defaultAddPartitionsToTxnResponse,
          resultsByTopicV3AndBelow: topics.map(({ name, partitions }) => ({
            name,
            resultsByPartition: partitions.map((partitionIndex) => ({
              partitionIndex,
              partitionErrorCode: codeOf(name),
            })),
          })),
        },
      });
      if (!context.allows('produce', 'transactionalId', transactionalId, denied.transactionalId)) {
        return answer(() => denied.transactionalId);
      }
      const refused = topics.filter(({ name }) => !context.allows('produce', 'topic', name, denied.topic));
      if (refused.length > 0) {
        const names = new Set(refused.map(({ name }) => name));
        return answer((name) => (names.has(name) ? denied.topic : KafkaError.operationNotAttempted));
      }
      context.connection.transactions.begun(transactionalId, {
        producerId: request.v3AndBelowProducerId,
        producerEpoch: request.v3AndBelowProducerEpoch,
      });
      return { kind: 'forward', pending: undefined };
    },
  },
);

/** Write on the transactional id, else 53, and Read on the group whose offsets are to be committed, else 30. */
export const addOffsetsToTxn = enforcement<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>(apis.AddOffsetsToTxn, {
  min: 0,
  max: 4,
  request(request, _version, context) {
    const { transactionalId, groupId } = request;
    const refuse = (errorCode: number) => ({
      kind: 'reply' as const,
      response: { ...defaultAddOffsetsToTxnResponse, errorCode },
    });
    if (!context.allows('produce', 'transactionalId', transactionalId, denied.transactionalId)) {
      return refuse(denied.transactionalId);
    }
    if (!context.allows('consume', 'group', groupId, denied.group)) return refuse(denied.group);
    context.connection.transactions.begun(transactionalId, request);
    return { kind: 'forward', pending: undefined };
  },
});
