import { apis } from '../wire/generated/apis.ts';
import {
  defaultInitProducerIdResponse,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from '../wire/generated/init-producer-id.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

/** Write on the transactional id, else 53. Without one (idempotence): Write on some topic of the cluster, else 31. */
export const initProducerId = enforcement<InitProducerIdRequest, InitProducerIdResponse>(apis.InitProducerId, {
  min: 0,
  max: 5,
  request(request, _version, context) {
    const { transactionalId } = request;
    if (transactionalId === null) {
      if (context.mayProduceSomewhere()) return { kind: 'forward', pending: undefined };
      return {
        kind: 'reply',
        response: { ...defaultInitProducerIdResponse, errorCode: denied.cluster, producerId: -1n, producerEpoch: -1 },
      };
    }
    if (context.allows('produce', 'transactionalId', transactionalId, denied.transactionalId)) {
      return { kind: 'forward', pending: undefined };
    }
    return {
      kind: 'reply',
      response: {
        ...defaultInitProducerIdResponse,
        errorCode: denied.transactionalId,
        producerId: -1n,
        producerEpoch: -1,
      },
    };
  },
});
