import type { Touch } from '../enforce/context.ts';
import type { Enforcement } from '../enforce/enforcement.ts';

/** A request whose answer has not been handed to the client's socket yet. */
export interface InFlightEntry {
  readonly correlationId: number;
  readonly version: number;
  readonly enforcement: Enforcement | undefined;
  readonly clientId: string;
  /** What the enforcement keeps for its answer. */
  readonly pending: unknown;
  /** What was allowed for it: looked at again when access changes. */
  touches: readonly Touch[];
  /** What the request's decisions said, for what is recorded about its answer. */
  readonly strict: boolean;
  readonly grant: string | undefined;
  readonly policy: string | undefined;
  /** The answer, ready to be sent in its turn; undefined while the broker, or the recorder, has it. */
  answer: readonly Uint8Array[] | undefined;
  /** Answered by the broker (else here). */
  readonly upstream: boolean;
  /** The broker's answer has arrived. */
  arrived: boolean;
  /** The answer lies in the broker's buffer, which is not read into until it went out. */
  held: boolean;
  /** Spare memory that the answer lies in. */
  borrowed: readonly Buffer[] | undefined;
}

/** An answer that was made here. */
export function localAnswer(correlationId: number, answer: readonly Uint8Array[]): InFlightEntry {
  return {
    correlationId,
    version: 0,
    enforcement: undefined,
    clientId: '',
    pending: undefined,
    touches: [],
    strict: false,
    grant: undefined,
    policy: undefined,
    answer,
    upstream: false,
    arrived: true,
    held: false,
    borrowed: undefined,
  };
}

/**
 * Requests in the order in which clients must get their answers (Kafka answers in request order; correlation ids may
 * repeat and are no key). Local answers wait behind those that the broker still owes.
 */
export class InFlight {
  readonly #limit: number;
  readonly #entries: InFlightEntry[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get full(): boolean {
    return this.#entries.length >= this.#limit;
  }

  get size(): number {
    return this.#entries.length;
  }

  [Symbol.iterator](): Iterator<InFlightEntry> {
    return this.#entries[Symbol.iterator]();
  }

  push(entry: InFlightEntry): void {
    this.#entries.push(entry);
  }

  /** The entry that the broker's next answer belongs to. */
  nextFromBroker(): InFlightEntry | undefined {
    const first = this.#entries[0];
    if (first?.upstream && !first.arrived) return first;
    return this.#entries.find((entry) => entry.upstream && !entry.arrived);
  }

  /** Whether an entry is the next one to be handed out. */
  isFirst(entry: InFlightEntry): boolean {
    return this.#entries[0] === entry;
  }

  /** Takes the first entry off, whose answer went out already. */
  shift(): void {
    this.#entries.shift();
  }

  /** Takes the first entry off when its answer is ready. */
  shiftReady(): InFlightEntry | undefined {
    return this.#entries[0]?.answer ? this.#entries.shift() : undefined;
  }
}
