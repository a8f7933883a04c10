import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments, parseDocument, stringify } from 'yaml';
import { lint } from '../../../core/lint/lint.ts';
import { lintRules } from '../../../core/lint/registry.ts';
import { loadPolicySet } from '../../../core/load/load-policy-set.ts';
import type { SourceFile } from '../../../core/load/source-file.ts';
import { readFolder } from '../../../core/source/folder.ts';
import { repoFiles, sourceFile } from '../../support/policy-set.ts';

const now = Date.parse('2026-11-29T00:00:00Z');
const subjects = 'subjects: [{group: oncall}], streams: [orders], operations: [consume]';

const person = (subject: string) => `{person: {oidc: [{issuer: "https://idp.example.com", subject: ${subject}}]}}`;

/** What the examples of the rules name. */
const world: Parameters<typeof repoFiles>[0] = [
  ['Cluster', 'main', '{type: kafka}'],
  ['Stream', 'orders', '{cluster: main, topics: [{prefix: orders.}], owners: [owners]}'],
  ['Stream', 'customers', '{cluster: main, topics: [{prefix: customers.}], classification: confidential}'],
  ...['alice', 'bob', 'carol'].map((name) => ['Identity', name, person(name)] as const),
  ['Group', 'oncall', '{members: [alice, bob]}'],
  ['Group', 'owners', '{members: [bob, carol]}'],
  ['Group', 'leads', '{members: [bob]}'],
  ['Group', 'platform', '{members: [carol]}'],
  ['Group', 'contractors', '{members: [carol]}'],
  ['ApproverRule', 'owners', '{require: {all: [{from: owners, count: 1}]}}'],
  ['ApproverRule', 'lead', '{require: {any: [{from: leads, count: 1}, {from: platform, count: 1}]}}'],
  ['AccessPolicy', 'orders-read', `{mode: standing, ${subjects}}`],
  [
    'AccessPolicy',
    'orders-on-request',
    '{mode: onRequest, subjects: [{group: oncall}], streams: [orders, customers], operations: [consume], limits: {maxDuration: PT4H}, approval: lead}',
  ],
  [
    'AccessPolicy',
    'no-contractors',
    '{effect: deny, subjects: [{group: contractors}], streams: [customers], operations: [consume, produce]}',
  ],
  ['MaskPolicy', 'orders-personal-data', '{streams: [orders], rules: [{name: e-mail, detector: email, action: hash}]}'],
];

/** The world with these documents added, or in the place of those of the same name. */
function withDocuments(texts: readonly string[], settings = '{rules: {grant/no-ticket: warn}}'): SourceFile[] {
  const files = new Map(repoFiles(world).map((file) => [file.path, file]));
  const repo = `apiVersion: sluice.dev/v1\nkind: Repo\nmetadata: {name: test}\nspec: {lint: ${settings}}\n`;
  files.set('sluice.yaml', sourceFile('sluice.yaml', repo));
  for (const text of texts) {
    const head = parseDocument(text).toJS() as { kind: string; metadata: { name: string } } | null;
    if (!head) continue;
    const path = repoFiles([[head.kind, head.metadata.name, '']])[1]!.path;
    files.set(path, sourceFile(path, `apiVersion: sluice.dev/v1\n${text}\n`));
  }
  return [...files.values()];
}

function found(files: readonly SourceFile[]) {
  const { policySet, problems } = loadPolicySet(files);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (!policySet) throw new TypeError(JSON.stringify(errors, undefined, 1));
  return lint(files, policySet, now);
}

const count = (id: string, files: readonly SourceFile[]) => found(files).filter(({ rule }) => rule === id).length;

describe.each(lintRules)('$id', ({ id, avoid, prefer, level }) => {
  test('finds what to avoid', () => {
    expect(count(id, withDocuments([avoid]))).toBe(count(id, withDocuments([])) + 1);
  });

  test('finds nothing in what to prefer', () => {
    // Where the first document is missing something, the second is what was missing.
    const texts = /^unused|personal$/.test(id) ? [avoid, prefer] : [prefer];
    expect(count(id, withDocuments(texts))).toBeLessThanOrEqual(count(id, withDocuments([])));
  });

  test('is turned off, to an error, and off for a document', () => {
    const at = (settings: string, text = avoid) =>
      found(withDocuments([text], settings)).filter(({ rule }) => rule === id);
    expect(at(`{rules: {${id}: off}}`)).toEqual([]);
    expect(at(`{rules: {${id}: error}}`)[0]?.severity).toBe('error');
    if (level !== 'off') expect(at('{}')[0]?.severity).toBe('warning');
  });
});

test('ids are unique', () => expect(new Set(lintRules.map(({ id }) => id)).size).toBe(lintRules.length));

const empty = 'kind: Group\nmetadata: {name: nobody}\nspec: {members: []}';

