import { acknowledgementProblem } from '../../core/admission/acknowledged.ts';
import {
  breakGlassDigest,
  type ContentDigest,
  grantDigest,
  policyDigest,
} from '../../core/admission/approval-digest.ts';
import { approversFor } from '../../core/admission/ask.ts';
import type { ApprovalStatement } from '../../core/admission/evidence.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import type { AccessRequest } from '../../core/forge/forge.ts';
import type { TreeChange } from '../../core/git/bare-clone.ts';
import { loadBreakGlass } from '../../core/load/load-break-glass.ts';
import type { BreakGlass, Grant, PolicySet } from '../../core/model/documents.ts';
import type { Plan } from '../../core/plan/plan.ts';
import { planOfGrant } from '../../core/plan/plan-of.ts';
import { breakGlassAsGrant } from '../../core/policy/fits-break-glass.ts';
import {
  isBreakGlassFile,
  isForOwners,
  isGrantFile,
  isMixedEmergency,
  isRevocationFile,
} from '../../core/source/policy-tree.ts';
import { revocationsAt } from '../../core/source/revocations-at.ts';
import { isSignedBySubject } from './emergency-signature.ts';
import type { Workspace } from './open-workspace.ts';

/** What a request comes to, for those who decide about it. */
export interface ReviewedRequest {
  readonly request: AccessRequest;
  readonly content: ContentDigest;
  /** The grant it asks for, or the emergency as the grant that would give the same; undefined for a change of the rules. */
  readonly grant: Grant | undefined;
  /** What it reviews: the right was used, or is in use, without approval. */
  readonly emergency: BreakGlass | undefined;
  /** Its subject signed the emergency, as it is and comes to under these rules; undefined when there is none. */
  readonly signed: boolean | undefined;
  readonly changes: readonly TreeChange[];
  /** The rules that it is looked at under. */
  readonly rules: PolicySet;
  readonly approvers: ReturnType<typeof approversFor>;
  /** What the grant gives that its subject does not have without it; undefined for a change of the rules. */
  readonly plan: Plan | undefined;
  /** Why a gateway would refuse a change of the rules even when enough owners sign it. */
  readonly problems: readonly string[];
}

/** Reads a request as the gateway will after a merge on the newest commit. */
export async function reviewRequest(workspace: Workspace, name: string): Promise<ReviewedRequest> {
  return reviewOpen(workspace, await openRequestOf(workspace, name));
}

/** As `reviewRequest`, of one that was found. */
export async function reviewOpen(workspace: Workspace, request: AccessRequest): Promise<ReviewedRequest> {
  return completed(workspace, await readRequest(workspace, request));
}

/** The open request of a name. */
export async function openRequestOf(workspace: Workspace, name: string): Promise<AccessRequest> {
  const open = await workspace.forge.list();
  const request = open.find((entry) => entry.name === name);
  if (request) return request;
  const names = open.map((entry) => entry.name).join(', ');
  throw new InputError('BadUsage', `there is no open request '${name}'`, {
    fix: names === '' ? 'none is open; it may have been merged' : `open are: ${names}`,
  });
}

/** With what only whoever decides has to know, since it takes a while. */
async function completed(workspace: Workspace, read: ReviewedRequest): Promise<ReviewedRequest> {
  const { rules, repoId, branch } = workspace;
  const { grant, emergency } = read;
  if (!grant) return { ...read, problems: await rulesProblems(workspace, read.request) };
  if (!emergency) return { ...read, plan: planOfGrant(rules, grant) };
  return { ...read, signed: await isSignedBySubject(rules, emergency, { repoId, branch }) };
}

/** As `reviewOpen`, without `plan`, `problems` and `signed`. */
export async function readRequest(workspace: Workspace, request: AccessRequest): Promise<ReviewedRequest> {
  const { clone, tip, rules, loader, repoId, branch } = workspace;
  const { name } = request;
  const changes = await clone.changes(request.base, request.head);
  const repo = { repoId, branch };
  if (isMixedEmergency(changes)) {
    throw new InputError('BadUsage', `request '${name}' cannot be approved`, {
      why: `it holds an emergency beside other changes, ${changes.length} files in all, and signing it would review them together`,
      fix: 'have each emergency reviewed in a request of its own that holds nothing else',
    });
  }
  if (changes.length === 0 || onlyTakesAway(changes)) {
    throw new InputError('BadUsage', `request '${name}' has nothing to be signed`, {
      why: changes.length === 0 ? 'it changes nothing' : 'it only takes access away, and that needs no approval',
      fix: changes.length === 0 ? 'have it closed' : `sluice approval merge ${name} is enough to put it in force`,
    });
  }
  const added = changes.filter(({ path, after }) => isGrantFile(path) && after);
  const planes = changes.filter(isForOwners);
  if (added.length === 1 && planes.length === 0) {
    const { grant, problems } = await loader.grant(tip, request.head, added[0]!.path);
    if (!grant) {
      throw new InputError('InvalidPolicyRepo', `request '${name}' holds no valid grant`, {
        why: problems[0]?.message ?? '',
      });
    }
    return {
      request,
      changes,
      rules,
      grant,
      emergency: undefined,
      signed: undefined,
      content: grantDigest(rules, grant, repo),
      approvers: approversFor(rules, grant),
      plan: undefined,
      problems: [],
    };
  }
  const alarm = changes.find(({ path }) => isBreakGlassFile(path));
  if (alarm) return { ...(await readEmergency(workspace, request, alarm)), request, changes };
  if (added.length > 0) {
    const why = planes.length > 0 ? 'it changes grants and rules at once' : `it adds ${added.length} grants`;
    throw new InputError('BadUsage', `request '${name}' cannot be approved`, {
      why,
      fix: 'ask for one grant in one request',
    });
  }
  const content = policyDigest(planes, repo);
  return {
    request,
    changes,
    rules,
    grant: undefined,
    emergency: undefined,
    signed: undefined,
    content,
    approvers: [],
    plan: undefined,
    problems: [],
  };
}

