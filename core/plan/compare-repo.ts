import type { DocumentChanges } from './document-changes.ts';
import type { SettingChange } from './plan.ts';
import type { Side } from './side.ts';

/** What the `richer` repo's own settings let pass that the `poorer` one's do not. */
export function compareRepo(poorer: Side, richer: Side, changes: DocumentChanges): SettingChange[] {
  const [old, now] = [poorer.set.repo, richer.set.repo];
  const found: [before: string, after: string][] = [];
  if (now.quorum < old.quorum) found.push([signatures(old.quorum), signatures(now.quorum)]);
  if (now.widenPrincipalsPercent > old.widenPrincipalsPercent) {
    found.push([share(old.widenPrincipalsPercent), share(now.widenPrincipalsPercent)]);
  }
  const cause = changes.get('Repo/');
  const causes = cause ? [cause] : [];
  return found.map(([before, after]) => ({ what: 'repo', principals: [], before, after, causes }));
}

function signatures(count: number): string {
  return `a change of rules needs ${count} owner ${count === 1 ? 'signature' : 'signatures'}`;
}

function share(percent: number): string {
  return `a change may widen what ${percent} % of all Identities may do, unacknowledged`;
}
