import type { ApproverRule, PolicySet } from '../model/documents.ts';
import type { Refusal } from '../model/verdict.ts';
import { type ContentDigest, differingParts, type RepoIdentity } from './approval-digest.ts';
import type { SeenApproval, StepEvidence } from './evidence.ts';
import { sameHuman } from './same-human.ts';

/** A signature that was seen and does not count. */
export interface Discounted {
  readonly by: string;
  readonly why: string;
  readonly as: Refusal;
}

/** What an approval must be about to count. */
export interface Wanted {
  readonly repo: RepoIdentity;
  readonly kind: 'grant' | 'policy';
  readonly uid: string;
  readonly content: ContentDigest;
}

/**
 * Takes the statements that are about exactly this content: the latest word of a person wins. An approval must also be
 * fresh, based on the branch, and of somebody who may approve; a rejection stands as long as its author does not take
 * it back, and nothing that others write into a commit can silence it. `longest` is the longest time in ms from
 * approval to merge; what was said until `since` (epoch ms) is over.
 */
export function screenApprovals(
  evidence: StepEvidence,
  wanted: Wanted,
  excluded: ReadonlyMap<string, string>,
  longest: number,
  nameOf: (seen: SeenApproval) => string | undefined,
  since = Number.NEGATIVE_INFINITY,
): { valid: readonly (SeenApproval & { name: string })[]; discounted: readonly Discounted[] } {
  const valid = new Map<string, SeenApproval & { name: string }>();
  // An owner may be known to the trust root by another name than their Identity's: the key tells.
  const own = ({ by }: SeenApproval, name: string): string | undefined =>
    excluded.get(name) ?? (by === undefined ? undefined : excluded.get(by));
  const discounted: Discounted[] = [];
  for (const seen of [...evidence.approvals].sort(inOrder)) {
    const name = nameOf(seen);
    const by = name ?? seen.by ?? seen.owner ?? 'an unknown key';
    const drop = (as: Refusal, why: string): void => {
      discounted.push({ by, why, as });
    };
    const { statement } = seen;
    if (name === undefined) drop('NotEnoughApprovals', 'no key that counts here made this signature');
    else if (seen.withdrawn !== undefined) drop('ApprovalWithdrawn', seen.withdrawn);
    else if (statement.repoId !== wanted.repo.repoId || statement.branch !== wanted.repo.branch)
      drop('ApprovalReplayed', 'it is for another repo or branch');
    else if (statement.signedAt <= since && statement.verdict === 'approve')
      drop('ApprovalReplayed', 'it was made before the baseline that the owners signed');
    else if (statement.kind !== wanted.kind || statement.uid !== wanted.uid)
      drop('ApprovalReplayed', 'it is for another request');
    else if (statement.digest !== wanted.content.digest) {
      const parts = differingParts(statement.parts, wanted.content.parts);
      drop(
        'ApprovalForOtherContent',
        `they approved other content${parts.length > 0 ? `: ${parts.join(', ')} changed since` : ''}`,
      );
    } else if (statement.verdict === 'reject') valid.set(name, { ...seen, name });
    else if (statement.signedAt > evidence.mergedAt) drop('MergeTimeOutOfRange', 'it was signed after the merge');
    else if (evidence.mergedAt - statement.signedAt > longest)
      drop('ApprovalExpired', 'it is older than the rule allows');
    else if (evidence.mergedAt > statement.expiresAt) drop('ApprovalExpired', 'it had expired');
    else if (own(seen, name) !== undefined) drop('SelfApproval', own(seen, name)!);
    else if (!seen.base) drop('ApprovalReplayed', 'it was made on a commit that is not on the branch');
    else valid.set(name, { ...seen, name });
  }
  return { valid: [...valid.values()], discounted };
}

/** By time; of two at the same time the rejection is the later one, so that no order of trailers can undo it. */
function inOrder({ statement: a }: SeenApproval, { statement: b }: SeenApproval): number {
  return a.signedAt - b.signedAt || (a.verdict === b.verdict ? 0 : a.verdict === 'reject' ? 1 : -1);
}

/** Who approved, and the rules at the commit that they looked at. */
export interface Approver {
  readonly name: string;
  readonly base: PolicySet | undefined;
}

/**
 * Whether the valid approvals meet a rule: every clause (or one, for `any`) filled, one human in one clause only,
 * however many Identities they have.
 */
export function meets(rule: ApproverRule, rules: PolicySet, valid: readonly Approver[]): boolean {
  const { match, clauses } = rule.require;
  if (clauses.length === 0) return false; // an empty list approves nothing
  const humans = [...Map.groupBy(valid, ({ name }) => [...sameHuman(rules, name)].sort()[0]!).values()];
  const fits = (clause: { readonly from: string }, human: readonly Approver[]): boolean =>
    human.some(
      ({ name, base }) => memberOf(rules, clause.from, name) && base !== undefined && memberOf(base, clause.from, name),
    );
  if (match === 'any')
    return clauses.some((clause) => humans.filter((human) => fits(clause, human)).length >= Math.max(1, clause.count));
  const slots = clauses.flatMap((clause) => Array.from({ length: Math.max(1, clause.count) }, () => clause));
  return assign(slots, humans, fits);
}

/** Members by list only: a claim is no proof of who may approve. */
export function memberOf(rules: Pick<PolicySet, 'groups'>, group: string, name: string): boolean {
  return rules.groups.get(group)?.members.includes(name) ?? false;
}

/** Finds a person for every slot, each person once (augmenting paths of a bipartite matching). */
function assign<Slot, Person>(
  slots: readonly Slot[],
  people: readonly Person[],
  fits: (slot: Slot, person: Person) => boolean,
): boolean {
  const slotOf = new Map<Person, number>();
  const place = (slot: number, tried: Set<Person>): boolean => {
    for (const person of people) {
      if (tried.has(person) || !fits(slots[slot]!, person)) continue;
      tried.add(person);
      const other = slotOf.get(person);
      if (other !== undefined && !place(other, tried)) continue;
      slotOf.set(person, slot);
      return true;
    }
    return false;
  };
  return slots.every((_slot, i) => place(i, new Set()));
}
