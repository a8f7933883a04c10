import type { Location } from '../errors/problem.ts';
import type { Operation, Pattern } from './resource.ts';

/**
 * The policy repo's documents after checking: durations in milliseconds, instants in epoch milliseconds, references
 * by name and known to resolve, defaults filled in. Plain data that survives structuredClone.
 */
export interface Named {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Where `metadata.name` stands. */
  readonly at: Location;
}

export interface Repo extends Named {
  readonly kind: 'Repo';
  /** Owner signatures that a policy-plane change needs. Adds to the gateway's trust root, never lowers it. */
  readonly quorum: number;
  /** A change that widens what a larger share of the Identities before it may do has to be acknowledged. */
  readonly widenPrincipalsPercent: number;
  /** Where requests are opened and approved; undefined = plain git. Only the CLI believes it. */
  readonly forge: ForgeAddress | undefined;
  /** Digests of plans (`sha256:` and hex) that go beyond a limit and are meant. */
  readonly acknowledge: readonly string[];
}

export interface ForgeAddress {
  readonly kind: 'github' | 'gitea';
  /** Base of its API. */
  readonly url: string;
  /** `owner/name`. */
  readonly repo: string;
}

export interface Cluster extends Named {
  readonly kind: 'Cluster';
  readonly type: 'kafka' | 'pulsar';
  readonly owners: readonly string[];
}

export interface Stream extends Named {
  readonly kind: 'Stream';
  readonly cluster: string;
  readonly topics: readonly Pattern[];
  /** Consumer groups that readers may use; undefined = `<subject>.` and `console-consumer-` prefixes. */
  readonly groups: readonly Pattern[] | undefined;
  /** Transactional ids that writers may use; undefined = the `<subject>.` prefix. */
  readonly transactionalIds: readonly Pattern[] | undefined;
  readonly classification: string | undefined;
  readonly owners: readonly string[];
  /** ApproverRule that every grant touching this stream needs, whichever policy it names. */
  readonly minimumApproval: string | undefined;
}

/** An OpenSSH public key, `type base64`, with the time in which its signatures count. */
export interface SigningKey {
  readonly key: string;
  readonly validFrom: number | undefined;
  readonly validTo: number | undefined;
}

export interface Person {
  readonly oidc: readonly { readonly issuer: string; readonly subject: string }[];
  /** Accounts on forges by numeric id; a login name can be taken over, an id cannot. */
  readonly accounts: readonly { readonly forge: string; readonly id: number }[];
  readonly signingKeys: readonly SigningKey[];
  readonly emails: readonly string[];
  /** Other Identities of the same human: excluded together. */
  readonly aliases: readonly string[];
}

export interface Workload {
  readonly issuer: string;
  /** Every named claim must be present and equal. */
  readonly claims: Readonly<Record<string, string>>;
}

export interface Identity extends Named {
  readonly kind: 'Identity';
  readonly person: Person | undefined;
  readonly workload: Workload | undefined;
}

export interface Group extends Named {
  readonly kind: 'Group';
  readonly members: readonly string[];
  readonly fromClaim: { readonly issuer: string; readonly claim: string; readonly value: string } | undefined;
}

export type SubjectRef = { readonly identity: string } | { readonly group: string };

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** A daily window in a time zone. `from` < `to`, minutes after local midnight; `to` is exclusive, 1440 = midnight. */
export interface Hours {
  readonly timeZone: string;
  readonly days: readonly Weekday[];
  readonly from: number;
  readonly to: number;
}

export interface Limits {
  /** Longest window of one grant, ms. */
  readonly maxDuration: number | undefined;
  /** Most grants of one subject under this policy at a time. */
  readonly maxActive: number | undefined;
  readonly hours: Hours | undefined;
}

export type Durability = 'strict' | 'bestEffort';

/** A checked CEL expression over the principal, the claims of their token and their address. */
export interface When {
  readonly text: string;
  /** Names of the claims it reads, sorted. */
  readonly claims: readonly string[];
  readonly readsSource: boolean;
  /** It reads the principal's groups or labels, which stand in the policy repo. */
  readonly readsPrincipal: boolean;
}

/** On which terms somebody may break the glass. */
export interface EmergencyTerms {
  /** ms. */
  readonly maxDuration: number;
  /** Groups that are told. */
  readonly notify: readonly string[];
  /** ms. */
  readonly reviewWithin: number;
}

