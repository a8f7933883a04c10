/** Which documents differ between two policy sets, in what, and where they stand. */
import type { PolicyDocument, PolicySet } from '../model/documents.ts';
import type { Cause } from './plan.ts';

/** By `Kind/name`. Where a document stands does not count; a removed one is told where it stood. */
export type DocumentChanges = ReadonlyMap<string, Cause>;

export function documentChanges(base: PolicySet, head: PolicySet): DocumentChanges {
  const [before, after] = [documentsOf(base), documentsOf(head)];
  const changes = new Map<string, Cause>();
  for (const [key, document] of after) {
    const old = before.get(key);
    const fields = old && old !== document ? differingFields(old, document) : [];
    if (!old || fields.length > 0) changes.set(key, cause(document, old ? 'changed' : 'added', fields));
  }
  for (const [key, document] of before) if (!after.has(key)) changes.set(key, cause(document, 'removed', []));
  return changes;
}

function cause(document: PolicyDocument, change: Cause['change'], fields: readonly string[]): Cause {
  const { kind, name, at } = document;
  return { kind, name, change, fields, file: at.file, line: at.line };
}

function documentsOf(set: PolicySet): Map<string, PolicyDocument> {
  const { repo, ...maps } = set;
  const all: PolicyDocument[] = [repo, ...Object.values(maps).flatMap((map) => [...map.values()] as PolicyDocument[])];
  return new Map(
    all.map((document) => [`${document.kind}/${document.kind === 'Repo' ? '' : document.name}`, document]),
  );
}

function differingFields(a: PolicyDocument, b: PolicyDocument): string[] {
  const [left, right] = [a, b] as unknown as Record<string, unknown>[];
  const fields = new Set([...Object.keys(left!), ...Object.keys(right!)]);
  return [...fields]
    .filter((field) => field !== 'at' && JSON.stringify(left![field]) !== JSON.stringify(right![field]))
    .sort();
}
