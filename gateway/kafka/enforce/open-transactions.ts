import type { ProducerEpoch } from './batch-summary.ts';

/** Most that are kept for a connection; a client has one for each of its producers. */
const mostOpen = 1_000;

/** A transaction that somebody has to end: by the producer and the epoch that its client used last. */
export interface OpenTransaction extends ProducerEpoch {
  readonly transactionalId: string;
}

/**
 * Transactions that were begun on one client connection and not ended on it. A client ends them at their coordinator,
 * which may be another connection, so one that is told here may be over. Only requests that begin one themselves count,
 * therefore: at the coordinator, or with an epoch that goes up with each transaction, so that its next is another one.
 */
export class OpenTransactions {
  readonly #open = new Map<string, OpenTransaction>();

  /** A frame that goes on puts something into the transaction. */
  begun(transactionalId: string, { producerId, producerEpoch }: ProducerEpoch): void {
    this.#open.delete(transactionalId); // the one that was used last stands last
    this.#open.set(transactionalId, { transactionalId, producerId, producerEpoch });
    if (this.#open.size > mostOpen) this.#open.delete(this.#open.keys().next().value ?? '');
  }

  /** A broker says that none is open any more. */
  ended(transactionalId: string): void {
    this.#open.delete(transactionalId);
  }

  /** Takes out those that `which` names. */
  take(which: (transactionalId: string) => boolean): OpenTransaction[] {
    const taken = [...this.#open.values()].filter(({ transactionalId }) => which(transactionalId));
    for (const { transactionalId } of taken) this.#open.delete(transactionalId);
    return taken;
  }
}