/** Why a gateway will not count somebody's approval of a grant; undefined when it will, or when that is not known here. */
export function whyNotCounted({ grant, approvers }: ReviewedRequest, signer: string | undefined): string | undefined {
  if (!grant || signer === undefined) return undefined;
  const people = new Set(approvers.flatMap(({ clauses }) => clauses.flatMap((clause) => clause.people)));
  if (people.has(signer)) return undefined;
  if (signer === grant.subject) return 'nobody approves what is for themselves';
  return `${signer} is not among those who may approve it: ${[...people].join(', ') || 'nobody may'}`;
}

/** Whether a change is nothing but new Revocations and the end of Grants, which is in force without any approval. */
export function onlyTakesAway(changes: readonly TreeChange[]): boolean {
  const takes = ({ path, before, after }: TreeChange): boolean =>
    (isGrantFile(path) && !after) || (isRevocationFile(path) && !before);
  return changes.length > 0 && changes.every(takes);
}

/** What is wrong with a change of the rules, looked at from where it left the branch. */
async function rulesProblems({ clone, loader }: Workspace, { base, head }: AccessRequest): Promise<string[]> {
  const [before, after] = await Promise.all([loader.plane(base), loader.plane(head)]);
  if (!after.policySet) {
    const first = after.problems.find(({ severity }) => severity === 'error');
    return [`the documents have problems: ${first?.message ?? ''}`];
  }
  if (!before.policySet) return [];
  const [old, now] = await Promise.all([base, head].map((commit) => revocationsAt({ clone, loader }, commit)));
  const problem = acknowledgementProblem(
    { ...before.policySet, revocations: old! },
    { ...after.policySet, revocations: now! },
  );
  return problem === undefined ? [] : [problem];
}

/** An emergency that waits for its review: the request brings its document, or takes it away again. */
async function readEmergency(
  { tip, rules, loader, repoId, branch }: Workspace,
  request: AccessRequest,
  { path, after }: TreeChange,
): Promise<Omit<ReviewedRequest, 'request' | 'changes'>> {
  const file = await loader.file(after ? request.head : tip, path);
  const { document, problems } = file ? loadBreakGlass(file) : { document: undefined, problems: [] };
  if (!document) {
    throw new InputError('InvalidPolicyRepo', `request '${request.name}' holds no valid BreakGlass`, {
      why: problems[0]?.message ?? 'its file cannot be read',
    });
  }
  const grant = breakGlassAsGrant(document);
  const content = breakGlassDigest(rules, document, { repoId, branch });
  return {
    rules,
    grant,
    emergency: document,
    signed: undefined,
    content,
    approvers: approversFor(rules, grant),
    plan: undefined,
    problems: [],
  };
}

/** The statement an approver signs about a reviewed request. */
export function statementFor(
  workspace: Workspace,
  reviewed: ReviewedRequest,
  verdict: ApprovalStatement['verdict'],
  clock: Clock,
): ApprovalStatement {
  const rules = reviewed.approvers.map(({ rule }) => workspace.rules.approverRules.get(rule)?.maxAge ?? 0);
  const lifetime = rules.length > 0 ? Math.min(...rules) : 86_400_000;
  return {
    version: 1,
    repoId: workspace.repoId,
    branch: workspace.branch,
    kind: reviewed.grant ? 'grant' : 'policy',
    uid: reviewed.grant?.uid ?? '',
    digest: reviewed.content.digest,
    parts: reviewed.content.parts,
    verdict,
    baseCommit: workspace.tip,
    signedAt: clock.now(),
    expiresAt: clock.now() + lifetime,
  };
}

/** Signs and publishes the verdict of whoever holds the key. */
export async function signRequest(
  workspace: Workspace,
  reviewed: ReviewedRequest,
  verdict: ApprovalStatement['verdict'],
  clock: Clock,
): Promise<void> {
  await workspace.forge.say(reviewed.request, statementFor(workspace, reviewed, verdict, clock));
}
