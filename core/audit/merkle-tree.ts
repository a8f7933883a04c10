import { hash } from 'node:crypto';
import { InputError } from '../errors/sluice-error.ts';
import { isHash } from './chain.ts';

/**
 * An RFC 6962 Merkle tree that only grows, held as its frontier: the roots of its full subtrees, largest first, one
 * for each 1 bit of its size. Hashes are hex.
 */
export class MerkleTree {
  #size: number;
  readonly #frontier: string[];

  constructor(size = 0, frontier: readonly string[] = []) {
    if (!Number.isSafeInteger(size) || size < 0 || frontier.length !== ones(size) || !frontier.every(isHash)) {
      throw new InputError('RecordingDamaged', 'the frontier of a checkpoint does not fit its size');
    }
    this.#size = size;
    this.#frontier = [...frontier];
  }

  get size(): number {
    return this.#size;
  }

  get frontier(): readonly string[] {
    return [...this.#frontier];
  }

  add(leaf: string): void {
    let node = leaf;
    for (let n = this.#size; n % 2 === 1; n = (n - 1) / 2) node = parent(this.#frontier.pop() as string, node);
    this.#frontier.push(node);
    this.#size++;
  }

  /** Root over all leaves so far; of no leaves, SHA-256 of nothing. */
  root(): string {
    let node = this.#frontier.at(-1);
    if (node === undefined) return hash('sha256', '', 'hex');
    for (let i = this.#frontier.length - 2; i >= 0; i--) node = parent(this.#frontier[i] as string, node);
    return node;
  }
}

const pair = Buffer.alloc(65);
pair[0] = 1;

function parent(left: string, right: string): string {
  pair.write(left, 1, 'hex');
  pair.write(right, 33, 'hex');
  return hash('sha256', pair, 'hex');
}

function ones(size: number): number {
  let count = 0;
  for (let n = size; n > 0; n = Math.floor(n / 2)) count += n % 2;
  return count;
}
