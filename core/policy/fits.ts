/** Whether a Grant asks for no more than its policy offers. Nothing is ever capped silently: what does not fit is refused. */
import { formatIsoDuration } from '../clock/duration.ts';
import type { AccessPolicy, Grant, Group, Identity, PolicySet, Stream } from '../model/documents.ts';
import { covers, formatPattern, type Pattern } from '../model/resource.ts';
import { groupPatterns, transactionalIdPatterns } from './patterns.ts';

/** Why a grant does not fit, with the field of its document that says too much. */
export interface Misfit {
  /** Problem rule, `grant/...`. */
  readonly rule: string;
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly fix: string;
}

type Rules = Pick<PolicySet, 'policies' | 'streams' | 'identities' | 'groups'>;

/** Every reason why the grant does not fit the rules; empty when it does. References must resolve, or that is the reason. */
export function fits(rules: Rules, grant: Grant): Misfit[] {
  const policy = rules.policies.get(grant.policy);
  const subject = rules.identities.get(grant.subject);
  const requester = rules.identities.get(grant.requestedBy);
  const streams = grant.streams.map((name) => rules.streams.get(name));
  const gone = (field: string, name: string): Misfit[] => [
    { rule: 'grant/unknown', path: ['spec', field], message: `'${name}' does not exist`, fix: 'name one that does' },
  ];
  if (!policy) return gone('policy', grant.policy);
  if (!subject) return gone('subject', grant.subject);
  if (!requester) return gone('requestedBy', grant.requestedBy);
  const missing = grant.streams.find((name) => !rules.streams.has(name));
  if (missing !== undefined) return gone('streams', missing);
  const known = streams.filter((stream) => stream !== undefined);
  return [
    ...policyMisfits(policy, grant),
    ...peopleMisfits(rules, policy, grant, subject, requester),
    ...scopeMisfits(policy, grant, known),
    ...windowMisfits(policy, grant),
  ];
}

/**
 * True when a policy names this Identity, or a Group it is a member of. A member by claim is only proved by a token:
 * `claimGroups` are those that a verified token gave; without them an Identity of the group's issuer counts as possible.
 */
export function coversSubject(
  groups: ReadonlyMap<string, Group>,
  policy: AccessPolicy,
  identity: Identity,
  claimGroups?: readonly string[],
): boolean {
  return policy.subjects.some((subject) => {
    if ('identity' in subject) return subject.identity === identity.name;
    const group = groups.get(subject.group);
    if (!group) return false;
    if (group.members.includes(identity.name)) return true;
    if (!group.fromClaim) return false;
    if (claimGroups) return claimGroups.includes(group.name);
    const { issuer } = group.fromClaim;
    return identity.workload?.issuer === issuer || (identity.person?.oidc.some((o) => o.issuer === issuer) ?? false);
  });
}

function policyMisfits(policy: AccessPolicy, grant: Grant): Misfit[] {
  const path = ['spec', 'policy'];
  if (policy.effect === 'deny') {
    const message = `'${policy.name}' denies; nothing can be granted under it`;
    return [{ rule: 'grant/policy', path, message, fix: 'name a policy with mode onRequest' }];
  }
  if (policy.mode === 'standing') {
    const message = `'${policy.name}' is a standing policy; it needs no grant`;
    return [{ rule: 'grant/policy', path, message, fix: 'name a policy with mode onRequest' }];
  }
  return grant.operations.flatMap((operation, i) =>
    policy.operations.includes(operation)
      ? []
      : [
          {
            rule: 'grant/operations',
            path: ['spec', 'operations', i],
            message: `policy '${policy.name}' does not offer '${operation}'`,
            fix: `it offers ${policy.operations.join(', ')}`,
          },
        ],
  );
}

function peopleMisfits(
  rules: Rules,
  policy: AccessPolicy,
  grant: Grant,
  subject: Identity,
  requester: Identity,
): Misfit[] {
  const misfits: Misfit[] = [];
  if (!coversSubject(rules.groups, policy, subject)) {
    misfits.push({
      rule: 'grant/subject',
      path: ['spec', 'subject'],
      message: `'${grant.subject}' is not among the subjects of policy '${policy.name}'`,
      fix: 'name another policy, or have its owners add the subject',
    });
  }
  if (!requester.person) {
    const message = `'${grant.requestedBy}' is not a person`;
    misfits.push({ rule: 'grant/requester', path: ['spec', 'requestedBy'], message, fix: 'a person has to ask' });
  }
  return misfits;
}

function scopeMisfits(policy: AccessPolicy, grant: Grant, streams: readonly Stream[]): Misfit[] {
  const outside = grant.streams.flatMap((name, i): Misfit[] => {
    const path = ['spec', 'streams', i];
    if (!policy.streams.includes(name)) {
      const message = `policy '${policy.name}' does not cover stream '${name}'`;
      return [{ rule: 'grant/streams', path, message, fix: `it covers ${policy.streams.join(', ')}` }];
    }
    if (streams[i]!.cluster !== streams[0]!.cluster) {
      const message = `'${name}' is on cluster '${streams[i]!.cluster}', '${grant.streams[0]}' on '${streams[0]!.cluster}'`;
      return [{ rule: 'grant/clusters', path, message, fix: 'write one grant for each cluster' }];
    }
    return [];
  });
  const within = (field: 'topics' | 'groups' | 'transactionalIds', offered: readonly Pattern[]): Misfit[] =>
    (grant[field] ?? []).flatMap((pattern, i) =>
      offered.some((outer) => covers(outer, pattern))
        ? []
        : [
            {
              rule: `grant/${field === 'transactionalIds' ? 'transactional-ids' : field}`,
              path: ['spec', field, i],
              message: `'${formatPattern(pattern)}' is more than what is offered`,
              fix: `offered: ${offered.map(formatPattern).join(', ')}`,
            },
          ],
    );
  return [
    ...outside,
    ...within(
      'topics',
      streams.flatMap((stream) => stream.topics),
    ),
    ...within(
      'groups',
      streams.flatMap((stream) => groupPatterns(policy, stream, grant.subject)),
    ),
    ...within(
      'transactionalIds',
      streams.flatMap((stream) => transactionalIdPatterns(policy, stream, grant.subject)),
    ),
  ];
}

function windowMisfits(policy: AccessPolicy, grant: Grant): Misfit[] {
  const { duration, start, notBefore, notAfter } = grant.window;
  const { maxDuration } = policy.limits;
  const misfits: Misfit[] = [];
  if (maxDuration !== undefined && duration > maxDuration) {
    misfits.push({
      rule: 'grant/duration',
      path: ['spec', 'window', 'duration'],
      message: `${formatIsoDuration(duration)} is longer than policy '${policy.name}' allows`,
      fix: `ask for ${formatIsoDuration(maxDuration)} at most`,
    });
  }
  if (start === 'firstUse' && notAfter === undefined) {
    misfits.push({
      rule: 'grant/first-use',
      path: ['spec', 'window', 'start'],
      message: 'a grant that starts at its first use has to say until when that may be',
      fix: 'add notAfter',
    });
  }
  if (notBefore !== undefined && notAfter !== undefined && notBefore >= notAfter) {
    misfits.push({
      rule: 'grant/window',
      path: ['spec', 'window', 'notAfter'],
      message: 'notAfter is not later than notBefore',
      fix: 'make notAfter later',
    });
  }
  return misfits;
}
