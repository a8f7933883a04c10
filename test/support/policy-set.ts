import { loadPolicySet } from '../../core/load/load-policy-set.ts';
import type { SourceFile } from '../../core/load/source-file.ts';
import type { PolicySet } from '../../core/model/documents.ts';

/** A SourceFile from text. */
export function sourceFile(path: string, text: string): SourceFile {
  return { path, bytes: new TextEncoder().encode(text) };
}

/** Writes `kind name: spec-in-flow-YAML` lines as documents in the right folders: short policy repos for tests. */
export function repoFiles(documents: readonly (readonly [kind: string, name: string, spec: string])[]): SourceFile[] {
  const folders: Record<string, string> = {
    Cluster: 'clusters',
    Stream: 'streams',
    Identity: 'identities',
    Group: 'groups',
    AccessPolicy: 'policies',
    ApproverRule: 'approver-rules',
    MaskPolicy: 'masks',
    Grant: 'grants',
    BreakGlass: 'breakglass',
    Revocation: 'revocations',
    PolicyTest: 'tests',
  };
  const text = (kind: string, name: string, spec: string): string =>
    `apiVersion: sluice.dev/v1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
  return [
    sourceFile('sluice.yaml', text('Repo', 'test', '{}')),
    ...documents.map(([kind, name, spec]) => sourceFile(`${folders[kind]}/${name}.yaml`, text(kind, name, spec))),
  ];
}

/** The PolicySet of such documents; a problem in them fails the test. */
export function policySetOf(documents: Parameters<typeof repoFiles>[0]): PolicySet {
  const { policySet, problems } = loadPolicySet(repoFiles(documents));
  if (!policySet) throw new TypeError(JSON.stringify(problems, undefined, 1));
  return policySet;
}

/** Rules by which `readers` of many people read everything. */
export function manyReaders(people: number, readers: number): PolicySet {
  const names = Array.from({ length: people }, (_, i) => `p${i}`);
  const subjects = names.slice(0, readers).map((name) => `{identity: ${name}}`);
  const everybody = subjects.length === 0 ? ['{identity: p0}'] : subjects;
  return policySetOf([
    ['Cluster', 'main', '{type: kafka, owners: [team]}'],
    ['Group', 'team', `{members: [p0]}`],
    ...names.map(
      (name) => ['Identity', name, `{person: {oidc: [{issuer: 'https://idp.example', subject: ${name}}]}}`] as const,
    ),
    ['Stream', 'open', '{cluster: main, topics: [{prefix: open.}], owners: [team]}'],
    [
      'AccessPolicy',
      'read',
      `{effect: allow, mode: standing, subjects: [${everybody.join(', ')}], streams: [open], operations: [consume]}`,
    ],
  ]);
}
