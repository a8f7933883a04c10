/** Puts together what is alike, so that one change of a rule is one line, however many people and streams it is about. */
import { operations } from '../model/resource.ts';
import type { DocumentChanges } from './document-changes.ts';
import type { AccessChange, Cause, Region } from './plan.ts';
import type { RawChange } from './raw-change.ts';
import { claimOf } from './side.ts';

interface Group {
  readonly how: AccessChange['how'];
  readonly aspects: AccessChange['aspects'];
  readonly claims: readonly string[];
  readonly before: string;
  readonly after: string;
  readonly principals: readonly string[];
  readonly operations: readonly string[];
  readonly regions: readonly Region[];
  readonly causes: ReadonlySet<string>;
}

/** Changes of rights, each with the documents that make it. `toHead`: the richer side is the head. */
export function mergeChanges(raw: readonly RawChange[], changes: DocumentChanges, toHead: boolean): AccessChange[] {
  let groups = raw.map(
    (one): Group => ({
      how: one.how,
      aspects: one.aspects,
      claims: one.claims,
      before: toHead ? one.poorer : one.richer,
      after: toHead ? one.richer : one.poorer,
      principals: one.principals,
      operations: [one.operation],
      regions: [{ kind: one.kind, cluster: one.cluster, streams: one.streams, names: one.names }],
      causes: new Set(one.causes),
    }),
  );
  groups = together(groups, ({ principals, ...rest }) => rest);
  groups = together(groups, ({ operations: _operations, ...rest }) => rest);
  groups = together(groups, ({ regions, ...rest }) => [rest, regions[0]!.kind]);
  groups = together(groups, ({ principals, ...rest }) => rest);
  return folded(groups, toHead)
    .map(({ causes, claims, ...group }) => ({
      ...group,
      what: 'access' as const,
      claims: claims.map(claimOf),
      operations: operations.filter((one) => group.operations.includes(one)),
      regions: mergeRegions(group.regions),
      causes: [...causes].map((key) => changes.get(key)!).sort(byPlace),
    }))
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

/** Groups and ids that come with the same right on topics are told with it. */
function folded(groups: readonly Group[], toHead: boolean): Group[] {
  const isTopic = ({ regions }: Group): boolean => regions[0]!.kind === 'topic';
  const keyOf = ({ how, claims, before, after, principals }: Group): string =>
    JSON.stringify([how, claims, toHead ? after : before, principals]);
  const topics = Map.groupBy(groups.filter(isTopic), keyOf);
  const home = (group: Group): Group | undefined =>
    topics
      .get(keyOf(group))
      ?.find(
        (one) => one.aspects.includes('access') && group.operations.every((done) => one.operations.includes(done)),
      );
  const others = groups.filter((group) => !isTopic(group));
  return groups.flatMap((group) => {
    if (!isTopic(group)) return home(group) ? [] : [group];
    const guests = others.filter((other) => home(other) === group);
    return [
      {
        ...group,
        regions: [...group.regions, ...guests.flatMap(({ regions }) => regions)],
        causes: new Set([...group.causes, ...guests.flatMap(({ causes }) => [...causes])]),
      },
    ];
  });
}

/** Merges groups with the same key: everything but what `keyOf` leaves out is equal. Causes are united. */
function together(groups: readonly Group[], keyOf: (group: Omit<Group, 'causes'>) => unknown): Group[] {
  const merged = new Map<
    string,
    {
      first: Group;
      principals: Set<string>;
      operations: Set<string>;
      regions: Map<string, Region>;
      causes: Set<string>;
    }
  >();
  for (const group of groups) {
    const { causes, ...rest } = group;
    const key = JSON.stringify(keyOf(rest));
    let target = merged.get(key);
    if (!target) {
      target = { first: group, principals: new Set(), operations: new Set(), regions: new Map(), causes: new Set() };
      merged.set(key, target);
    }
    for (const name of group.principals) target.principals.add(name);
    for (const operation of group.operations) target.operations.add(operation);
    for (const region of group.regions) target.regions.set(JSON.stringify(region), region);
    for (const cause of causes) target.causes.add(cause);
  }
  return [...merged.values()].map(({ first, principals, operations: done, regions, causes }) => ({
    ...first,
    principals: [...principals].sort(),
    operations: [...done].sort(),
    regions: [...regions.values()].sort((a, b) => (regionKey(a) < regionKey(b) ? -1 : 1)),
    causes,
  }));
}

/** One region for the same streams of a cluster. */
function mergeRegions(regions: readonly Region[]): Region[] {
  const merged = Map.groupBy(regions, ({ kind, cluster, streams }) => JSON.stringify([kind, cluster, streams]));
  return [...merged.values()].map((same) => ({
    ...same[0]!,
    names: [...new Set(same.flatMap(({ names }) => names))].sort(),
  }));
}

function regionKey({ kind, cluster, streams, names }: Region): string {
  return JSON.stringify([kind, cluster, streams, names]);
}

const order = { standing: 0, request: 1, grant: 2, breakGlass: 3 } as const;

function sortKey({ how, aspects, regions, principals, operations: done, before, after, claims }: AccessChange): string {
  const masks = aspects.some((aspect) => aspect !== 'access') ? 0 : 1;
  const kind = regions[0]!.kind === 'topic' ? 0 : 1;
  return JSON.stringify([kind, masks, order[how], regions, principals, done, before, after, claims]);
}

function byPlace(a: Cause, b: Cause): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || (`${a.kind}/${a.name}` < `${b.kind}/${b.name}` ? -1 : 1);
}
