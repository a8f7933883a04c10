import { apis } from '../wire/generated/apis.ts';
import {
  defaultInitProducerIdResponse,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from '../wire/generated/init-producer-id.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

/**
 * Write on the transactional id, else 53. Without one (idempotence): Write on some topic of the cluster, else 31. A new
 * epoch ends the transaction of the one before. Two-phase commit (version 6, unstable) is not offered.
 */
export const initProducerId = enforcement<InitProducerIdRequest, InitProducerIdResponse, string | null>(
  apis.InitProducerId,
  {
    min: 0,
    max: 5,
    request({ transactionalId }, _version, context) {
      const allowed =
        transactionalId === null
          ? context.mayProduceSomewhere()
          : context.allows('produce', 'transactionalId', transactionalId, denied.transactionalId);
      if (allowed) return { kind: 'forward', pending: transactionalId };
      const errorCode = transactionalId === null ? denied.cluster : denied.transactionalId;
      if (transactionalId === null) {
        const what = { operation: 'produce', resource: 'cluster', code: 'NoTopicToWrite' } as const;
        context.events.push({ kind: 'deny', ...what, error: errorCode });
      }
      return {
        kind: 'reply',
        response: { ...defaultInitProducerIdResponse, errorCode, producerId: -1n, producerEpoch: -1 },
      };
    },
    response({ errorCode }, _version, transactionalId, context) {
      if (errorCode === 0 && transactionalId !== null) context.connection.transactions.ended(transactionalId);
      return { kind: 'forward' };
    },
  },
);
