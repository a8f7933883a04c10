/** The topics of both sides, cut where a pattern begins: inside a region every name belongs to the same streams and grants. */
import type { Stream } from '../model/documents.ts';
import { formatPattern, matches, type Pattern } from '../model/resource.ts';
import type { Side } from './side.ts';

export interface TopicRegion {
  readonly cluster: string;
  /** `name` or `start*`, sorted; a prefix stands for what no other pattern names more exactly. */
  readonly names: readonly string[];
  /** One name of the region: it stands for all of them. */
  readonly sample: string;
  readonly before: readonly Stream[];
  readonly after: readonly Stream[];
}

/** Regions of every cluster. Patterns nest or have nothing in common, so one more than each pattern's own is never needed. */
export function topicRegions(before: Side, after: Side): TopicRegion[] {
  const regions = new Map<string, TopicRegion>();
  for (const [cluster, patterns] of patternsByCluster([before, after])) {
    const unused = unusedCharacter(patterns);
    const grants = [before, after].flatMap(({ snapshot }) =>
      [...snapshot.grants.values()].filter((grant) => grant.cluster === cluster),
    );
    for (const pattern of patterns) {
      const sample = 'literal' in pattern ? pattern.literal : pattern.prefix + unused;
      const streams = [before, after].map(({ index }) => index.streamsOfTopic(cluster, sample));
      const inGrants = grants.map(({ uid, streams: frozen }) =>
        frozen.some(({ topics }) => topics.some((topic) => matches(topic, sample))) ? uid : '',
      );
      const key = JSON.stringify([cluster, streams.map((list) => list.map(({ name }) => name)), inGrants]);
      const known = regions.get(key);
      regions.set(key, {
        cluster,
        names: [...(known?.names ?? []), formatPattern(pattern)].sort(),
        sample: known?.sample ?? sample,
        before: streams[0]!,
        after: streams[1]!,
      });
    }
  }
  return [...regions.values()];
}

function patternsByCluster(sides: readonly Side[]): Map<string, Pattern[]> {
  const found = new Map<string, Map<string, Pattern>>();
  const add = (cluster: string, patterns: readonly Pattern[]): void => {
    const known = found.get(cluster) ?? new Map<string, Pattern>();
    found.set(cluster, known);
    for (const pattern of patterns) known.set(JSON.stringify(pattern), pattern);
  };
  for (const { set, snapshot } of sides) {
    for (const stream of set.streams.values()) add(stream.cluster, stream.topics);
    for (const grant of snapshot.grants.values()) {
      for (const { topics } of grant.streams) add(grant.cluster, topics);
    }
  }
  return new Map([...found].map(([cluster, known]) => [cluster, [...known.values()]]));
}

/** A character that no pattern has: a prefix and it are a name that no longer pattern matches. */
function unusedCharacter(patterns: readonly Pattern[]): string {
  const used = new Set(patterns.flatMap((pattern) => [...('literal' in pattern ? pattern.literal : pattern.prefix)]));
  let code = 0xe000;
  while (used.has(String.fromCodePoint(code))) code++;
  return String.fromCodePoint(code);
}
