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
