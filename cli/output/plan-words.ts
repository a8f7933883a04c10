/** Words for a plan that its renderers share. */
import type { PolicySet, Stream } from '../../core/model/documents.ts';
import { formatPattern } from '../../core/model/resource.ts';
import type { AccessChange, AccessHours, Cause, Claim, Plan, PlanChange, Region } from '../../core/plan/plan.ts';

/** What names of groups and streams are looked up in. */
export interface PlanSides {
  readonly before: PolicySet | undefined;
  readonly after: PolicySet | undefined;
}

/** `standing access`, `access on request, masks lifted`. */
export function headline(change: PlanChange): string {
  if (change.what !== 'access') return change.what === 'repo' ? 'settings of the repo' : 'who an Identity is';
  const how = {
    standing: 'standing access',
    request: 'access on request',
    grant: 'granted access',
    breakGlass: 'emergency access',
  }[change.how];
  const masks = change.aspects.some((aspect) => aspect.startsWith('mask ')) ? ['masks'] : [];
  const recording = change.aspects.includes('recording') ? ['recording'] : [];
  if (change.aspects.includes('access')) return [how, ...masks].join(' and ');
  return `${[...masks, ...recording].join(' and ')} of ${how}`;
}

/** Identities by the largest groups that are in it whole, then by name: every one is named or counted. */
export function who(principals: readonly string[], { before, after }: PlanSides): string[] {
  const left = new Set(principals);
  if (principals.length > 2 && principals.length === after?.identities.size)
    return [`all ${principals.length} Identities`];
  const groups = [...groupsOf(after), ...groupsOf(before)]
    .map(([name, members]) => ({ name, members: [...new Set(members)] }))
    .filter(({ members }) => members.length > 1 && members.every((member) => left.has(member)))
    .sort((a, b) => b.members.length - a.members.length || (a.name < b.name ? -1 : 1));
  const named: string[] = [];
  for (const { name, members } of groups) {
    if (!members.every((member) => left.has(member))) continue;
    named.push(`group ${name} (${members.length})`);
    for (const member of members) left.delete(member);
  }
  return [...named, ...[...left].sort()];
}

function groupsOf(set: PolicySet | undefined): [string, readonly string[]][] {
  return [...(set?.groups.values() ?? [])].map(({ name, members }) => [name, members]);
}

/** One text for each set of names: whole streams by their names, parts of them by their topics. */
export function where(regions: readonly Region[], { before, after }: PlanSides): string[] {
  const whole = new Map<string, string[]>();
  const parts: string[] = [];
  for (const { kind, cluster, streams, names } of regions) {
    const [only] = streams;
    if (kind === 'topic' && streams.length === 1 && isWhole(only!, names, [after, before])) {
      whole.set(cluster, [...(whole.get(cluster) ?? []), only!]);
    } else if (kind === 'topic') parts.push(`topics ${names.join(', ')} of ${streams.join(' and ')} on ${cluster}`);
    else if (kind === 'cluster') parts.push(`cluster ${cluster}`);
    else parts.push(`${kind === 'group' ? 'consumer groups' : 'transactional ids'} ${names.join(', ')} on ${cluster}`);
  }
  const streams = [...whole].map(
    ([cluster, names]) => `${names.length === 1 ? 'stream' : 'streams'} ${names.join(', ')} on ${cluster}`,
  );
  return [...streams, ...parts];
}

function isWhole(name: string, names: readonly string[], sets: readonly (PolicySet | undefined)[]): boolean {
  const known = sets.map((set) => set?.streams.get(name)).filter((stream): stream is Stream => stream !== undefined);
  return (
    known.length > 0 && known.every(({ topics }) => topics.map(formatPattern).every((topic) => names.includes(topic)))
  );
}

export function claimsText(claims: readonly Claim[]): string {
  return claims.map(({ issuer, claim, value }) => `${claim} ${value} of ${issuer}`).join(' and ');
}

/** What no longer is hidden, or recorded, as well as it was. */
export function aspectsText({ aspects }: AccessChange, widens: boolean): string | undefined {
  const masks = aspects.filter((aspect) => aspect.startsWith('mask ')).map((aspect) => aspect.slice('mask '.length));
  if (masks.length === aspects.length) return undefined; // before and after say it
  const texts = masks.length > 0 ? [`${masks.join(', ')} ${widens ? 'no longer hide it as well' : 'hide more'}`] : [];
  if (aspects.includes('recording')) texts.push(widens ? 'recorded bestEffort' : 'recorded strictly');
  return texts.length > 0 ? texts.join('; ') : undefined;
}

/** `Group team (members)` and where it stands. */
export function causeText({ kind, name, change, fields }: Cause): string {
  const what = kind === 'Repo' ? 'Repo' : `${kind} ${name}`;
  return change === 'changed' ? `${what} (${fields.join(', ')})` : `${what} ${change}`;
}

export function hoursText({ before, after }: AccessHours): string {
  const difference = Math.round((after - before) * 10) / 10;
  return `${before} -> ${after} (${difference > 0 ? '+' : ''}${difference})`;
}

/** `rules give more to 1 of 6 Identities`. */
export function widenedText({ widened, all }: { readonly widened: number; readonly all: number }): string {
  return `rules give more to ${widened} of ${all} Identities`;
}

/** `1 widening, 2 narrowings`. */
export function counts({ widens, narrows }: Pick<Plan, 'widens' | 'narrows'>): string {
  const words = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;
  return `${words(widens.length, 'widening')}, ${words(narrows.length, 'narrowing')}`;
}

/** What to paste into `sluice.yaml`. */
export function acknowledgement(digest: string): string[] {
  return ['acknowledge:', `  - ${digest}`];
}

export function revisionText(commit: string | undefined): string {
  return commit === undefined ? 'the files here' : commit.slice(0, 12);
}
