import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ChangeReport, reportChange } from '../../../cli/actions/report-change.ts';
import { reportMarkdown } from '../../../cli/output/report-markdown.ts';
import { runAnnotations, runFailures } from '../../../cli/output/run-result.ts';
import { breakGlassNamespace, breakGlassPayload } from '../../../core/admission/judge-break-glass.ts';
import { signSsh } from '../../../core/git/ssh-signature.ts';
import { loadPolicySet } from '../../../core/load/load-policy-set.ts';
import { sourceFile } from '../../support/policy-set.ts';
import { sshKey } from '../../support/ssh-key.ts';
import { tempDir } from '../../support/temp-dir.ts';

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

/** The example, with a policy for emergencies, and alice's key; and an emergency that she signed under them. */
async function emergencyIn(dir: { join(name: string): string }) {
  const { file, key } = sshKey(dir.join('alice'));
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
      /key: ssh-.*/,
      `key: ${key}\n        validTo: 2026-11-25T00:00:00Z`,
    ),
  };
  const path = 'breakglass/now.yaml';
  const text = (signature: string, signedAt = '2026-11-24T09:30:00Z'): string => `apiVersion: sluice.dev/v1
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
  signedAt: ${signedAt}
  signature: ${JSON.stringify(signature)}
`;
  const sign = async (keyFile = file, signedAt?: string): Promise<string> => {
    const files = { ...rules, [path]: text(noSignature, signedAt) };
    const loaded = loadPolicySet(Object.entries(files).map(([name, yaml]) => sourceFile(name, yaml)));
    const payload = breakGlassPayload(loaded.policySet!, loaded.policySet!.breakGlass.get('now')!, repo);
    return text(await signSsh(payload, breakGlassNamespace, keyFile), signedAt);
  };
  return { rules, path, sign };
}

const noSignature = '-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n';

test('an emergency is told for its review, when its document comes and when it is taken away', async () => {
  await using dir = await tempDir();
  const { rules, path, sign } = await emergencyIn(dir);
  const text = await sign();
  const brought = await report(rules, { ...rules, [path]: text });
  expect(brought.checked.problems).toEqual([]);
  const shown = reportMarkdown(brought);
  for (const part of [
    '## Sluice: this is the review of access in an emergency',
    'Signed by its subject, `alice`, and by nobody else.',
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
  expect(reportMarkdown(taken)).toContain('Signed by its subject');
});

test('an emergency that its subject did not sign as it is fails the check, and says so; taken away it only says so', async () => {
  await using dir = await tempDir();
  const { rules, path, sign } = await emergencyIn(dir);
  const text = await sign();
  const bob = sshKey(dir.join('bob')).file;
  for (const [what, forged] of Object.entries({
    'edited since': text.replace('PT20M', 'PT30M'),
    'another key': await sign(bob),
    'a key that had ended': await sign(undefined, '2026-11-25T09:30:00Z'),
    'no signature at all': text.replace(/signature: .*/, `signature: ${JSON.stringify(noSignature)}`),
  })) {
    const told = await report(rules, { ...rules, [path]: forged });
    expect([what, told.checked.problems.map(({ rule }) => rule)]).toEqual([what, ['plan/unsigned-emergency']]);
    expect(runFailures(told, false)).not.toEqual([]);
    const shown = reportMarkdown(told);
    expect(shown).toContain('> **NOT signed by its subject**, `alice`');
    expect(shown).not.toContain('Signed by its subject');
    const taken = await report({ ...rules, [path]: forged }, rules);
    expect([taken.checked.errors, runFailures(taken, false)]).toEqual([0, []]);
    expect(reportMarkdown(taken)).toContain('> **NOT signed by its subject**, `alice`');
  }
  const elsewhere = { ...rules, 'policies/emergency.yaml': rules['policies/emergency.yaml']!.replace('PT1H', 'PT2H') };
  const later = await report(elsewhere, { ...elsewhere, [path]: text });
  expect(later.checked.problems.map(({ rule }) => rule)).toEqual(['plan/unsigned-emergency']);
});

test('an emergency beside anything else fails the check, as whoever approves one would review the other', async () => {
  await using dir = await tempDir();
  const { rules, path, sign } = await emergencyIn(dir);
  const text = await sign();
  const again = text.replace('name: now', 'name: again').replace('a'.repeat(32), 'b'.repeat(32));
  for (const more of [Object.fromEntries([grant(1)]), { 'README.md': 'x' }, { 'breakglass/again.yaml': again }]) {
    const told = await report(rules, { ...rules, [path]: text, ...(more as Files) });
    expect(told.checked.problems.map(({ rule }) => rule)).toContain('plan/mixed-emergency');
    expect(runFailures(told, false)).not.toEqual([]);
  }
  const both = { ...rules, [path]: text, ...Object.fromEntries([grant(1)]) };
  const taken = await report(both, rules);
  expect(taken.checked.problems.map(({ rule }) => rule)).toEqual(['plan/mixed-emergency']);
});
