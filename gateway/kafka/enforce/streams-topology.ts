/** The topics that a streams group's topology (KIP-1071) names, as heartbeats and descriptions carry it. */

interface Subtopology {
  readonly sourceTopics: readonly string[];
  readonly repartitionSinkTopics: readonly string[];
  readonly repartitionSourceTopics: readonly { readonly name: string }[];
  readonly stateChangelogTopics: readonly { readonly name: string }[];
}

interface Node {
  readonly sourceTopics: readonly string[];
  readonly sinkTopic: string | null;
}

interface Description {
  readonly subtopologies: readonly { readonly nodes: readonly Node[] }[];
  readonly globalStores: readonly { readonly source: Node; readonly processor: Node }[];
}

/** Topics that the broker makes when they are not there. */
export function internalTopics(subtopologies: readonly Subtopology[]): string[] {
  return subtopologies.flatMap(({ repartitionSourceTopics, stateChangelogTopics }) =>
    [...repartitionSourceTopics, ...stateChangelogTopics].map(({ name }) => name),
  );
}

/** All of them. */
export function topologyTopics(subtopologies: readonly Subtopology[]): string[] {
  const named = subtopologies.flatMap(({ sourceTopics, repartitionSinkTopics }) => [
    ...sourceTopics,
    ...repartitionSinkTopics,
  ]);
  return [...named, ...internalTopics(subtopologies)];
}

/** Those in the description that a client left for people to read. */
export function describedTopics({ subtopologies, globalStores }: Description): string[] {
  const nodes = [
    ...subtopologies.flatMap((subtopology) => subtopology.nodes),
    ...globalStores.flatMap(({ source, processor }) => [source, processor]),
  ];
  return nodes.flatMap(({ sourceTopics, sinkTopic }) => [...sourceTopics, ...(sinkTopic === null ? [] : [sinkTopic])]);
}
