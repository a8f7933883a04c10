/** Which of the changed documents a difference in rights comes from. */
import type { AccessPolicy } from '../model/documents.ts';
import { approverGroups } from './approval.ts';
import type { DocumentChanges } from './document-changes.ts';
import type { Aspect } from './plan.ts';
import type { Side } from './side.ts';
import type { StreamFacts, Way } from './ways.ts';

/** The two sides of a comparison, and what differs between them. */
export interface Comparison {
  readonly poorer: Side;
  readonly richer: Side;
  readonly changes: DocumentChanges;
}

/** Keys (`Kind/name`) of changed documents that gave or took away; if there are none, of whatever else speaks of it. */
export function involved(
  comparison: Comparison,
  identity: string,
  combo: readonly Way[],
  aspects: readonly Aspect[],
  now: readonly StreamFacts[],
  old: readonly StreamFacts[],
): string[] {
  const { poorer, richer, changes } = comparison;
  const streams = [...now, ...old].map(({ stream }) => stream.name);
  const masks = aspects.some((aspect) => aspect.startsWith('mask'))
    ? [richer, poorer].flatMap(({ index }) => streams.flatMap((name) => index.masksOf.get(name) ?? []))
    : [];
  const masksChanged = changed(
    masks.map(({ name }) => `MaskPolicy/${name}`),
    changes,
  );
  if (masksChanged.length > 0 && aspects.every((aspect) => aspect.startsWith('mask'))) return masksChanged;
  const likely = [
    ...combo.flatMap((way) => wayCauses(comparison, richer, identity, way)),
    ...changed(
      streams.map((name) => `Stream/${name}`),
      changes,
    ),
    ...old.flatMap(({ bans }) => bans.flatMap(({ policy }) => policyCauses(comparison, poorer, identity, policy))),
    ...revocationCauses(poorer, identity, combo, changes),
    ...masksChanged,
    ...changed([`Identity/${identity}`], changes),
  ];
  if (likely.length > 0) return likely;
  return old.flatMap(({ ways }) => ways.flatMap((way) => wayCauses(comparison, poorer, identity, way)));
}

export function wayCauses(comparison: Comparison, side: Side, identity: string, way: Way): readonly string[] {
  const own = signingCauses(comparison.changes, way);
  const ofPolicy = policyCauses(comparison, side, identity, way.policy);
  return own.length === 0 ? ofPolicy : [...own, ...ofPolicy];
}

/** The same way is asked for in every region and for every operation. */
const ofWays = new WeakMap<DocumentChanges, Map<Way, readonly string[]>>();

/** The grant, and who has to sign. */
function signingCauses(changes: DocumentChanges, way: Way): readonly string[] {
  const known = ofWays.get(changes) ?? new Map<Way, readonly string[]>();
  ofWays.set(changes, known);
  const found = known.get(way);
  if (found) return found;
  const { requirement, grant } = way;
  const signing = requirement
    ? [
        ...requirement.rules.map(({ name }) => `ApproverRule/${name}`),
        ...approverGroups(requirement).map((name) => `Group/${name}`),
      ]
    : [];
  const causes = changed([...(grant ? [`Grant/${grant.name}`] : []), ...signing], changes);
  known.set(way, causes);
  return causes;
}

/** By side (which has one other), policy and Identity: asked for as often as ways are. */
const ofPolicies = new WeakMap<Side, Map<AccessPolicy, Map<string, readonly string[]>>>();

/** The policy, and the groups that somebody came into, or left, and through which it is about them. */
export function policyCauses(
  { poorer, richer, changes }: Comparison,
  side: Side,
  identity: string,
  policy: AccessPolicy,
): readonly string[] {
  const ofSide = ofPolicies.get(side) ?? new Map<AccessPolicy, Map<string, readonly string[]>>();
  ofPolicies.set(side, ofSide);
  const ofPolicy = ofSide.get(policy) ?? new Map<string, readonly string[]>();
  ofSide.set(policy, ofPolicy);
  const known = ofPolicy.get(identity);
  if (known) return known;
  const other = side === richer ? poorer : richer;
  const groups = policy.subjects.flatMap((subject) => {
    const key = 'group' in subject ? `Group/${subject.group}` : '';
    if (!('group' in subject) || !changes.has(key)) return [];
    const [here, there] = [side, other].map(({ set }) => set.groups.get(subject.group));
    const joined = here?.members.includes(identity) === true && !there?.members.includes(identity);
    return joined || (here?.fromClaim && JSON.stringify(here.fromClaim) !== JSON.stringify(there?.fromClaim))
      ? [key]
      : [];
  });
  const causes = [...changed([`AccessPolicy/${policy.name}`], changes), ...groups];
  ofPolicy.set(identity, causes);
  return causes;
}

export function revocationCauses(
  { set }: Side,
  identity: string,
  combo: readonly Way[],
  changes: DocumentChanges,
): string[] {
  if (set.revocations.size === 0) return [];
  const grants = combo.flatMap(({ grant }) => (grant ? [grant.name, grant.uid] : []));
  const revocations = [...set.revocations.values()].filter(({ target }) =>
    'subject' in target ? target.subject === identity : grants.includes(target.grant),
  );
  return changed(
    revocations.map(({ name }) => `Revocation/${name}`),
    changes,
  );
}

export function changed(keys: readonly string[], changes: DocumentChanges): string[] {
  return keys.filter((key) => changes.has(key));
}
