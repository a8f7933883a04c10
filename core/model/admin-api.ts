import type { Condition } from './condition.ts';

/** What `/status` of the admin API says; `sluice gateway status` prints it. Times are RFC 3339. */
export interface GatewayStatus {
  readonly gateway: string;
  readonly version: string;
  readonly startedAt: string;
  readonly ready: boolean;
  /** Commit whose rules are in force. */
  readonly revision: string | undefined;
  readonly generation: number;
  /** Last round that reached the policy repo. */
  readonly lastFetch: string | undefined;
  readonly conditions: readonly (Omit<Condition, 'since'> & { readonly since: string })[];
  readonly clusters: readonly { readonly name: string; readonly address: string; readonly connections: number }[];
  readonly sessions: number;
  readonly grants: readonly GrantStatus[];
  /** Broker users that could not be removed yet. */
  readonly cleanUpDebts: number;
}

export type GrantState = 'Scheduled' | 'Active' | 'Expired' | 'Revoked' | 'Refused';

export interface GrantStatus {
  readonly name: string;
  readonly uid: string;
  readonly state: GrantState;
  readonly subject: string;
  readonly policy: string;
  readonly start: string | undefined;
  readonly end: string | undefined;
  readonly approvedBy: readonly string[];
  /** Why it was refused: a stable word and a sentence. */
  readonly refusal: { readonly reason: string; readonly message: string } | undefined;
}

export interface SessionStatus {
  readonly id: string;
  readonly principal: string;
  readonly cluster: string;
  readonly connections: number;
  readonly openedAt: string;
}
