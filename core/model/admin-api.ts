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
  /** The processes that serve clients; empty when the gateway is one process. */
  readonly workers: readonly WorkerStatus[];
  readonly grants: readonly GrantStatus[];
  /** Broker users that could not be removed yet. */
  readonly cleanUpDebts: number;
}

/** One data worker: a process with all listeners that serves its share of the connections. */
export interface WorkerStatus {
  readonly worker: string;
  readonly state: 'Starting' | 'Running' | 'Down';
  readonly pid: number | undefined;
  /** When it came into this state. */
  readonly since: string;
  /** How often it was started again. */
  readonly restarts: number;
  readonly connections: number;
  readonly sessions: number;
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
  /** The worker that serves it; undefined when the gateway is one process. */
  readonly worker: string | undefined;
}

/** A statement with the SSH signature of whoever said it. */
export interface SignedText {
  readonly text: string;
  /** Armoured. */
  readonly signature: string;
}

/** What the subject of an emergency has to sign, under the rules in force; or what is wrong with the document. */
export interface EmergencyProposal {
  /** The text itself; undefined when the document is not taken. */
  readonly payload: string | undefined;
  readonly problem: string;
}

/** What became of a grant of which a peer told. */
export interface GrantTaken {
  readonly uid: string;
  readonly name: string;
  /** `known`: judged here before. `notJudged`: this gateway has not refused it for want of evidence. */
  readonly outcome: 'admitted' | 'refused' | 'known' | 'notJudged' | 'over';
  readonly message: string;
}

/** What a gateway took of a peer's evidence. */
export interface EvidenceTaken {
  /** Name of the gateway that said it. */
  readonly peer: string;
  /** RFC 3339. */
  readonly exportedAt: string;
  /** Revocations and deleted grants that were new here. */
  readonly revocations: number;
  readonly deletedGrants: number;
  readonly grants: readonly GrantTaken[];
  /** Live grants that the peer could not tell of. */
  readonly leftOut: number;
  /** Commit that the peer has judged and this gateway has not; left out when there is none. */
  readonly ahead?: string;
  /** Why this gateway judges nothing new now; left out when it does. */
  readonly stalled?: string;
}

/** A verdict that was come to again from the evidence that was kept. */
export interface Reverified {
  /** undefined = nothing was kept that could be judged again. */
  readonly holds: boolean | undefined;
  readonly message: string;
}
