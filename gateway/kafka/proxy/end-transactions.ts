import type { CleanupEvent } from '../../../core/audit/event.ts';
import { type Clock, sleep } from '../../../core/clock/clock.ts';
import { SluiceError } from '../../../core/errors/sluice-error.ts';
import type { BrokerFeatures } from '../enforce/context.ts';
import type { OpenTransaction } from '../enforce/open-transactions.ts';
import { transactionIsOver } from '../enforce/transaction-end.ts';
import type { BrokerConnection } from '../upstream/broker-connection.ts';
import { isTransient, KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import { defaultEndTxnRequest } from '../wire/generated/end-txn.ts';
import { defaultFindCoordinatorRequest } from '../wire/generated/find-coordinator.ts';

/** A version that every supported broker has (3.9 to 4.4); one key in a request. */
const findVersion = 3;
const transactionKey = 1;
const tries = 10;
const pauseMs = 50;

/** What ending transactions needs of its surroundings. */
export interface TransactionBrokers {
  readonly clock: Clock;
  readonly features: BrokerFeatures | undefined;
  /** A connection to a broker; undefined: to that which the client was connected to. */
  connect(nodeId: number | undefined): Promise<BrokerConnection>;
}

/**
 * Aborts, never commits, what a client that was cut had open, so that readers need not wait for its timeout. In the
 * second transaction protocol the abort raises the producer's epoch: whatever the client still does under the old one is
 * refused. Never rejects; tells the audit log of every transaction that was open, or may be.
 */
export async function endTransactions(
  brokers: TransactionBrokers,
  transactions: readonly OpenTransaction[],
  audit: (event: CleanupEvent) => void,
): Promise<void> {
  const connections = new Map<number | undefined, BrokerConnection>();
  const connectionTo = async (nodeId?: number): Promise<BrokerConnection> => {
    const connection = connections.get(nodeId) ?? (await brokers.connect(nodeId));
    connections.set(nodeId, connection);
    return connection;
  };
  for (const transaction of transactions) {
    let code: string | undefined;
    try {
      const errorCode = await abort(transaction, brokers, connectionTo);
      if (errorCode !== 0 && transactionIsOver(errorCode)) continue; // its client had ended it elsewhere
      if (errorCode !== 0) code = 'BrokerRefused';
    } catch (error) {
      code = error instanceof SluiceError ? error.code : 'Bug';
    }
    const outcome = { ok: code === undefined, ...(code === undefined ? {} : { code }) };
    audit({ kind: 'cleanup', what: 'end_txn', name: transaction.transactionalId, ...outcome });
  }
  for (const connection of connections.values()) connection.close();
}

/** Kafka's error code for it. Coordinators move, and are busy with the client's own last word. */
async function abort(
  { transactionalId, producerId, producerEpoch }: OpenTransaction,
  { clock, features }: TransactionBrokers,
  connectionTo: (nodeId?: number) => Promise<BrokerConnection>,
): Promise<number> {
  for (let left = tries; ; left--) {
    const any = await connectionTo();
    const found = await any.request(apis.FindCoordinator, findVersion, {
      ...defaultFindCoordinatorRequest,
      key: transactionalId,
      keyType: transactionKey,
    });
    let { errorCode } = found;
    if (errorCode === 0) {
      const coordinator = await connectionTo(found.nodeId);
      const request = { ...defaultEndTxnRequest, transactionalId, producerId, producerEpoch, committed: false };
      ({ errorCode } = await coordinator.request(apis.EndTxn, endTxnVersion(features), request));
    }
    if (left <= 1 || !(isTransient(errorCode) || errorCode === KafkaError.concurrentTransactions)) return errorCode;
    await sleep(clock, pauseMs);
  }
}

/** From version 5 on EndTxn belongs to the second transaction protocol. */
function endTxnVersion(features: BrokerFeatures | undefined): number {
  const level = features?.finalized.find(({ name }) => name === 'transaction.version')?.maxVersionLevel ?? 0;
  const most = features?.versions.get(apis.EndTxn.key)?.max ?? 0;
  return level >= 2 && most >= 5 ? 5 : Math.min(3, most);
}

/** Transactions that are being ended, so that connections that are cut together do not all end the same one. */
export class TransactionEnds {
  readonly #ending = new Set<string>();

  /** Those of a session that nobody ends yet; `done` is to be called for them. */
  claim(session: string, transactions: readonly OpenTransaction[]): { mine: OpenTransaction[]; done: () => void } {
    const keyOf = ({ transactionalId, producerId, producerEpoch }: OpenTransaction): string =>
      JSON.stringify([session, transactionalId, String(producerId), producerEpoch]);
    const mine = transactions.filter((transaction) => !this.#ending.has(keyOf(transaction)));
    for (const transaction of mine) this.#ending.add(keyOf(transaction));
    const done = (): void => {
      for (const transaction of mine) this.#ending.delete(keyOf(transaction));
    };
    return { mine, done };
  }
}
