import type { PolicySet } from './documents.ts';
import type { AdmittedGrant, Tombstone } from './right.ts';

/** What the data path decides by: one admitted revision with the grants that are live or scheduled. Swapped whole. */
export interface Snapshot {
  /** Commit id of the revision whose rules these are. */
  readonly revision: string;
  /** Counts up with every swap of one gateway. */
  readonly generation: number;
  readonly policies: PolicySet;
  /** By uid. */
  readonly grants: ReadonlyMap<string, AdmittedGrant>;
  readonly tombstones: readonly Tombstone[];
}
