import type { Snapshot } from '../../core/model/snapshot.ts';

export type SnapshotListener = (next: Snapshot, before: Snapshot | undefined) => void;

/** The live snapshot: one reference, swapped whole. Readers take it once per frame; subscribers hear of every swap. */
export class SnapshotStore {
  #current: Snapshot | undefined;
  readonly #listeners = new Set<SnapshotListener>();

  /** undefined until the first revision was admitted: then everything is denied. */
  get current(): Snapshot | undefined {
    return this.#current;
  }

  /** Puts a new snapshot in place and tells subscribers, in order of subscription, before it returns. */
  swap(next: Snapshot): void {
    const before = this.#current;
    this.#current = next;
    for (const listener of this.#listeners) listener(next, before);
  }

  subscribe(listener: SnapshotListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
