import type { SeenApproval, StepEvidence } from '../../admission/evidence.ts';
import { approvalNamespace, mergeNamespace, parseApproval, parseMerge } from '../../admission/statement-format.ts';
import type { BareClone } from '../../git/bare-clone.ts';
import type { Commit } from '../../git/commit.ts';
import type { PolicySet } from '../../model/documents.ts';
import type { TrustRoot } from '../../model/trust-root.ts';
import { claimedEmails } from '../claimed-emails.ts';
import { flawed } from '../flawed.ts';
import { isOnBranch } from '../on-branch.ts';
import { readCommit } from '../read-commit.ts';
import { approvalTrailer, mergeTrailer, type SignedStatement, unpackTrailers } from './signed-statement.ts';
import { identityBehind, ownerBehind } from './signers.ts';

const mostRequestCommits = 200;

export interface PlainSources {
  readonly clone: BareClone;
  readonly trustRoot: Pick<TrustRoot, 'repoId' | 'branch' | 'owners'>;
  /** Rules at a commit of the branch; undefined when it has none that load. */
  readonly rulesAt: (commit: string) => Promise<PolicySet | undefined>;
}

/**
 * What plain git proves about a step: a merge commit of exactly two parents, the second one the head of a request whose
 * every commit is signed, with the approvals and the merger's own statement in its message. `rules` are those before
 * the step: keys come from nowhere else.
 */
export async function collectEvidence(sources: PlainSources, rules: PolicySet, step: Commit): Promise<StepEvidence> {
  const { clone } = sources;
  const [parent = '', head, ...more] = step.parents;
  const refused = (refusal: Parameters<typeof flawed>[1], message: string): StepEvidence =>
    flawed({ commit: step.id, parent }, refusal, message);
  const short = step.id.slice(0, 12);
  if (head === undefined) return refused('DirectPush', `commit ${short} was pushed to the branch without a request`);
  if (more.length > 0) return refused('NotAMerge', `commit ${short} merges more than one branch at once`);
  const merge = await readMerge(sources, rules, step, parent, head);
  if (typeof merge === 'string') return refused('UnsignedMerge', merge);
  const ids = await clone.between(parent, head, mostRequestCommits + 1);
  if (ids.length === 0) return refused('NotAMerge', `commit ${short} merges nothing that is new`);
  if (ids.length > mostRequestCommits)
    return refused('NotAMerge', `the request has more than ${mostRequestCommits} commits`);
  const slipped = await slippedIn(clone, parent, head, step.id);
  if (slipped !== undefined)
    return refused('NotAMerge', `commit ${short} has other content than its request: ${slipped}`);
  const signers = new Set<string>();
  const emails = new Set<string>();
  for (const id of ids) {
    const commit = await readCommit(clone, id);
    if (!commit) return refused('UnsignedRequest', `commit ${id.slice(0, 12)} of the request is not a plain commit`);
    for (const email of claimedEmails(commit)) emails.add(email);
    const signer =
      commit.signature && (await identityBehind(rules, commit.payload, commit.signature, 'git', merge.mergedAt));
    if (!signer)
      return refused(
        'UnsignedRequest',
        `commit ${id.slice(0, 12)} of the request is not signed by a key of a known person`,
      );
    signers.add(signer);
  }
  const approvals: SeenApproval[] = [];
  for (const signed of unpackTrailers(approvalTrailer, step.message)) {
    const seen = await readApproval(sources, rules, signed, parent, merge.mergedAt);
    if (seen) approvals.push(seen);
  }
  return {
    commit: step.id,
    parent,
    flaw: undefined,
    requestSigners: [...signers].sort(),
    contributors: [],
    claimedEmails: [...emails].sort(),
    mergedAt: merge.mergedAt,
    mergedBy: merge.by,
    approvals,
  };
}

/** The merger's signed statement, or why there is none that counts. */
async function readMerge(
  { trustRoot }: PlainSources,
  rules: PolicySet,
  step: Commit,
  parent: string,
  head: string,
): Promise<{ mergedAt: number; by: string } | string> {
  const [signed] = unpackTrailers(mergeTrailer, step.message);
  const short = step.id.slice(0, 12);
  const statement = signed && parseMerge(signed.text);
  if (!signed || !statement) return `commit ${short} has no signed merge statement`;
  if (statement.repoId !== trustRoot.repoId || statement.branch !== trustRoot.branch)
    return 'the merge statement is for another repo or branch';
  if (statement.base !== parent || statement.head !== head) return 'the merge statement is for another merge';
  const by =
    (await identityBehind(rules, Buffer.from(signed.text), signed.signature, mergeNamespace, statement.mergedAt)) ??
    (await ownerBehind(trustRoot, Buffer.from(signed.text), signed.signature, mergeNamespace));
  return by === undefined
    ? 'the merge statement is not signed by a key of a known person'
    : { mergedAt: statement.mergedAt, by };
}

async function readApproval(
  { clone, trustRoot, rulesAt }: PlainSources,
  rules: PolicySet,
  { text, signature }: SignedStatement,
  parent: string,
  mergedAt: number,
): Promise<SeenApproval | undefined> {
  const statement = parseApproval(text);
  if (!statement) return undefined;
  const payload = Buffer.from(text);
  const signed = await identityBehind(rules, payload, signature, approvalNamespace, statement.signedAt);
  // A key revoked between approval and merge does not count any more.
  const by = signed && (await identityBehind(rules, payload, signature, approvalNamespace, mergedAt));
  const onBranch = await isOnBranch(clone, statement.baseCommit, parent);
  return {
    by,
    owner: await ownerBehind(trustRoot, payload, signature, approvalNamespace),
    withdrawn: undefined,
    statement,
    base: onBranch ? await rulesAt(statement.baseCommit) : undefined,
  };
}

/** A path that the merge commit changes in another way than its request does. */
async function slippedIn(clone: BareClone, parent: string, head: string, step: string): Promise<string | undefined> {
  const [brought, differing] = await Promise.all([clone.changes(parent, step), clone.changes(head, step)]);
  const other = new Set(differing.map(({ path }) => path));
  return brought.find(({ path }) => other.has(path))?.path;
}
