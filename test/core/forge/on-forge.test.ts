import { expect, test } from 'vitest';
import { isOnForge } from '../../../core/forge/on-forge.ts';

test.each([
  ['https://git.example.com/acme/access.git', 'https://git.example.com'],
  ['https://git.example.com:443/acme/access.git', 'https://git.example.com/api/v3'],
  ['https://git.example.com:3000/acme/access.git', 'https://git.example.com:3000/sub'],
  ['https://github.com/acme/access.git', 'https://api.github.com'],
  ['http://127.0.0.1:3000/acme/access.git', 'http://127.0.0.1:3000'],
])('git at %s is shown the token of the forge at %s', (url, api) => {
  expect(isOnForge(url, { url: api })).toBe(true);
});

test.each([
  ['https://git.example.com.evil.example/acme/access.git', 'https://git.example.com'],
  ['https://git.example.com@evil.example/acme/access.git', 'https://git.example.com'],
  ['https://mirror.example.com/acme/access.git', 'https://git.example.com'],
  ['https://api.github.com/acme/access.git', 'https://api.github.com'],
  ['https://git.example.com:3000/acme/access.git', 'https://git.example.com'],
  ['http://127.0.0.1:3000/acme/access.git', 'https://127.0.0.1:3000'],
  ['http://127.0.0.1:3001/acme/access.git', 'http://127.0.0.1:3000'],
  ['https://ann:secret@git.example.com/acme/access.git', 'https://git.example.com'],
  ['ssh://git@git.example.com/acme/access.git', 'https://git.example.com'],
  ['git@git.example.com:acme/access.git', 'https://git.example.com'],
  ['/srv/git/access.git', 'https://git.example.com'],
  ['file:///srv/git/access.git', 'https://git.example.com'],
])('git at %s is not shown the token of the forge at %s', (url, api) => {
  expect(isOnForge(url, { url: api })).toBe(false);
});
