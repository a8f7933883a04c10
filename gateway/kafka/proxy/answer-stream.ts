import type { TopicEntry } from '../../../core/audit/event.ts';
import type { ResponseScan } from '../enforce/enforcement.ts';

type State = 'opening' | 'flowing' | 'closing' | 'last' | 'finished';

export interface AnswerStreamOptions {
  /** Reads the body and says what of it may go on. */
  readonly scan: ResponseScan;
  /** Bytes before the body. */
  readonly headerLength: number;
  readonly bodyLength: number;
  /** What is recorded has to be on the disk first: an opening before the first byte, the rest before the last one. */
  readonly strict: boolean;
  /** Takes a part for the client. */
  readonly write: (chunk: Buffer) => void;
  /** The body was read to its end. A strict stream then waits for `release`. */
  readonly onScanned: () => void;
}

/** One answer that goes to the client while it arrives (cut-through), so that memory does not grow with its size. */
export class AnswerStream {
  /** Bytes of the answer that were given to the client's socket. */
  sent = 0;
  readonly #options: AnswerStreamOptions;
  #state: State;
  #headerLeft: number;
  #bodyLeft: number;

  constructor(options: AnswerStreamOptions) {
    this.#options = options;
    this.#state = options.strict ? 'opening' : 'flowing';
    this.#headerLeft = options.headerLength;
    this.#bodyLeft = options.bodyLength;
  }

  /** Until a record is on the disk. */
  get waiting(): boolean {
    return this.#state === 'opening' || this.#state === 'closing';
  }

  /** What of it came, while it was not read to its end; undefined afterwards, when all of it is recorded. */
  get begun(): readonly TopicEntry[] | undefined {
    const { scan } = this.#options;
    return scan.done ? undefined : scan.begun();
  }

  get finished(): boolean {
    return this.#state === 'finished';
  }

  /** What it waited for is on the disk. */
  release(): void {
    if (this.#state === 'opening') this.#state = 'flowing';
    else if (this.#state === 'closing') this.#state = 'last';
  }

  /** Gives on what may go on; returns how many bytes of the view that were. The view begins where the last one ended. */
  take(view: Buffer): number {
    if (this.waiting || this.finished) return 0;
    if (this.#state === 'last') {
      this.#write(view.subarray(0, 1));
      this.#state = 'finished';
      return 1;
    }
    const { scan, strict, onScanned } = this.#options;
    const header = Math.min(this.#headerLeft, view.length);
    const understood = scan.scan(view.subarray(header, header + this.#bodyLeft));
    this.#headerLeft -= header;
    this.#bodyLeft -= understood;
    const used = header + understood - (scan.done && strict ? 1 : 0);
    this.#write(view.subarray(0, used));
    if (scan.done) {
      this.#state = strict ? 'closing' : 'finished';
      onScanned();
    }
    return used;
  }

  #write(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.sent += chunk.length;
    this.#options.write(chunk);
  }
}
