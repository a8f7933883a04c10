import { spawnSync } from 'node:child_process';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isLocked, lockFolder } from '../../../core/audit/writer-lock.ts';
import { tempFolder } from './recorded.ts';

const now = Date.UTC(2026, 0, 5);
const locks = (folder: string): string[] => readdirSync(folder).sort();
const dead = spawnSync(process.execPath, ['-e', '']).pid;

test('a folder is taken once, and free again after release', () => {
  using folder = tempFolder();
  const lock = lockFolder(folder.path, now);
  expect(isLocked(folder.path, now)).toBe(true);
  expect(() => lockFolder(folder.path, now)).toThrow(expect.objectContaining({ code: 'RecordingLocked' }));
  lock.release();
  expect(isLocked(folder.path, now)).toBe(false);
  expect(locks(folder.path)).toEqual([]);
});

test.each<[string, object]>([
  ['a process that is gone', { pid: dead, host: hostname() }],
  ['another process with the same id', { pid: process.pid, host: hostname(), started: 'another-boot/1' }],
])('the lock of %s is stale', (_, holder) => {
  using folder = tempFolder();
  writeFileSync(join(folder.path, 'lock.3'), JSON.stringify(holder));
  expect(isLocked(folder.path, now)).toBe(false);
  lockFolder(folder.path, now);
  expect(locks(folder.path)).toEqual(['lock.4']);
});

test('the lock of another machine counts for a minute after its last touch', () => {
  using folder = tempFolder();
  const path = join(folder.path, 'lock.1');
  writeFileSync(path, JSON.stringify({ pid: 1, host: 'elsewhere' }));
  utimesSync(path, now / 1000, now / 1000);
  expect(() => lockFolder(folder.path, now + 59_000)).toThrow(expect.objectContaining({ code: 'RecordingLocked' }));
  lockFolder(folder.path, now + 61_000).release();
});
