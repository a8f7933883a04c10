/** Safety limits: what widens much, lifts a mask or takes a stream from its approvers has to be acknowledged. */
import type { PolicySet, Repo } from '../model/documents.ts';
import type { AccessChange, Plan, PlanChange, TrippedLimit } from './plan.ts';

/** Identities that the rules give more. */
export function widenedPrincipals(widens: readonly PlanChange[]): ReadonlySet<string> {
  return new Set(widens.flatMap((change) => change.principals));
}

/** Limits that the change goes beyond; those of the base count, so that no change lifts its own. `widens` is of rules alone. */
export function trippedLimits(base: PolicySet, head: PolicySet, widens: readonly PlanChange[]): TrippedLimit[] {
  const tripped: TrippedLimit[] = [];
  const widened = widenedPrincipals(widens).size;
  const all = head.identities.size;
  const most = base.repo.widenPrincipalsPercent;
  if (widened * 100 > most * all) {
    const percent = Math.floor((widened * 1000) / all) / 10;
    const message = `it widens what ${widened} of ${all} Identities may do (${percent} %); the limit is ${most} %`;
    tripped.push({ limit: 'widenPrincipalsPercent', message });
  }
  const masks = new Set(
    widens
      .filter((change): change is AccessChange => change.what === 'access' && ofRules(change))
      .flatMap(({ aspects }) => aspects.filter((aspect) => aspect.startsWith('mask '))),
  );
  if (masks.size > 0) {
    tripped.push({ limit: 'masks', message: `it lifts or weakens ${[...masks].sort().join(', ')}` });
  }
  for (const [name, why] of withoutApprovers(base, head)) {
    tripped.push({ limit: 'approvers', message: `it leaves stream ${name} without approvers: ${why}` });
  }
  return tripped;
}

/** True when the plan trips a limit and `sluice.yaml` of its head does not say that this is meant. */
export function unacknowledged(plan: Pick<Plan, 'limits' | 'digest'>, repo: Pick<Repo, 'acknowledge'>): boolean {
  return plan.limits.length > 0 && !repo.acknowledge.includes(plan.digest);
}

/** Rules changed, not only who is in a group that they name. */
function ofRules({ causes }: PlanChange): boolean {
  return (
    causes.length === 0 ||
    causes.some(({ kind }) => kind === 'MaskPolicy' || kind === 'AccessPolicy' || kind === 'Stream')
  );
}

/** Streams whose access somebody had to sign for, and has not now. */
function withoutApprovers(base: PolicySet, head: PolicySet): [name: string, why: string][] {
  const found: [string, string][] = [];
  for (const [name, before] of base.streams) {
    const after = head.streams.get(name);
    if (!after) continue;
    const standing = (set: PolicySet): boolean => names(set, name, 'standing');
    if (before.minimumApproval !== undefined && after.minimumApproval === undefined) {
      found.push([name, `its minimumApproval ${before.minimumApproval} is gone`]);
    } else if (names(base, name, 'onRequest') && !standing(base) && standing(head)) {
      found.push([name, 'what was given on request only now stands for some']);
    }
  }
  return found;
}

function names({ policies }: PolicySet, stream: string, mode: 'standing' | 'onRequest'): boolean {
  return [...policies.values()].some(
    (policy) => policy.effect === 'allow' && policy.mode === mode && policy.streams.includes(stream),
  );
}
