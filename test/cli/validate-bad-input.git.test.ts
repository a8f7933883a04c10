import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { ValidateReport } from '../../core/schema/validate-report.ts';
import { runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

const stream = (name: string, cluster = 'main') =>
  `apiVersion: sluice.dev/v1\nkind: Stream\nmetadata:\n  name: ${name}\nspec:\n  cluster: ${cluster}\n  topics:\n    - prefix: ${name}.\n`;

/** The example repo, changed by hand, checked by the real binary; what it says of the place that was changed. */
async function checked(change: (put: (path: string, text: string | Uint8Array) => void, dir: string) => void) {
  await using dir = await tempDir();
  await cp('policies-example', dir.join('repo'), { recursive: true });
  change((path, text) => writeFileSync(dir.join('repo', path), text), dir.join('repo'));
  const before = readdirSync(dir.path, { recursive: true }).length;
  const ran = await runSluice(['validate', 'repo', '--format', 'json'], { cwd: dir.path });
  const pretty = await runSluice(['validate', 'repo'], { cwd: dir.path });
  expect(readdirSync(dir.path, { recursive: true }).length).toBe(before);
  expect([ran.stderr, pretty.stderr, pretty.code]).toEqual(['', '', ran.code]);
  const { problems } = JSON.parse(ran.stdout) as ValidateReport;
  return { problems, code: ran.code, pretty: pretty.stdout };
}

const bomb = `apiVersion: sluice.dev/v1
kind: Group
metadata: {name: laughs}
spec:
  a: &a [x, x, x, x, x, x, x, x, x, x]
  b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
  c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
  members: [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
`;

type Change = Parameters<typeof checked>[0];

test.each<[string, Change, string, string]>([
  [
    'over 1 MiB',
    (put) => put('streams/x.yaml', `# ${'x'.repeat(1024 * 1024)}`),
    'yaml/too-large',
    'streams/x.yaml:1:1',
  ],
  ['billion laughs', (put) => put('groups/x.yaml', bomb), 'yaml/alias', 'groups/x.yaml:1:1'],
  [
    'invalid UTF-8',
    (put) => put('streams/x.yaml', Uint8Array.of(0x61, 0xc3, 0x28)),
    'yaml/not-utf8',
    'streams/x.yaml:1:1',
  ],
  [
    'a half-merged file',
    (put) => put('streams/x.yaml', `${stream('a')}<<<<<<< HEAD\n${stream('b')}=======\n${stream('c')}>>>>>>> theirs\n`),
    'yaml/conflict-marker',
    'streams/x.yaml:9:1',
  ],
  [
    'a link out',
    (_put, dir) => symlinkSync('/etc/hostname', `${dir}/streams/x.yaml`),
    'schema/unreadable',
    'streams/x.yaml:1:1',
  ],
  ['a link to a folder', (_put, dir) => symlinkSync('/etc', `${dir}/more`), 'schema/unreadable', 'more:1:1'],
  [
    'a FIFO',
    (_put, dir) => execFileSync('mkfifo', [`${dir}/streams/x.yaml`]),
    'schema/unreadable',
    'streams/x.yaml:1:1',
  ],
  [
    'names that differ in case',
    (put) => put('streams/SHOP.yaml', stream('x1')),
    'schema/unsafe-path',
    'streams/shop.yaml:1:1',
  ],
  [
    'a decomposed name',
    (put) => put('streams/a\u0308.yaml', stream('x1')),
    'schema/unsafe-path',
    'streams/a\u0308.yaml:1:1',
  ],
])('%s: a problem with its place and what to do', async (_name, change, rule, at) => {
  const { problems, code, pretty } = await checked(change);
  expect(code).toBe(1);
  const [problem, ...others] = problems;
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ rule, severity: 'error', fix: expect.stringMatching(/\S/) });
  expect(`${problem?.file}:${problem?.line}:${problem?.column}`).toBe(`repo/${at}`);
  expect(pretty).toContain(`--> repo/${at}`);
});

test('places are right behind a byte order mark and with CRLF', async () => {
  const { problems } = await checked((put) =>
    put('streams/x.yaml', `\ufeff${stream('x1', 'none').replaceAll('\n', '\r\n')}`),
  );
  expect(problems).toMatchObject([{ rule: 'reference/dangling', file: 'repo/streams/x.yaml', line: 6, column: 12 }]);
});

test('blanks, letters of every script and a folder called like a file are fine', async () => {
  const { problems, code } = await checked((put, dir) => {
    mkdirSync(`${dir}/streams/a folder.yaml/日本`, { recursive: true });
    put('streams/a folder.yaml/日本/ströme 1.yaml', stream('x1'));
  });
  expect([problems, code]).toEqual([[], 0]);
});

test('more files than a repo may have', async () => {
  await using dir = await tempDir();
  for (let at = 0; at < 251; at++) {
    mkdirSync(dir.join(`${at}`));
    for (let file = 0; file < 200; file++) writeFileSync(dir.join(`${at}/${file}.yaml`), '');
  }
  const { stdout, stderr, code } = await runSluice(['validate', dir.path]);
  expect([stderr, code]).toEqual(['', 1]);
  expect(stdout).toContain('schema/too-many-files');
});