export interface AccessPolicy extends Named {
  readonly kind: 'AccessPolicy';
  readonly effect: 'allow' | 'deny';
  readonly mode: 'standing' | 'onRequest';
  readonly subjects: readonly SubjectRef[];
  /** Names of Streams, with label selectors already resolved; sorted. */
  readonly streams: readonly string[];
  readonly operations: readonly Operation[];
  /** Shared consumer groups or transactional ids this policy opens, instead of the streams' own patterns. */
  readonly groups: readonly Pattern[] | undefined;
  readonly transactionalIds: readonly Pattern[] | undefined;
  readonly limits: Limits;
  /** Has to be met by the connection that uses the policy; undefined = always is. */
  readonly when: When | undefined;
  /** ApproverRule for grants under this policy; always there when mode is onRequest. */
  readonly approval: string | undefined;
  /** Emergency access without approval before; undefined = none. */
  readonly breakGlass: EmergencyTerms | undefined;
  /** `maskPolicy/rule` ids that a live grant under this policy lifts. */
  readonly unmask: readonly string[];
  readonly durability: Durability;
}

/** `all`: every clause must be met; `any`: one of them. */
export interface ApproverRule extends Named {
  readonly kind: 'ApproverRule';
  readonly require: {
    readonly match: 'all' | 'any';
    readonly clauses: readonly { readonly from: string; readonly count: number }[];
  };
  /** Longest time from approval to merge, ms. */
  readonly maxAge: number;
}

export const maskActions = ['redact', 'hash', 'partial'] as const;
export type MaskAction = (typeof maskActions)[number];
export const detectors = ['card', 'us_ssn', 'email'] as const;
export type Detector = (typeof detectors)[number];

export interface MaskRule {
  /** Unique in its MaskPolicy. */
  readonly name: string;
  readonly match: { readonly path: string } | { readonly detector: Detector };
  readonly action: MaskAction;
}

export interface MaskPolicy extends Named {
  readonly kind: 'MaskPolicy';
  /** Names of Streams, selectors resolved; sorted. */
  readonly streams: readonly string[];
  readonly rules: readonly MaskRule[];
  readonly on: readonly ('consume' | 'produce')[];
  /** What happens to a value that cannot be masked (not JSON, unknown codec): the answer is no, or all of it is hidden. */
  readonly unmaskable: 'deny' | 'redactAll';
}

export interface GrantWindow {
  readonly duration: number;
  /** At its merge, or when its subject first logs in after that: then `notAfter` is there. */
  readonly start: 'merge' | 'firstUse';
  readonly notBefore: number | undefined;
  readonly notAfter: number | undefined;
}

export interface Grant extends Named {
  readonly kind: 'Grant';
  /** 32 lower-case hex digits, random; admitted once, ever. */
  readonly uid: string;
  readonly requestedBy: string;
  /** Identity that gets the right. */
  readonly subject: string;
  readonly policy: string;
  readonly streams: readonly string[];
  /** Narrows the streams to some of their topics; undefined = all. */
  readonly topics: readonly Pattern[] | undefined;
  readonly groups: readonly Pattern[] | undefined;
  readonly transactionalIds: readonly Pattern[] | undefined;
  readonly operations: readonly Operation[];
  readonly window: GrantWindow;
  readonly reason: string;
  readonly ticket: string | undefined;
}

export interface BreakGlass extends Named {
  readonly kind: 'BreakGlass';
  /** 32 lower-case hex digits, random; admitted once, ever. */
  readonly uid: string;
  /** The person who breaks the glass, for themselves. */
  readonly subject: string;
  readonly policy: string;
  readonly streams: readonly string[];
  readonly topics: readonly Pattern[] | undefined;
  readonly groups: readonly Pattern[] | undefined;
  readonly transactionalIds: readonly Pattern[] | undefined;
  readonly operations: readonly Operation[];
  /** ms. */
  readonly duration: number;
  readonly reason: string;
  readonly ticket: string | undefined;
  /** Epoch ms. */
  readonly signedAt: number;
  /** Armoured SSH signature of the subject. */
  readonly signature: string;
}

export interface Revocation extends Named {
  readonly kind: 'Revocation';
  readonly target: { readonly grant: string } | { readonly subject: string };
  /** For a subject: standing access is off until then; undefined = until the owners lift it. */
  readonly until: number | undefined;
  readonly reason: string;
}

export type PolicyDocument =
  | Repo
  | Cluster
  | Stream
  | Identity
  | Group
  | AccessPolicy
  | ApproverRule
  | MaskPolicy
  | Grant
  | BreakGlass
  | Revocation;
export type Kind = PolicyDocument['kind'];

/** Everything one revision of a policy repo says. */
export interface PolicySet {
  readonly repo: Repo;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly streams: ReadonlyMap<string, Stream>;
  readonly identities: ReadonlyMap<string, Identity>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly policies: ReadonlyMap<string, AccessPolicy>;
  readonly approverRules: ReadonlyMap<string, ApproverRule>;
  readonly masks: ReadonlyMap<string, MaskPolicy>;
  readonly grants: ReadonlyMap<string, Grant>;
  /** Emergencies that documents ask for. Nothing is decided by them: what a gateway admitted is a grant of its own. */
  readonly breakGlass: ReadonlyMap<string, BreakGlass>;
  readonly revocations: ReadonlyMap<string, Revocation>;
}
