import { execFile, execFileSync } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

/** What one shell offers for a command line whose last word is being written. */
const ways = {
  bash: (line: readonly string[]) =>
    `eval "$(sluice completion bash)"; complete -p sluice >/dev/null; COMP_WORDS=(sluice ${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length}; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`,
  // _describe and _files write to the line editor: they are replaced by what prints their input
  zsh: (line: readonly string[]) =>
    `compdef() { :; }; source <(sluice completion zsh); _describe() { printf '%s\\n' "\${found[@]%%:*}"; }; _files() { echo; }; words=(sluice ${line.map((word) => `'${word}'`).join(' ')}); CURRENT=${line.length + 1}; _sluice`,
  fish: (line: readonly string[]) =>
    `sluice completion fish | source; complete -C 'sluice ${line.join(' ')}' | string replace -r '\\t.*' ''; true`,
};
const installed = (Object.keys(ways) as (keyof typeof ways)[]).filter((shell) => {
  try {
    execFileSync(shell, ['-c', 'true']);
    return true;
  } catch {
    return false;
  }
});

async function offered(shell: keyof typeof ways, line: readonly string[]): Promise<string[]> {
  await using dir = await tempDir();
  await symlink(resolve('cli/sluice'), dir.join('sluice'));
  const { stdout, stderr } = await promisify(execFile)(shell, ['-c', ways[shell](line)], {
    cwd: 'policies-example',
    env: { PATH: `${dir.path}:${process.env['PATH']}`, HOME: dir.path },
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

test('bash is there', () => expect(installed).toContain('bash'));

test.each(installed)('%s completes commands, flags, options and names of the repo', async (shell) => {
  expect(await offered(shell, ['vali'])).toEqual(['validate']);
  expect(await offered(shell, ['access', 'l'])).toEqual(['list']);
  expect(await offered(shell, ['validate', '--b'])).toEqual(['--base']);
  expect((await offered(shell, ['validate', '--format', ''])).sort()).toEqual([
    'github',
    'json',
    'junit',
    'pretty',
    'sarif',
  ]);
  expect(await offered(shell, ['access', 'request', '--stream', 'pay'])).toEqual(['payments', 'payments-dead-letters']);
  expect(await offered(shell, ['can-i', '--as', 'al'])).toEqual(['alice']);
  expect(await offered(shell, ['explain', 'grant', ''])).toEqual(['2026-11-24-alice-payments']);
});

const complete = async (...words: string[]) => {
  const { stdout, stderr, code } = await runSluice(['complete', '--', ...words], { cwd: 'policies-example' });
  expect([stderr, code]).toEqual(['', 0]);
  return stdout
    .split('\n')
    .map((line) => line.split('\t')[0])
    .filter((word) => word !== '');
};

test('a value behind = is completed as each shell cuts it', async () => {
  expect(await complete('validate', '--format=js')).toEqual(['--format=json']);
  expect(await complete('validate', '--format', '=', 'js')).toEqual(['json']);
  expect((await complete('validate', '--format', '=')).length).toBe(5);
});

test('a flag that was given is not offered again, unless it may be repeated', async () => {
  const flags = await complete('access', 'request', '--stream', 'orders', '--reason', 'x', '-');
  expect(flags).toContain('--stream');
  expect(flags).not.toContain('--reason');
});

test('paths are left to the shell', async () => {
  expect(await complete('validate', '')).toEqual([':files']);
  expect(await complete('access', 'list', '--key', '')).toEqual([':files']);
});

test('where there is no repo there are no names, and no error', async () => {
  expect(await complete('access', 'request', '--repo', '/nowhere', '--stream', '')).toEqual([]);
});

test('what a command does not have is not offered', async () => {
  expect(await complete('nonsense', '')).toEqual([]);
  expect(await complete('complet')).toEqual(['completion']);
});

test('an unknown shell is wrong usage', async () => {
  expect(await runSluice(['completion', 'csh'])).toMatchObject({ stdout: '', code: 2 });
});