test.each([
  ['# sluice-lint-disable unused/group -- soon', []],
  ['# sluice-lint-disable unused/group', ["nobody says why 'unused/group' is off here"]],
  [
    '# sluice-lint-disable unused/stream -- soon',
    ["'unused/stream' finds nothing here", "nothing names group 'nobody'"],
  ],
  [
    '# sluice-lint-disable unused/groups -- soon',
    ["there is no lint rule 'unused/groups'", "nothing names group 'nobody'"],
  ],
  ['# sluice-lint-disable unused/group, unused/stream -- soon', ["'unused/stream' finds nothing here"]],
  ['# unused/group is meant', ["nothing names group 'nobody'"]],
])('%s', (comment, messages) => {
  for (const text of [`${comment}\n${empty}`, `${empty} ${comment}`, `${empty}\n${comment}`]) {
    const files = withDocuments([text]);
    const here = found(files).filter(({ at }) => at.file === 'groups/nobody.yaml');
    expect(here.map(({ message }) => message).sort()).toEqual([...messages].sort());
  }
});

test('a comment is about its own document alone', () => {
  const text = `# sluice-lint-disable unused/group -- soon\n${empty}\n---\napiVersion: sluice.dev/v1\n${empty.replace('nobody', 'nobody-else')}`;
  const here = found(withDocuments([text.replace('---', '# tail\n---')])).filter(
    ({ at }) => at.file === 'groups/nobody.yaml',
  );
  expect(here.map(({ message }) => message)).toEqual(["nothing names group 'nobody-else'"]);
});

test('a rule that is not there is told where it is named', () => {
  const here = found(withDocuments([], '{rules: {unused/grup: off}}')).filter(({ rule }) => rule === 'lint/disable');
  expect(here).toMatchObject([{ fix: "did you mean 'unused/group'?", at: { file: 'sluice.yaml', line: 4 } }]);
});

test('a policy under weaker conditions shadows, one under stronger ones does not', () => {
  const policy = (name: string, more: string) =>
    `kind: AccessPolicy\nmetadata: {name: ${name}}\nspec: {${subjects}, ${more}}`;
  const hours = 'limits: {hours: {tz: UTC, days: [mon], from: "08:00", to: "09:00"}}';
  const both = (outer: string, inner: string) =>
    found(withDocuments([policy('orders-read', outer), policy('a-inner', inner)]))
      .filter(({ rule }) => rule === 'redundant/shadowed-policy')
      .map(({ message }) => message);
  expect(both('mode: standing', `mode: standing, ${hours}`)).toContain(
    "policy 'orders-read' gives all that 'a-inner' gives",
  );
  expect(both(`mode: standing, ${hours}`, 'mode: standing')).toContain(
    "policy 'a-inner' gives all that 'orders-read' gives",
  );
  expect(both('mode: standing, groups: [{literal: one}]', 'mode: standing')).toEqual([]);
  expect(both(`mode: standing, when: 'principal.kind == "person"'`, 'mode: standing')).toEqual([
    "policy 'a-inner' gives all that 'orders-read' gives",
  ]);
});

const texts = (await readFolder('policies-example')).map(({ path, bytes }) => ({
  path,
  text: new TextDecoder().decode(bytes),
}));

test('the example repo has no smell', () => {
  expect(found(texts.map(({ path, text }) => sourceFile(path, text)))).toEqual([]);
});

test('no repo that validates makes a rule throw, and every finding has its place', () => {
  let valid = 0;
  const pool = fc.constantFrom<unknown>(
    undefined,
    [],
    'alice',
    'platform',
    ['payments'],
    ['orders'],
    'PT1H',
    'standing',
    'pii',
    1,
  );
  const change = fc.tuple(fc.nat(200), fc.nat(60), fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }), pool);
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3 }), fc.array(fc.nat(400), { maxLength: 4 }), (changes, drops) => {
      const files = texts
        .filter((_, i) => !drops.includes(i))
        .map(({ path, text }, i) => {
          const documents = parseAllDocuments(text);
          for (const [file, which, keys, value] of changes) {
            if (file % texts.length !== i) continue;
            const document = documents[which % documents.length]!;
            const path: (string | number)[] = ['spec'];
            for (const key of keys) {
              const node = document.getIn(path) as { items?: { key?: { value?: string } }[] } | undefined;
              if (!node?.items?.length) break;
              const at = key % node.items.length;
              path.push(node.items[at]?.key?.value ?? at);
            }
            if (value === undefined) document.deleteIn(path);
            else document.setIn(path, value);
          }
          return sourceFile(path, documents.map((one) => stringify(one)).join('---\n'));
        });
      const { policySet } = loadPolicySet(files);
      if (!policySet) return;
      valid++;
      for (const { at, message } of lint(files, policySet, now)) {
        expect(message).not.toContain('undefined');
        expect(files.some((file) => file.path === at.file)).toBe(true);
      }
    }),
    { numRuns: 400 },
  );
  expect(valid).toBeGreaterThan(40);
}, 60_000);
