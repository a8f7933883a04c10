/**
 * Why a decision is what it is: every rule that was looked at, in the order of the language, each with why it counts or
 * does not. Made of the parts that `decide` is made of, beside its answer.
 */
import { windowAt } from '../clock/hours.ts';
import type { Location } from '../errors/problem.ts';
import type { Decision } from '../model/decision.ts';
import type { AccessPolicy, Stream } from '../model/documents.ts';
import type { Principal } from '../model/principal.ts';
import type { Operation, Resource } from '../model/resource.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { decide } from './decide.ts';
import { groupsOf } from './match-identity.ts';
import { meets } from './meets.ts';
import { allows } from './operations.ts';
import { indexOf } from './snapshot-index.ts';
import { bansOn, concerns, covered, type Question, type RightState, rightsOn } from './stream-rights.ts';

/** Parts of the decision, in their order. */
export const steps = ['deny', 'revocation', 'grant', 'standing', 'request'] as const;
export type Step = (typeof steps)[number];

/** One rule that was looked at. */
export interface LookedAt {
  readonly step: Step;
  readonly kind: 'AccessPolicy' | 'Grant' | 'Revocation';
  readonly name: string;
  readonly at: Location | undefined;
  /** Stream through which it was met; undefined for what concerns the subject as a whole. */
  readonly stream: string | undefined;
  readonly applies: boolean;
  /** Why it counts or does not, as the end of a sentence about it. */
  readonly why: string;
  /** Epoch ms at which that changes by time alone. */
  readonly until: number | undefined;
}

/** A mask rule on what would be read or written. */
export interface MaskReason {
  /** `maskPolicy/rule`. */
  readonly rule: string;
  readonly at: Location;
  readonly action: string;
  readonly applies: boolean;
  readonly why: string;
}

export interface Explanation {
  readonly decision: Decision;
  /** Groups of the principal, sorted. */
  readonly groups: readonly string[];
  readonly streams: readonly { readonly name: string; readonly at: Location }[];
  readonly rules: readonly LookedAt[];
  readonly masks: readonly MaskReason[];
}

/** Decides, and says why. */
export function explain(
  snapshot: Snapshot,
  principal: Principal,
  operation: Operation,
  resource: Resource,
  now: number,
): Explanation {
  const index = indexOf(snapshot);
  const names = groupsOf(snapshot.policies.groups, principal);
  const question: Question = { snapshot, index, principal, groups: new Set(names), operation, resource, now };
  const decision = decide(snapshot, principal, operation, resource, now);
  const streams =
    resource.kind === 'topic'
      ? index.streamsOfTopic(resource.cluster, resource.name)
      : (index.streamsOn.get(resource.cluster) ?? []);
  const rules = [...streams.flatMap((stream) => onStream(question, stream)), ...revocations(question)];
  return {
    decision,
    groups: names,
    streams: streams.map(({ name, at }) => ({ name, at })),
    rules: rules.sort((a, b) => steps.indexOf(a.step) - steps.indexOf(b.step)),
    masks: maskReasons(question, streams, decision),
  };
}

function onStream(question: Question, stream: Stream): LookedAt[] {
  const bans = bansOn(question, stream);
  const rights = rightsOn(question, stream);
  const policies = (question.index.policiesOf.get(stream.name) ?? []).map((policy): LookedAt => {
    const rule = { kind: 'AccessPolicy' as const, name: policy.name, at: policy.at, stream: stream.name };
    if (policy.effect === 'deny') {
      const ban = bans.find((one) => one.policy === policy);
      if (!ban) return { ...rule, step: 'deny', applies: false, why: notAbout(question, policy), until: undefined };
      const why = ban.active ? 'denies it' : timeOrCondition(question, policy);
      return { ...rule, step: 'deny', applies: ban.active, why, until: ban.until };
    }
    const step = policy.mode === 'standing' ? 'standing' : 'request';
    if (!covered(question, policy, stream)) {
      return { ...rule, step, applies: false, why: notAbout(question, policy), until: undefined };
    }
    if (step === 'request') {
      const unmet = meets(question, policy) === 'unmet';
      const why = unmet ? 'could be asked, but its condition is not met' : 'would allow it on request';
      return { ...rule, step, applies: false, why, until: undefined };
    }
    const right = rights.find((one) => one.policy === policy && !one.grant)!;
    return {
      ...rule,
      step,
      applies: right.state === 'live',
      why: stateText(question, policy, right.state),
      until: right.until,
    };
  });
  const granted = rights.flatMap(({ grant, policy, state, until }): LookedAt[] =>
    grant
      ? [
          {
            step: 'grant',
            kind: 'Grant',
            name: grant.name,
            at: grant.at,
            stream: stream.name,
            applies: state === 'live',
            why: stateText(question, policy, state),
            until,
          },
        ]
      : [],
  );
  return [...policies, ...granted];
}

