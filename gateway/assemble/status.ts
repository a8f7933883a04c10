import { formatInstant } from '../../core/clock/instant.ts';
import type { GatewayStatus, GrantStatus } from '../../core/model/admin-api.ts';
import type { Condition } from '../../core/model/condition.ts';
import type { AdmittedGrant } from '../../core/model/right.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { isOver } from '../reconcile/ended.ts';
import type { GatewayState } from '../state/state-store.ts';

/** Internal values to what `/status` says: instants as RFC 3339. */
export function statusOf(from: {
  gateway: string;
  version: string;
  startedAt: number;
  ready: boolean;
  snapshot: Snapshot | undefined;
  lastFetch: number | undefined;
  conditions: readonly Condition[];
  clusters: GatewayStatus['clusters'];
  sessions: number;
  workers: GatewayStatus['workers'];
  grants: readonly GrantStatus[];
  cleanUpDebts: number;
}): GatewayStatus {
  const { startedAt, snapshot, lastFetch, conditions, ...same } = from;
  return {
    ...same,
    startedAt: formatInstant(startedAt),
    revision: snapshot?.revision,
    generation: snapshot?.generation ?? 0,
    lastFetch: lastFetch === undefined ? undefined : formatInstant(lastFetch),
    conditions: conditions.map((condition) => ({ ...condition, since: formatInstant(condition.since) })),
  };
}

/** Every grant that was admitted or refused, in the state it has now. */
export function grantStatuses(state: GatewayState, inForce: Snapshot | undefined, now: number): readonly GrantStatus[] {
  const admitted = Object.values(state.grants).map(
    ({ grant }): GrantStatus => ({
      name: grant.name,
      uid: grant.uid,
      state: grantState(state, grant, inForce, now),
      subject: grant.subject,
      policy: grant.policy,
      start: grant.firstUse ? undefined : formatInstant(grant.start),
      end: formatInstant(grant.end),
      approvedBy: grant.approvedBy,
      refusal: undefined,
    }),
  );
  const refused = state.refusals.flatMap((verdict): GrantStatus[] =>
    verdict.kind === 'grant'
      ? [
          {
            name: verdict.name,
            uid: verdict.uid,
            state: 'Refused',
            subject: '',
            policy: '',
            start: undefined,
            end: undefined,
            approvedBy: verdict.approvals.map((approval) => approval.by),
            refusal: { reason: verdict.refusal ?? 'NotAdmitted', message: verdict.message },
          },
        ]
      : [],
  );
  return [...admitted, ...refused];
}

/** A grant is active when whoever looks can use it: in the snapshot that is in force everywhere, with a time that runs. */
function grantState(
  state: GatewayState,
  grant: AdmittedGrant,
  inForce: Snapshot | undefined,
  now: number,
): GrantStatus['state'] {
  if (isOver(state, grant)) return 'Revoked';
  if (now >= grant.end) return 'Expired';
  const usable = inForce?.grants.get(grant.uid);
  return usable === undefined || now < usable.start ? 'Scheduled' : 'Active';
}
