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
  const widened = widenedPrincipals(widens);
  const most = base.repo.widenPrincipalsPercent;
  const message = shareProblem(widened, base, most);
  if (message !== undefined) tripped.push({ limit: 'widenPrincipalsPercent', message });
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

/**
 * Says when more than `most` % are widened: of the Identities that were there before, however many the change adds, so
 * that nobody makes the share smaller by adding some that may do nothing. Those that are new count where they get rights.
 */
function shareProblem(widened: ReadonlySet<string>, base: PolicySet, most: number): string | undefined {
  const before = Math.max(base.identities.size, 1);
  if (widened.size * 100 <= most * before) return undefined;
  const percent = Math.floor((widened.size * 1000) / before) / 10;
  const added = [...widened].filter((name) => !base.identities.has(name)).length;
  const of =
    added === 0
      ? `${widened.size} of ${before} Identities may do`
      : `${widened.size} ${widened.size === 1 ? 'Identity' : 'Identities'} may do, ${added} of them new, where there were ${base.identities.size}`;
  return `it widens what ${of} (${percent} %); the limit is ${most} %`;
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
