import type { Location } from '../errors/problem.ts';
import type { Operation, Pattern } from './resource.ts';

/**
 * A Grant that passed admission, as frozen then. The current snapshot can only narrow it: the effective right is
 * this ∩ what the named policy still allows, with the union of masks.
 */
export interface AdmittedGrant {
  readonly uid: string;
  /** `metadata.name` of the Grant document. */
  readonly name: string;
  readonly subject: string;
  readonly requestedBy: string;
  readonly policy: string;
  readonly cluster: string;
  /** Frozen streams with the patterns they had at admission, each already narrowed to the grant's own. */
  readonly streams: readonly FrozenStream[];
  readonly operations: readonly Operation[];
  /** Epoch ms: allowed from start (inclusive) to end (exclusive). */
  readonly start: number;
  readonly end: number;
  /** Epoch ms of the admission: a revocation of the subject seen at or after it ends the grant, a later start included. */
  readonly admittedAt: number;
  /** `maskPolicy/rule` ids that were lifted at admission. */
  readonly unmask: readonly string[];
  /** Names of mask policies/rules that stood at admission: one added later is never lifted. */
  readonly masksAtAdmission: readonly string[];
  /** SHA-256 (hex) of the subject's identity bindings at admission; another one now ends the grant. */
  readonly bindings: string;
  /**
   * It waits for its subject's first login, from this epoch ms on, and holds for `duration` ms from then. Until then
   * `start` and `end` both are when that may be at the latest.
   */
  readonly firstUse?: { readonly from: number; readonly duration: number };
  /** It is of a BreakGlass: nobody approved it before, it lifts no mask and is recorded `strict`. */
  readonly emergency?: true;
  /** Who signed, by Identity name. */
  readonly approvedBy: readonly string[];
  readonly commit: string;
  readonly at: Location;
}

export interface FrozenStream {
  readonly stream: string;
  readonly topics: readonly Pattern[];
  readonly groups: readonly Pattern[];
  readonly transactionalIds: readonly Pattern[];
}

/** A revocation as the gateway keeps it: it outlives the document and the history it came from. */
export interface Tombstone {
  readonly name: string;
  readonly target: { readonly grant: string } | { readonly subject: string };
  /** Epoch ms; undefined = until the owners lift it. Only for subjects. */
  readonly until: number | undefined;
  /** Epoch ms when the gateway first saw it: it ends every grant of its subject admitted before. */
  readonly seenAt: number;
  /** Owners ended it at `until`: nothing that others remember brings it back. */
  readonly lifted?: true;
}
