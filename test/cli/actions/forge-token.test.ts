import { afterEach, expect, test, vi } from 'vitest';
import { checkForgeHost, forgeToken } from '../../../cli/actions/forge-token.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ['https://git.example.com/acme/access.git', 'https://git.example.com'],
  ['https://git.example.com:3000/acme/access.git', 'https://git.example.com:3000/sub'],
  ['ssh://git@git.example.com:2222/acme/access.git', 'https://git.example.com:3000'],
  ['git@git.example.com:acme/access.git', 'https://git.example.com/api/v3'],
  ['https://github.com/acme/access.git', 'https://api.github.com'],
  ['git@github.com:acme/access.git', 'https://api.github.com'],
  ['http://127.0.0.1:3000/acme/access.git', 'http://127.0.0.1:3000'],
])('the forge of %s may be at %s', (repo, api) => {
  expect(() => checkForgeHost(repo, api)).not.toThrow();
});

test.each([
  ['https://git.example.com/acme/access.git', 'https://git.example.net'],
  ['https://git.example.com/acme/access.git', 'https://api.github.com'],
  ['https://git.example.com/acme/access.git', 'http://git.example.com'],
  ['https://git.example.com/acme/access.git', 'https://git.example.com:3000'],
  ['https://github.com/acme/access.git', 'https://github.com.evil.example'],
  ['http://127.0.0.1:3000/acme/access.git', 'http://127.0.0.1:3001'],
  ['/srv/git/access.git', 'https://git.example.com'],
  ['file:///srv/git/access.git', 'https://git.example.com'],
])('from %s no token goes to %s', (repo, api) => {
  expect(() => checkForgeHost(repo, api)).toThrow(/no token is sent/);
});

test("GitHub's own variables are for GitHub alone", () => {
  vi.stubEnv('SLUICE_FORGE_TOKEN', '');
  vi.stubEnv('GH_TOKEN', '');
  vi.stubEnv('GITHUB_TOKEN', 'of-github');
  expect(forgeToken('https://github.com/acme/access.git')).toBe('of-github');
  expect(forgeToken('https://git.example.com/acme/access.git')).toBeUndefined();
  expect(forgeToken('https://github.com.evil.example/acme/access.git')).toBeUndefined();
  vi.stubEnv('SLUICE_FORGE_TOKEN', 'said');
  expect(forgeToken('https://github.com/acme/access.git')).toBe('said');
  expect(forgeToken('https://git.example.com/acme/access.git')).toBe('said');
});
