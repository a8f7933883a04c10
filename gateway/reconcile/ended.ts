import type { AdmittedGrant } from '../../core/model/right.ts';
import type { GatewayState } from '../state/state-store.ts';

/** Ended before its time: its document is gone, or a revocation named it or its subject. */
export function isOver(
  { deletedGrants, tombstones }: Pick<GatewayState, 'deletedGrants' | 'tombstones'>,
  { uid, name, subject, admittedAt }: AdmittedGrant,
): boolean {
  return (
    deletedGrants.includes(uid) ||
    tombstones.some(({ target, seenAt }) =>
      'grant' in target
        ? target.grant === uid || target.grant === name
        : target.subject === subject && admittedAt <= seenAt,
    )
  );
}

/** A uid is admitted once, ever: also one that was in the repo when the owners signed a baseline, or was deleted. */
export function isUsed(
  { grants, baseline, deletedGrants }: Pick<GatewayState, 'grants' | 'baseline' | 'deletedGrants'>,
  uid: string,
): boolean {
  return Object.hasOwn(grants, uid) || deletedGrants.includes(uid) || (baseline?.uids.includes(uid) ?? false);
}
