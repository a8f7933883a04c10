import type { Location } from '../errors/problem.ts';
import type { DenyCode } from './decision.ts';
import type { Grant, Named } from './documents.ts';
import type { ClaimValue } from './principal.ts';
import type { Operation, Resource } from './resource.ts';

/** A grant that a test takes as admitted, from `start` to `end` (epoch ms). */
export interface GivenGrant {
  readonly grant: Grant;
  readonly start: number;
  readonly end: number;
}

/** One assertion: every resource has to be decided so. What is undefined is not looked at. */
export interface Expectation {
  readonly operation: Operation;
  readonly resources: readonly Resource[];
  readonly effect: 'allow' | 'deny';
  /** `maskPolicy/rule` ids, sorted. */
  readonly masks: readonly string[] | undefined;
  readonly until: number | 'never' | undefined;
  readonly rule: string | undefined;
  readonly code: DenyCode | undefined;
  /** Where each field stands in the text. */
  readonly places: Readonly<Record<ExpectedField, Location>>;
}

export const expectedFields = ['effect', 'masks', 'until', 'rule', 'code'] as const;
export type ExpectedField = (typeof expectedFields)[number];

/** What the rules have to say to one principal. No part of a PolicySet: nothing is decided by it. */
export interface PolicyTest extends Named {
  readonly principal: string | undefined;
  readonly claims: Readonly<Record<string, ClaimValue>>;
  readonly source: string | undefined;
  /** When it is asked, epoch ms. */
  readonly now: number;
  readonly grants: readonly GivenGrant[];
  /** Names of Revocations that were seen. */
  readonly revocations: readonly string[];
  readonly expect: readonly Expectation[];
}
