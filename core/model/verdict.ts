/** Why a step of the walk, or a grant in it, was refused. Stable words, printed by `gateway status` and in the audit log. */
export const refusals = [
  'NotAdmitted',
  'DirectPush',
  'NotAMerge',
  'UnsignedRequest',
  'UnsignedMerge',
  'MergeTimeOutOfRange',
  'SelfApproval',
  'NotEnoughApprovals',
  'ApprovalForOtherContent',
  'ApprovalExpired',
  'ApprovalReplayed',
  'ApprovalWithdrawn',
  'FirstUseUnknown',
  'ReviewOverdue',
  'SubjectRevoked',
  'Vetoed',
  'DoesNotFitPolicy',
  'PolicyGone',
  'UidReused',
  'MixedStep',
  'TooManyGrants',
  'UnreviewedCommit',
  'Unacknowledged',
  'HistoryRewritten',
  'InvalidDocuments',
] as const;
export type Refusal = (typeof refusals)[number];

export interface Approval {
  /** Identity name. */
  readonly by: string;
  readonly signedAt: number;
  readonly digest: string;
}

/** The answer of admission about one grant, with what it rests on. */
export interface GrantVerdict {
  readonly kind: 'grant';
  readonly uid: string;
  readonly name: string;
  readonly commit: string;
  readonly admitted: boolean;
  readonly refusal: Refusal | undefined;
  /** One paragraph for a person; names which part differs where content does. */
  readonly message: string;
  readonly digest: string;
  readonly approvals: readonly Approval[];
  /** Signatures that were seen and not counted, each with why. */
  readonly discounted: readonly { readonly by: string; readonly why: string }[];
}

/** The answer about a step that changes rules, identities, streams or masks. */
export interface PolicyVerdict {
  readonly kind: 'policy';
  readonly commit: string;
  readonly admitted: boolean;
  readonly refusal: Refusal | undefined;
  readonly message: string;
  readonly digest: string;
  readonly approvals: readonly Approval[];
  readonly discounted: readonly { readonly by: string; readonly why: string }[];
}
