import { join } from 'node:path';
import type { Location } from '../../core/errors/problem.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { didYouMean } from '../../core/load/nearest.ts';
import type { Decision } from '../../core/model/decision.ts';
import type { Grant, PolicySet } from '../../core/model/documents.ts';
import type { Principal } from '../../core/model/principal.ts';
import { matches, type Operation, type Resource, type ResourceKind } from '../../core/model/resource.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { decide } from '../../core/policy/decide.ts';
import { validateRepo } from './validate-repo.ts';

export interface CanIQuestion {
  /** Folder of the policy repo. */
  readonly repo: string;
  /** Name of an Identity. */
  readonly as: string;
  /** Groups that the identity provider would put them into. */
  readonly claimGroups: readonly string[];
  readonly operation: Operation;
  readonly kind: ResourceKind;
  readonly name: string;
  /** Undefined = the only one of the repo. */
  readonly cluster: string | undefined;
  /** Epoch ms. */
  readonly at: number;
}

export interface CanIResult {
  readonly decision: Decision;
  readonly principal: Principal;
  readonly operation: Operation;
  readonly resource: Resource;
  readonly at: number;
  /** What the folder cannot know, such as whether a grant in it was admitted. */
  readonly notes: readonly string[];
}

/** Decides by the rules in a folder, with its revocations and without grants: only a gateway admits those. */
export async function canI(question: CanIQuestion): Promise<CanIResult> {
  const { policySet, errors } = await validateRepo(question.repo);
  if (!policySet) {
    throw new InputError('InvalidPolicyRepo', 'the policy repo has problems, so nothing can be decided by it', {
      why: `${errors} error${errors === 1 ? '' : 's'}`,
      fix: `run sluice validate ${question.repo}`,
      at: question.repo,
    });
  }
  const principal = principalOf(policySet, question);
  const resource = { cluster: clusterOf(policySet, question.cluster), kind: question.kind, name: question.name };
  const decision = decide(snapshotOf(policySet, question.at), principal, question.operation, resource, question.at);
  return {
    decision: placed(decision, question.repo),
    principal,
    operation: question.operation,
    resource,
    at: question.at,
    notes: grantNotes(policySet, question),
  };
}

function principalOf({ identities, groups }: PolicySet, { as, claimGroups }: CanIQuestion): Principal {
  const identity = identities.get(as);
  if (!identity) {
    throw new InputError('BadUsage', `the policy repo has no Identity '${as}'`, {
      fix: didYouMean(as, identities.keys()) ?? `it has ${[...identities.keys()].sort().slice(0, 20).join(', ')}`,
    });
  }
  const own = identity.workload
    ? [identity.workload.issuer]
    : (identity.person?.oidc.map(({ issuer }) => issuer) ?? []);
  const claimed = claimGroups.map((name) => groups.get(name)?.fromClaim?.issuer);
  const wrong = claimed.findIndex((issuer) => issuer === undefined || issuer !== claimed[0] || !own.includes(issuer));
  if (wrong >= 0) {
    throw new InputError('BadUsage', `no token of '${as}' can put them into group '${claimGroups[wrong]}'`, {
      why: 'the Group has no fromClaim, or one of an issuer that the Identity has no account at',
      fix: 'name Groups with a fromClaim of one issuer of the Identity',
    });
  }
  return {
    identity: as,
    kind: identity.person ? 'person' : 'workload',
    issuer: claimed[0] ?? own[0] ?? '',
    claimGroups,
  };
}

function clusterOf({ clusters }: PolicySet, given: string | undefined): string {
  const names = [...clusters.keys()].sort();
  const cluster = given ?? (names.length === 1 ? names[0] : undefined);
  if (cluster === undefined) {
    throw new InputError('BadUsage', 'which cluster?', { fix: `add --cluster with one of ${names.join(', ')}` });
  }
  if (!clusters.has(cluster)) {
    const fix = didYouMean(cluster, names) ?? `it has ${names.join(', ')}`;
    throw new InputError('BadUsage', `the policy repo has no Cluster '${cluster}'`, { fix });
  }
  return cluster;
}

function snapshotOf(policies: PolicySet, at: number): Snapshot {
  const tombstones = [...policies.revocations.values()].map(({ name, target, until }) => ({
    name,
    target,
    until,
    seenAt: at,
  }));
  return { revision: 'folder', generation: 0, policies, grants: new Map(), tombstones };
}

/** Grants that would speak of the question, were they admitted. */
function grantNotes({ grants, streams }: PolicySet, { as, operation, kind, name, repo }: CanIQuestion): string[] {
  const about = (grant: Grant): boolean =>
    grant.subject === as &&
    grant.operations.includes(operation) &&
    (kind !== 'topic' ||
      grant.streams.some((stream) =>
        (grant.topics ?? streams.get(stream)?.topics ?? []).some((topic) => matches(topic, name)),
      ));
  return [...grants.values()]
    .filter(about)
    .map(
      ({ name: own, at }) =>
        `grant '${own}' (${join(repo, at.file)}) is not counted: only a gateway knows whether it is live`,
    );
}

/** Places begin with the folder as it was given. */
function placed(decision: Decision, folder: string): Decision {
  const move = (at: Location): Location => ({ ...at, file: join(folder, at.file) });
  const rule = { ...decision.rule, at: decision.rule.at && move(decision.rule.at) };
  if (decision.effect === 'allow') return { ...decision, rule };
  const miss = decision.nearestMiss;
  return { ...decision, rule, nearestMiss: miss && { ...miss, at: move(miss.at) } };
}
