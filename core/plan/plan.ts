import type { Kind } from '../model/documents.ts';
import type { Operation, ResourceKind } from '../model/resource.ts';

/** How somebody comes to a right: it stands, it can be asked for, a grant gives it, or it can be had in an emergency. */
export type How = 'standing' | 'request' | 'grant' | 'breakGlass';

/** What a token has to say for its bearer to be a member of a Group by claim. */
export interface Claim {
  readonly issuer: string;
  readonly claim: string;
  readonly value: string;
}

/** Names on one cluster that belong to the same streams. */
export interface Region {
  readonly kind: ResourceKind;
  readonly cluster: string;
  /** Streams that all of the names belong to, on the side that has more; sorted. */
  readonly streams: readonly string[];
  /** `name`, or `start*` without what other entries of the policy repo name more exactly; `<subject>` is the Identity's name. */
  readonly names: readonly string[];
}

/** A document that makes the difference. */
export interface Cause {
  readonly kind: Kind;
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Fields that differ, when it was changed. */
  readonly fields: readonly string[];
  readonly file: string;
  readonly line: number;
}

/** What it is that widens or narrows. `mask` is followed by what is no longer hidden as well as it was. */
export type Aspect = 'access' | 'recording' | `mask ${string}`;

/** The rights of some Identities on some names, before and after. */
export interface AccessChange {
  readonly what: 'access';
  readonly how: How;
  readonly aspects: readonly Aspect[];
  /** Names of Identities, sorted. */
  readonly principals: readonly string[];
  /** Only with a token that says all of this. */
  readonly claims: readonly Claim[];
  readonly operations: readonly Operation[];
  readonly regions: readonly Region[];
  /** Words for a person. */
  readonly before: string;
  readonly after: string;
  readonly causes: readonly Cause[];
}

/** Something about one Identity, or about the whole repo, that is no right on a stream. */
export interface SettingChange {
  readonly what: 'identity' | 'repo';
  /** Names of Identities that it is about; none for the repo. */
  readonly principals: readonly string[];
  readonly before: string;
  readonly after: string;
  readonly causes: readonly Cause[];
}

export type PlanChange = AccessChange | SettingChange;

/** Hours of potential access in 30 days, summed over principals, streams and operations. */
export interface AccessHours {
  readonly before: number;
  readonly after: number;
}

/** A limit that the change goes beyond, in a sentence. */
export interface TrippedLimit {
  readonly limit: 'widenPrincipalsPercent' | 'masks' | 'approvers';
  readonly message: string;
}

/** What a change of the policy repo comes to. */
export interface Plan {
  readonly widens: readonly PlanChange[];
  readonly narrows: readonly PlanChange[];
  readonly hours: AccessHours;
  /** Identities of the head, and how many of them some rule (not a grant) gives more. */
  readonly principals: { readonly widened: number; readonly all: number };
  readonly limits: readonly TrippedLimit[];
  /** `sha256:` and hex, over what widens by the rules alone: what `acknowledge` names. */
  readonly digest: string;
}
