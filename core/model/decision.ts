import type { Location } from '../errors/problem.ts';
import type { Durability, MaskPolicy } from './documents.ts';

/** The document that decided, where it stands. */
export interface RuleRef {
  readonly kind: 'AccessPolicy' | 'Grant' | 'Revocation' | 'default';
  readonly name: string;
  readonly at: Location | undefined;
}

/** Mask rules that apply to an allowed read or write: the policy less the rules that a live grant lifts. */
export interface AppliedMask {
  readonly policy: MaskPolicy;
  /** Names of rules that are lifted; the others apply. */
  readonly lifted: readonly string[];
}

export interface Allow {
  readonly effect: 'allow';
  readonly rule: RuleRef;
  /** uid of the grant, when a grant allows it. */
  readonly grant: string | undefined;
  readonly policy: string;
  /** Streams the resource belongs to. */
  readonly streams: readonly string[];
  /** First epoch ms at which this answer may be another one; undefined = never by time alone. */
  readonly until: number | undefined;
  readonly masks: readonly AppliedMask[];
  readonly durability: Durability;
  /** The answer is for this source address alone: a rule that was looked at reads it. */
  readonly readsSource: boolean;
}

export type DenyCode =
  | 'NoRule'
  | 'UnknownResource'
  | 'ExplicitDeny'
  | 'Revoked'
  | 'OutsideHours'
  /** A policy would allow it, but its `when` is not met. */
  | 'ConditionNotMet'
  | 'GrantExpired'
  | 'GrantNotStarted'
  | 'UnknownSubject'
  /** The policy repo could not be read for too long: gateway/session says it, never `decide`. */
  | 'Stale';

export interface NearestMiss {
  /** The onRequest policy that would allow it. */
  readonly policy: string;
  readonly at: Location;
  /** The command that asks. */
  readonly command: string;
}

export interface Deny {
  readonly effect: 'deny';
  readonly code: DenyCode;
  /** One sentence for a person. */
  readonly message: string;
  readonly rule: RuleRef;
  readonly until: number | undefined;
  readonly nearestMiss: NearestMiss | undefined;
  readonly readsSource: boolean;
}

export type Decision = Allow | Deny;
