import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ChangeReport, reportChange } from '../../../cli/actions/report-change.ts';
import { reportMarkdown } from '../../../cli/output/report-markdown.ts';
import { runAnnotations, runFailures } from '../../../cli/output/run-result.ts';

type Files = Readonly<Record<string, string>>;

const repo = { repoId: '7', branch: 'main' };
const example = read('policies-example');

function read(root: string): Files {
  const paths = (readdirSync(root, { recursive: true }) as string[]).filter((path) => path.endsWith('.yaml'));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

/** Two commits as git has them, in memory. */
function report(base: Files | undefined, head: Files, options: { path?: string } = {}): Promise<ChangeReport> {
  const idOf = (text: string): string => createHash('sha1').update(text).digest('hex');
  const commits: Readonly<Record<string, Files>> = { base: base ?? {}, head };
  const blobs = new Map(
    Object.values(commits).flatMap((files) => Object.values(files).map((text) => [idOf(text), text])),
  );
  const side = (text: string | undefined) => (text === undefined ? undefined : { mode: '100644', id: idOf(text) });
  const objects = {
    tree: async (commit: string) =>
      Object.entries(commits[commit]!).map(([path, text]) => ({ mode: '100644', type: 'blob', id: idOf(text), path })),
    blob: async (id: string) => Buffer.from(blobs.get(id)!),
    changes: async (from: string, to: string) =>
      [...new Set([...Object.keys(commits[from]!), ...Object.keys(commits[to]!)])]
        .sort()
        .filter((path) => commits[from]![path] !== commits[to]![path])
        .map((path) => ({ path, before: side(commits[from]![path]), after: side(commits[to]![path]) })),
  };
  const wanted = base === undefined ? undefined : 'base';
  return reportChange({
    objects,
    base: wanted,
    head: 'head',
    path: options.path ?? '',
    repo,
    minCoverage: undefined,
    oneStep: true,
  });
}

function grant(n: number, reason = 'INC-1'): readonly [string, string] {
  const name = `2026-12-01-alice-${n}`;
  const uid = String(n).padStart(32, '0');
  return [
    `grants/2026-12/${name}.yaml`,
    `apiVersion: sluice.dev/v1
kind: Grant
metadata:
  name: ${name}
spec:
  uid: "${uid}"
  requestedBy: alice
  subject: alice
  policy: payments-read-on-request
  streams: [payments]
  operations: [consume]
  window: { duration: PT1H }
  reason: ${JSON.stringify(reason)}
`,
  ];
}

const withGrants = (count: number, reason?: string): Files => ({
  ...example,
  ...Object.fromEntries(Array.from({ length: count }, (_, n) => grant(n, reason))),
});

test('a grant is told under the rules of the base, with the digest that counts there', async () => {
  const told = await report(example, withGrants(1));
  expect(told.grants.map(({ grant: { name }, digest }) => [name, digest?.length])).toEqual([
    ['2026-12-01-alice-0', 64],
  ]);
  expect(told.rules).toBeUndefined();
  expect(runFailures(told, false)).toEqual([]);
  const elsewhere = await report(example, { ...withGrants(1) });
  expect(elsewhere.grants[0]?.digest).toBe(told.grants[0]?.digest);
});

test('a grant that only fits the rules that come with it does not fit, and both in one change are refused', async () => {
  const [path, text] = grant(1);
  const longer = text.replace('PT1H', 'PT5H');
  const looser = { ...example, 'policies/payments.yaml': example['policies/payments.yaml']!.replace('PT4H', 'PT8H') };
  const told = await report(example, { ...looser, [path]: longer });
  expect(told.grants).toEqual([]);
  const rules = told.checked.problems.filter(({ severity }) => severity === 'error').map(({ rule }) => rule);
  expect(rules).toContain('plan/mixed-step');
  expect(rules.filter((rule) => rule.startsWith('grant/'))).toHaveLength(1);
  expect(runFailures(told, false)).not.toEqual([]);
});

test('a problem of the head that is one under the rules of the base too is told once', async () => {
  const [path, text] = grant(1);
  const told = await report(example, { ...example, [path]: text.replace('PT1H', 'PT5H') });
  expect(told.checked.errors).toBe(1);
  const shown = reportMarkdown(told);
  expect(shown).toContain('## Sluice: this change cannot take effect as it is');
  expect(shown).toContain('Policy tests: not run');
});

test('a revocation and a grant that is deleted need nobody, and the plan says what they take away', async () => {
  const revocation =
    'apiVersion: sluice.dev/v1\nkind: Revocation\nmetadata:\n  name: lost\nspec:\n  subject: bob\n  reason: lost\n';
  const { [grant(0)[0]]: _gone, ...without } = withGrants(1);
  const told = await report(withGrants(1), { ...without, 'revocations/lost.yaml': revocation });
  const text = reportMarkdown(told);
  expect(told.rules).toBeUndefined();
  expect(text).toContain('## Sluice: nobody has to approve this');
  expect(text).toContain('### Narrows');
});

test('the policies of a folder are told of by their whole paths', async () => {
  const inFolder = (files: Files): Files =>
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`access/${path}`, text]));
  const [path, text] = grant(1);
  const broken = text.replace('consume', 'devour');
  const told = await report(
    inFolder(example),
    { ...inFolder({ ...example, [path]: broken }), 'other/x.yaml': '1' },
    {
      path: 'access',
    },
  );
  expect(told.checked.problems.map(({ at }) => at.file)).toEqual([`access/${path}`]);
  expect(runAnnotations(told)).toContain(`::error file=access/${path},`);
  expect(told.rules).toBeUndefined();
});

