/** Look-up tables over a snapshot, made once and kept as long as it lives: a decision then touches only what concerns it. */
import type { AccessPolicy, MaskPolicy, PolicySet, Stream } from '../model/documents.ts';
import type { Pattern } from '../model/resource.ts';
import type { AdmittedGrant, Tombstone } from '../model/right.ts';
import type { Snapshot } from '../model/snapshot.ts';

export interface SnapshotIndex {
  /** Policies that name a stream, by stream. */
  readonly policiesOf: ReadonlyMap<string, readonly AccessPolicy[]>;
  readonly masksOf: ReadonlyMap<string, readonly MaskPolicy[]>;
  readonly streamsOn: ReadonlyMap<string, readonly Stream[]>;
  readonly grantsOf: ReadonlyMap<string, readonly AdmittedGrant[]>;
  /** By name and uid of the grant. */
  readonly revokedGrants: ReadonlySet<string>;
  readonly revokedSubjects: ReadonlyMap<string, readonly Tombstone[]>;
  /** Streams of a cluster that a topic belongs to, in the order of their names. */
  streamsOfTopic(cluster: string, topic: string): readonly Stream[];
}

type PolicyIndex = Pick<SnapshotIndex, 'policiesOf' | 'masksOf' | 'streamsOn' | 'streamsOfTopic'>;

const ofSnapshot = new WeakMap<Snapshot, SnapshotIndex>();
const ofPolicies = new WeakMap<PolicySet, PolicyIndex>();

/** The tables of a snapshot; the rules' part is shared by snapshots that share their PolicySet. */
export function indexOf(snapshot: Snapshot): SnapshotIndex {
  let index = ofSnapshot.get(snapshot);
  if (!index) {
    const revokedGrants = new Set<string>();
    const revokedSubjects = new Map<string, Tombstone[]>();
    for (const tombstone of snapshot.tombstones) {
      if ('grant' in tombstone.target) revokedGrants.add(tombstone.target.grant);
      else push(revokedSubjects, tombstone.target.subject, tombstone);
    }
    const grantsOf = new Map<string, AdmittedGrant[]>();
    for (const grant of snapshot.grants.values()) push(grantsOf, grant.subject, grant);
    index = { ...policyIndexOf(snapshot.policies), grantsOf, revokedGrants, revokedSubjects };
    ofSnapshot.set(snapshot, index);
  }
  return index;
}

function policyIndexOf(set: PolicySet): PolicyIndex {
  let index = ofPolicies.get(set);
  if (!index) {
    const policiesOf = new Map<string, AccessPolicy[]>();
    for (const policy of byName(set.policies)) for (const name of policy.streams) push(policiesOf, name, policy);
    const masksOf = new Map<string, MaskPolicy[]>();
    for (const mask of byName(set.masks)) for (const name of mask.streams) push(masksOf, name, mask);
    const streamsOn = new Map<string, Stream[]>();
    const topics = new Map<string, TopicTable>();
    for (const stream of byName(set.streams)) {
      push(streamsOn, stream.cluster, stream);
      const table = topics.get(stream.cluster) ?? { literals: new Map(), prefixes: new Map(), lengths: new Set() };
      topics.set(stream.cluster, table);
      for (const pattern of stream.topics) addTopic(table, pattern, stream);
    }
    const streamsOfTopic = (cluster: string, topic: string): readonly Stream[] => {
      const table = topics.get(cluster);
      return table ? lookUp(table, topic) : [];
    };
    index = { policiesOf, masksOf, streamsOn, streamsOfTopic };
    ofPolicies.set(set, index);
  }
  return index;
}

interface TopicTable {
  readonly literals: Map<string, Stream[]>;
  readonly prefixes: Map<string, Stream[]>;
  /** Lengths of the prefixes: a name is looked up once for each. */
  readonly lengths: Set<number>;
}

function addTopic(table: TopicTable, pattern: Pattern, stream: Stream): void {
  if ('literal' in pattern) push(table.literals, pattern.literal, stream);
  else {
    push(table.prefixes, pattern.prefix, stream);
    table.lengths.add(pattern.prefix.length);
  }
}

function lookUp(table: TopicTable, topic: string): readonly Stream[] {
  const found = new Set(table.literals.get(topic));
  for (const length of table.lengths) {
    if (length > topic.length) continue;
    for (const stream of table.prefixes.get(topic.slice(0, length)) ?? []) found.add(stream);
  }
  return found.size < 2 ? [...found] : [...found].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function byName<T extends { readonly name: string }>(map: ReadonlyMap<string, T>): T[] {
  return [...map.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
