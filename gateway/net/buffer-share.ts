import type { BufferBudget, Claim } from './buffer-budget.ts';

export interface BufferShareOptions {
  readonly budget: BufferBudget;
  /** What it has without asking. */
  readonly own: number;
  /** More than this is had for one frame alone, by a claim. */
  readonly mostKept: number;
  /** There is memory for what had to wait. */
  readonly onGranted: () => void;
  readonly onOverdue: () => void;
}

/** One buffer's share of a budget: what it keeps from frame to frame, and a claim for a frame that is larger. */
export class BufferShare {
  readonly #options: BufferShareOptions;
  #kept: number;
  #claim: Claim | undefined;
  #waiting: Claim | undefined;

  constructor(options: BufferShareOptions) {
    this.#options = options;
    this.#kept = options.own;
  }

  /** What the buffer may be from frame to frame. */
  get kept(): number {
    return this.#kept;
  }

  /** What the buffer may be now. */
  get most(): number {
    return Math.max(this.#kept, this.#claim?.bytes ?? 0);
  }

  /** It waits for memory. */
  get waiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Whether the claim that it holds is of no use for a need of so many bytes. */
  outlived(needed: number): boolean {
    return this.#claim !== undefined && (needed <= this.#kept || needed > this.#claim.bytes);
  }

  /** May the buffer grow to this? Memory for a whole frame is claimed at once, so that none waits with a part of it. */
  afford(bytes: number): boolean {
    if (bytes <= this.most || this.keep(bytes)) return true;
    const claim: Claim = {
      bytes,
      granted: () => {
        this.#waiting = undefined;
        this.#claim = claim;
        this.#options.onGranted();
      },
      overdue: () => this.#options.onOverdue(),
    };
    const granted = this.#options.budget.claim(claim);
    if (granted) this.#claim = claim;
    else this.#waiting = claim;
    return granted;
  }

  /** Has this much from now on, from frame to frame, if it can be had. */
  keep(bytes: number): boolean {
    const { budget, mostKept } = this.#options;
    const more = bytes - this.#kept;
    if (more > 0 && (bytes > mostKept || !budget.tryTake(more))) return false;
    this.#kept = bytes;
    if (more < 0) budget.give(-more);
    return true;
  }

  /** Keeps no more than its own. */
  shrink(): void {
    this.keep(this.#options.own);
  }

  /** The frame is used, or will never be: ends what was claimed for it. */
  release(): void {
    const claim = this.#claim;
    const waiting = this.#waiting;
    this.#claim = undefined;
    this.#waiting = undefined;
    if (claim) this.#options.budget.release(claim);
    if (waiting) this.#options.budget.release(waiting);
  }
}