test('the first policies widen beside nothing; without a base there is no plan; a broken base fails the check', async () => {
  const first = await report({}, example);
  expect(first.change?.plan?.widens.length).toBeGreaterThan(0);
  const only = await report(undefined, example);
  expect([only.change, runFailures(only, true)]).toEqual([undefined, []]);
  const broken = await report({ ...example, 'sluice.yaml': 'kind: nothing\n' }, example);
  expect(broken.change?.plan).toBeUndefined();
  expect(runFailures(broken, false)).toEqual(['its base does not validate, so nobody can say what it widens']);
  expect(reportMarkdown(broken)).toContain('## Sluice: this changes the rules');
});

test('more grants than the gateway judges at once are an error, and however long it gets a comment holds it', async () => {
  const told = await report(example, withGrants(60, `${'`'.repeat(100)}${'long '.repeat(80)}`));
  expect(told.checked.problems.map(({ rule }) => rule)).toContain('plan/too-many-grants');
  const text = reportMarkdown(told);
  expect(text.length).toBeLessThan(65_000);
  expect(text).toMatch(/\*\*\d+ of 50 grants do not fit here\.\*\*/);
});

test('a change of everything is told within a comment too', async () => {
  const identities = Object.fromEntries(
    Array.from({ length: 400 }, (_, n) => [
      `identities/person-${n}.yaml`,
      example['identities/dave.yaml']!.replaceAll('dave', `person-${n}`),
    ]),
  );
  const text = reportMarkdown(await report({}, { ...example, ...identities }));
  expect(text.length).toBeLessThan(65_536);
  expect(text).toContain('### For the owners');
  expect(text).toMatch(/and \d+ more/);
});

test('an emergency is told for its review, when its document comes and when it is taken away', async () => {
  const rules: Files = {
    ...example,
    'policies/emergency.yaml': `apiVersion: sluice.dev/v1
kind: AccessPolicy
metadata:
  name: payments-in-an-emergency
spec:
  mode: onRequest
  subjects:
    - identity: alice
  streams: [payments]
  operations: [consume]
  limits:
    maxDuration: PT1H
  approval: payments-leads
  breakGlass:
    maxDuration: PT30M
    notify: [payments-leads]
    reviewWithin: P1D
`,
    'identities/alice.yaml': example['identities/alice.yaml']!.replace(
      /signingKeys: .*/,
      'signingKeys:\n      - key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPkN0zXr5YQn0Yt3yMxS5qzX2oWmC4tq1oJr8nE2k5d',
    ),
  };
  const path = 'breakglass/now.yaml';
  const text = `apiVersion: sluice.dev/v1
kind: BreakGlass
metadata:
  name: now
spec:
  uid: "${'a'.repeat(32)}"
  subject: alice
  policy: payments-in-an-emergency
  streams: [payments]
  operations: [consume]
  window: { duration: PT20M }
  reason: "INC-9 @bob"
  signedAt: 2026-11-24T09:30:00Z
  signature: "-----BEGIN SSH SIGNATURE-----\\nU1NIU0lHAAAAAQ==\\n-----END SSH SIGNATURE-----\\n"
`;
  const brought = await report(rules, { ...rules, [path]: text });
  expect(brought.checked.problems).toEqual([]);
  const shown = reportMarkdown(brought);
  for (const part of [
    '## Sluice: this is the review of access in an emergency',
    '| Who | `alice` |',
    '| For | `PT20M` |',
    '| Why | `INC-9 @bob` |',
    '`payments-leads`: 1 of `payments-leads` (`bob`, `carol`)',
    brought.emergencies[0]!.digest,
  ]) {
    expect(shown).toContain(part);
  }
  expect(runAnnotations(brought)).toMatch(/^::notice file=breakglass\/now.yaml,.*title=waits for its review::/);
  const taken = await report({ ...rules, [path]: text }, rules);
  expect(taken.emergencies.map(({ digest, removed }) => [digest, removed])).toEqual([
    [brought.emergencies[0]!.digest, true],
  ]);
  expect(runAnnotations(taken)).toBe('');
});
