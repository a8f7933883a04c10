import { meets } from '../../core/admission/count-approvals.ts';
import { exclusions } from '../../core/admission/exclusions.ts';
import { judgeGrant } from '../../core/admission/judge-grant.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import type { AccessRequest } from '../../core/forge/forge.ts';
import type { Grant } from '../../core/model/documents.ts';
import type { AdmittedGrant } from '../../core/model/right.ts';
import { isGrantFile } from '../../core/source/policy-tree.ts';
import type { Workspace } from './open-workspace.ts';
import { type ReviewedRequest, readRequest } from './review-request.ts';

/** One line of `access list`, and what `access status` says about one. */
export interface AccessStatus {
  readonly name: string;
  readonly state: 'Open' | 'Scheduled' | 'Active' | 'Expired' | 'Revoked' | 'Refused';
  readonly subject: string;
  readonly operations: readonly string[];
  readonly streams: readonly string[];
  readonly reason: string;
  readonly approvedBy: readonly string[];
  readonly rejectedBy: readonly string[];
  /** Open: who can still approve, by rule. */
  readonly waitingFor: readonly string[];
  /** Epoch ms, once merged. */
  readonly start: number | undefined;
  readonly end: number | undefined;
  /** Why it is not, or not any more, what it asks to be. */
  readonly note: string | undefined;
}

/** Open requests and merged grants, newest first. What is live is judged here with the gateway's own function. */
export async function listAccess(workspace: Workspace, clock: Clock): Promise<readonly AccessStatus[]> {
  const open = await workspace.forge.list();
  const requests = await Promise.all(open.map((request) => openStatus(workspace, request)));
  return [...requests.flatMap((status) => status ?? []), ...(await mergedGrants(workspace, clock))];
}

export async function accessStatus(workspace: Workspace, name: string, clock: Clock): Promise<AccessStatus> {
  const found = (await listAccess(workspace, clock)).find((status) => status.name === name);
  if (found) return found;
  throw new InputError('BadUsage', `there is no request or grant '${name}'`, {
    fix: 'sluice access list shows them all',
  });
}

/** Of an open request for access; undefined for a branch that is none. */
export async function openStatus(workspace: Workspace, request: AccessRequest): Promise<AccessStatus | undefined> {
  let reviewed: ReviewedRequest;
  try {
    reviewed = await readRequest(workspace, request);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return undefined;
  }
  const { grant, content, approvers, emergency } = reviewed;
  if (!grant) return undefined;
  const current = request.approvals.filter(({ digest }) => digest === content.digest);
  const by = (verdict: 'approve' | 'reject'): string[] =>
    current.filter((approval) => approval.verdict === verdict).map((approval) => approval.by);
  const parties = exclusions(workspace.rules, { requestSigners: [], contributors: [], claimedEmails: [] }, grant);
  const approvedBy = by('approve').filter((name) => !parties.has(name));
  const waitingFor = approvers.flatMap(({ rule, match, clauses }) => {
    const met = meets(
      workspace.rules.approverRules.get(rule)!,
      workspace.rules,
      approvedBy.map((name) => ({ name, base: workspace.rules })),
    );
    if (met) return [];
    const missing = clauses.map(
      ({ from, count, people }) =>
        `${count} of ${from} (${people.filter((name) => !approvedBy.includes(name)).join(', ')})`,
    );
    return [`${rule}: ${missing.join(match === 'all' ? ' and ' : ' or ')}`];
  });
  const stale = request.approvals.length - current.length;
  return {
    ...describe(grant),
    state: 'Open',
    approvedBy,
    rejectedBy: by('reject'),
    waitingFor,
    start: undefined,
    end: undefined,
    note:
      [
        ...(emergency ? ['an emergency: in force since a gateway saw it; merging it is its review'] : []),
        ...(stale > 0 ? [`${stale} approval${stale === 1 ? ' is' : 's are'} for other content`] : []),
      ].join('; ') || undefined,
  };
}

async function mergedGrants(workspace: Workspace, clock: Clock): Promise<AccessStatus[]> {
  const { clone, tip, genesis, repoId, branch, rules } = workspace;
  const steps = (await clone.firstParents(tip, genesis, 500)) ?? [];
  const found: AccessStatus[] = [];
  const alive = new Set((await clone.tree(tip)).map((entry) => entry.path));
  const { revocations } = await workspace.loader.narrowing(tip);
  const admittedBefore = new Map<string, AdmittedGrant>();
  for (const id of steps) {
    const commit = await clone.commit(id);
    const parent = commit.parents[0]!;
    const added = (await clone.changes(parent, id)).filter(
      ({ path, before, after }) => isGrantFile(path) && after && before?.id !== after.id,
    );
    if (added.length === 0) continue;
    const before = (await workspace.loader.plane(parent)).policySet ?? rules;
    const evidence = await workspace.evidence.evidence(before, { commit: id, parent });
    for (const { path } of added) {
      const { grant, problems } = await workspace.loader.grant(parent, id, path);
      if (!grant) {
        found.push({ ...nameless(path), note: problems[0]?.message });
        continue;
      }
      const now = clock.now();
      const { verdict, admitted } = judgeGrant(before, grant, evidence, {
        repo: { repoId, branch },
        now,
        maxSkew: 60_000,
        since: undefined,
        soleGateway: true, // gateways that are not say so themselves
        uidUsed: admittedBefore.has(grant.uid),
        active: [...admittedBefore.values()].filter(
          (other) => other.subject === grant.subject && other.policy === grant.policy && evidence.mergedAt < other.end,
        ).length,
        lastMergedAt: 0,
      });
      if (admitted) admittedBefore.set(grant.uid, admitted);
      const revoked =
        !alive.has(path) ||
        revocations.some(({ target }) =>
          'grant' in target
            ? target.grant === grant.name || target.grant === grant.uid
            : target.subject === grant.subject,
        );
      found.push({
        ...describe(grant),
        state: !admitted
          ? 'Refused'
          : revoked
            ? 'Revoked'
            : now >= admitted.end
              ? 'Expired'
              : now < admitted.start
                ? 'Scheduled'
                : 'Active',
        approvedBy: verdict.approvals.map(({ by }) => by),
        rejectedBy: [],
        waitingFor: [],
        start: admitted?.start,
        end: admitted?.end,
        note: admitted ? undefined : `${verdict.refusal}: ${verdict.message}`,
      });
    }
  }
  return found.reverse();
}

function describe(grant: Grant): Pick<AccessStatus, 'name' | 'subject' | 'operations' | 'streams' | 'reason'> {
  const { name, subject, operations, streams, reason } = grant;
  return { name, subject, operations, streams, reason };
}

function nameless(path: string): AccessStatus {
  return {
    name: path.slice(path.lastIndexOf('/') + 1).replace(/\.ya?ml$/, ''),
    state: 'Refused',
    subject: '',
    operations: [],
    streams: [],
    reason: '',
    approvedBy: [],
    rejectedBy: [],
    waitingFor: [],
    start: undefined,
    end: undefined,
    note: undefined,
  };
}