function stateText(question: Question, policy: AccessPolicy, state: RightState): string {
  switch (state) {
    case 'live':
      return 'allows it';
    case 'revoked':
      return 'is revoked';
    case 'notStarted':
      return 'has not started';
    case 'expired':
      return 'has ended';
    case 'outsideHours':
    case 'unmet':
      return timeOrCondition(question, policy);
  }
}

function timeOrCondition(question: Question, policy: AccessPolicy): string {
  const { hours } = policy.limits;
  if (hours && !windowAt(hours, question.now).open) return 'holds at other hours';
  const { text = '' } = policy.when ?? {};
  return meets(question, policy) === 'unknown'
    ? `needs what is not known here: ${text}`
    : `its condition is not met: ${text}`;
}

/** The first thing in a policy that leaves a question out. */
function notAbout(question: Question, policy: AccessPolicy): string {
  const { operation, resource, principal } = question;
  const named =
    policy.effect === 'deny'
      ? policy.operations.includes(operation)
      : allows(policy.operations, operation, resource.kind);
  if (!concerns(question, policy)) return `is not about ${principal.identity}`;
  return named ? `is about other names than ${resource.name}` : `is not about ${operation}`;
}

function revocations({ snapshot, principal, now }: Question): LookedAt[] {
  return snapshot.tombstones.flatMap(({ name, target, until }): LookedAt[] => {
    const rule = {
      step: 'revocation' as const,
      kind: 'Revocation' as const,
      name,
      at: snapshot.policies.revocations.get(name)?.at,
      stream: undefined,
    };
    if ('subject' in target) {
      if (target.subject !== principal.identity) return [];
      const holds = until === undefined || now < until;
      const why = holds ? `ends everything of ${principal.identity}` : 'is over for standing access';
      return [{ ...rule, applies: holds, why, until: holds ? until : undefined }];
    }
    const grant = [...snapshot.grants.values()].find((one) => [one.name, one.uid].includes(target.grant));
    if (grant?.subject !== principal.identity) return [];
    return [{ ...rule, applies: true, why: `ends grant ${grant.name}`, until: undefined }];
  });
}

function maskReasons(question: Question, streams: readonly Stream[], decision: Decision): MaskReason[] {
  const { operation, index, resource } = question;
  if (resource.kind !== 'topic' || (operation !== 'consume' && operation !== 'produce')) return [];
  const masks = new Map(
    streams.flatMap(({ name }) => (index.masksOf.get(name) ?? []).map((mask) => [mask.name, mask])),
  );
  return [...masks.values()].flatMap((mask) =>
    mask.rules.map(({ name, action }): MaskReason => {
      const rule = `${mask.name}/${name}`;
      const known = { rule, at: mask.at, action };
      if (!mask.on.includes(operation)) return { ...known, applies: false, why: `does not hold on ${operation}` };
      if (decision.effect === 'deny') return { ...known, applies: true, why: 'would hide it, were it allowed' };
      const applied = decision.masks.find(({ policy }) => policy.name === mask.name);
      if (!applied || applied.lifted.includes(name)) return { ...known, applies: false, why: 'a live grant lifts it' };
      const lifting = [...question.snapshot.policies.policies.values()].filter((policy) =>
        policy.unmask.includes(rule),
      );
      const why =
        lifting.length === 0
          ? 'no policy lifts it'
          : `only a live grant under ${lifting
              .map((policy) => policy.name)
              .sort()
              .join(' or ')} lifts it`;
      return { ...known, applies: true, why };
    }),
  );
}
