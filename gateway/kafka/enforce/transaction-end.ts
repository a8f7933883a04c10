import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import { defaultEndTxnResponse, type EndTxnRequest, type EndTxnResponse } from '../wire/generated/end-txn.ts';
import { enforcement } from './enforcement.ts';
import { denied } from './errors.ts';

/** After these nothing is open under the producer's epoch. */
const over: ReadonlySet<number> = new Set([
  KafkaError.none,
  KafkaError.invalidProducerEpoch,
  KafkaError.invalidTxnState,
  KafkaError.invalidProducerIdMapping,
  KafkaError.producerFenced,
]);

/** Whether a broker's answer to EndTxn says that nothing is left to be ended. */
export function transactionIsOver(errorCode: number): boolean {
  return over.has(errorCode);
}

/** Write on the transactional id, else 53; to commit as to abort. */
export const endTxn = enforcement<EndTxnRequest, EndTxnResponse, string>(apis.EndTxn, {
  min: 0,
  max: 5,
  request({ transactionalId }, _version, context) {
    if (context.allows('produce', 'transactionalId', transactionalId, denied.transactionalId)) {
      return { kind: 'forward', pending: transactionalId };
    }
    return { kind: 'reply', response: { ...defaultEndTxnResponse, errorCode: denied.transactionalId } };
  },
  response({ errorCode }, _version, transactionalId, context) {
    if (transactionIsOver(errorCode)) context.connection.transactions.ended(transactionalId);
    return { kind: 'forward' };
  },
});
