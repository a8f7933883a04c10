import { formatInstant } from '../../core/clock/instant.ts';
import type { Freshness } from '../snapshot/freshness.ts';
import type { Conditions } from '../telemetry/conditions.ts';

/** Says how old the rules are, and what that keeps from being allowed. */
export function showFreshness(conditions: Conditions, freshness: Freshness, now: number): void {
  const since = `the policy repo was last read at ${formatInstant(freshness.lastSuccess)}`;
  const level = freshness.level(now);
  if (level === 'fresh') conditions.set('Fresh', 'True', 'Fetched', 'the policy repo is read in time');
  else if (level === 'stale')
    conditions.set('Fresh', 'False', 'NoNewGrantSessions', `${since}: grants open no new sessions`);
  else conditions.set('Fresh', 'False', 'EverythingDenied', `${since}: everything is denied`);
}
