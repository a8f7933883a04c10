import { formatInstant } from '../../core/clock/instant.ts';
import type { GatewayState } from '../state/state-store.ts';
import type { Conditions } from '../telemetry/conditions.ts';

/** Says who has, or had, access that nobody approved, for as long as it was not reviewed; the worst first. */
export function showEmergencies(
  conditions: Pick<Conditions, 'set'>,
  { emergencies, grants }: Pick<GatewayState, 'emergencies' | 'grants'>,
  now: number,
): void {
  const open = Object.entries(emergencies).filter(([, { reviewed }]) => reviewed === undefined);
  if (open.length === 0) {
    conditions.set('EmergencyAccess', 'False', 'None', 'no emergency waits for its review');
    return;
  }
  const overdue = open.some(([, { reviewBy }]) => now > reviewBy);
  const inUse = open.some(([uid]) => now < (grants[uid]?.grant.end ?? 0));
  const words = open
    .sort(([, a], [, b]) => a.reviewBy - b.reviewBy)
    .slice(0, 5)
    .map(([uid, { name, subject, policy, notify, reviewBy }]) => {
      const end = formatInstant(grants[uid]?.grant.end ?? 0);
      return `${name}: ${subject} under ${policy} until ${end}, to be reviewed by ${formatInstant(reviewBy)}; tell ${notify.join(', ')}`;
    });
  const more = open.length > 5 ? `; and ${open.length - 5} more` : '';
  const reason = overdue ? 'ReviewOverdue' : inUse ? 'InUse' : 'ReviewDue';
  conditions.set('EmergencyAccess', 'True', reason, `${words.join('; ')}${more}`);
}
