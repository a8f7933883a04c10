import { expect, test } from 'vitest';
import type { TreeChange, TreeEntry } from '../../../core/git/bare-clone.ts';
import type { SourceFile } from '../../../core/load/source-file.ts';
import { requestContent } from '../../../core/source/request-content.ts';
import { RevisionLoader } from '../../../core/source/revision.ts';
import { repoFiles } from '../../support/policy-set.ts';

type Doc = readonly [kind: string, name: string, spec: string];

const person = (name: string): Doc => ['Identity', name, `{person: {oidc: [{issuer: https://idp, subject: ${name}}]}}`];
const rules: Doc[] = [
  ['Cluster', 'main', '{type: kafka}'],
  ['Stream', 'orders', '{cluster: main, topics: [{prefix: orders.}]}'],
  ...['alice', 'bob'].map(person),
  ['Group', 'leads', '{members: [bob]}'],
  ['ApproverRule', 'leads', '{require: {all: [{from: leads, count: 1}]}}'],
  [
    'AccessPolicy',
    'ask',
    '{mode: onRequest, subjects: [{identity: alice}], streams: [orders], operations: [consume], limits: {maxDuration: PT1H}, approval: leads, breakGlass: {maxDuration: PT30M, notify: [leads], reviewWithin: P1D}}',
  ],
];
const common =
  'subject: alice, policy: ask, streams: [orders], operations: [consume], window: {duration: PT30M}, reason: r';
const uid = (n: number): string => n.toString(16).padStart(32, '0');
const grant = (n: number): Doc => ['Grant', `g${n}`, `{uid: "${uid(n)}", requestedBy: alice, ${common}}`];
const signature = '"-----BEGIN SSH SIGNATURE-----\\nYWFh\\n-----END SSH SIGNATURE-----\\n"';
const emergency = (n: number): Doc => [
  'BreakGlass',
  `b${n}`,
  `{uid: "${uid(n)}", ${common}, signedAt: "2026-11-24T12:00:00Z", signature: ${signature}}`,
];

/** Commits as objects in memory, and how many blobs were read. */
function repo(commits: Readonly<Record<string, readonly Doc[]>>) {
  const blobs = new Map<string, SourceFile>();
  const trees = Object.fromEntries(
    Object.entries(commits).map(([commit, docs]) => [
      commit,
      repoFiles(docs).map((file): TreeEntry => {
        const id = Buffer.from(file.bytes).toString('base64');
        blobs.set(id, file);
        return { mode: '100644', type: 'blob', id, path: file.path };
      }),
    ]),
  );
  const reads = { count: 0 };
  const objects = {
    tree: async (commit: string) => trees[commit]!,
    blob: async (id: string) => {
      reads.count++;
      return Buffer.from(blobs.get(id)!.bytes);
    },
    changes: async (from: string, to: string): Promise<TreeChange[]> => {
      const [old, now] = [from, to].map((commit) => new Map(trees[commit]!.map((entry) => [entry.path, entry])));
      const paths = [...new Set([...old!.keys(), ...now!.keys()])].sort();
      return paths
        .map((path) => ({ path, before: old!.get(path), after: now!.get(path) }))
        .filter(({ before, after }) => before?.id !== after?.id);
    },
  };
  const from = { clone: objects, loader: new RevisionLoader(objects), repo: { repoId: 'r', branch: 'main' } };
  return { reads, asked: (base: string, commit: string) => requestContent(from, base, commit) };
}

const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, n) => n + from);

test('a request asks for each grant that it brings, up to 50 files of grants and emergencies together', async () => {
  const most = numbers(50).map(grant);
  const { asked, reads } = repo({
    base: rules,
    most: [...rules, ...most],
    more: [...rules, ...most, grant(51)],
    mixed: [...rules, ...most, emergency(51), person('carol')],
    gone: [...rules, grant(51)],
  });
  const found = await asked('base', 'most');
  expect(found.map((one) => one.uid).sort()).toEqual(numbers(50).map(uid));
  expect(await asked('base', 'more')).toEqual([]);
  reads.count = 0;
  expect((await asked('base', 'mixed')).map(({ kind }) => kind)).toEqual(['policy']);
  expect(reads.count).toBe(0); // the rules are known already, and nothing else was looked at
  // Grants that are taken away ask for nothing, however many they are.
  expect(await asked('more', 'gone')).toEqual([]);
});

test('an emergency asks for its review when it is alone, so that nobody reviews it with something else', async () => {
  const { asked } = repo({
    base: rules,
    alone: [...rules, emergency(1)],
    two: [...rules, emergency(1), emergency(2)],
    granted: [...rules, emergency(1), grant(3)],
    ruled: [...rules, emergency(1), person('carol')],
  });
  const told = async (base: string, commit: string) => (await asked(base, commit)).map((one) => [one.kind, one.uid]);
  expect(await told('base', 'alone')).toEqual([['grant', uid(1)]]);
  expect(await told('alone', 'base')).toEqual([['grant', uid(1)]]);
  expect(await told('base', 'two')).toEqual([]);
  expect(await told('base', 'granted')).toEqual([['grant', uid(3)]]);
  expect(await told('base', 'ruled')).toEqual([['policy', '']]);
});
