import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import { StateStore } from '../../../gateway/state/state-store.ts';
import { tempDir } from '../../support/temp-dir.ts';

const repoId = '1'.repeat(40);
const open = (dir: string): Promise<StateStore> =>
  StateStore.open(dir, { repoId, genesis: { commit: repoId } }, systemClock.now());

async function writer(dir: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writing-child.ts'), dir, repoId], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  return child;
}

test('killed in the middle of writing, again and again: what is there loads, whole', async () => {
  await using dir = await tempDir();
  for (let round = 0; round < 8; round++) {
    const child = await writer(dir.path);
    await new Promise((resolve) => setTimeout(resolve, 7 * round + 3));
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    await using store = await open(dir.path);
    const { deletedGrants } = store.current;
    const [first] = deletedGrants;
    expect(deletedGrants.length).toBeGreaterThanOrEqual(200);
    const run = first!.split('-')[0];
    expect(deletedGrants.every((entry) => entry.startsWith(`${run}-`))).toBe(true);
  }
}, 60_000);

test('two gateways on one folder: the second is refused while the first lives', async () => {
  await using dir = await tempDir();
  const child = await writer(dir.path);
  await expect(open(dir.path)).rejects.toMatchObject({
    code: 'StateUnusable',
    why: expect.stringContaining('another gateway'),
  });
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  await using first = await open(dir.path);
  await expect(open(dir.path)).rejects.toMatchObject({ code: 'StateUnusable' });
  await first.update((state) => ({ ...state, deletedGrants: ['x'] }));
  expect(first.current.deletedGrants).toEqual(['x']);
}, 30_000);

test('durable before it is current; in the order of the calls; a failed change leaves the last one', async () => {
  await using dir = await tempDir();
  {
    await using store = await open(dir.path);
    const add = (uid: string) => store.update((state) => ({ ...state, deletedGrants: [...state.deletedGrants, uid] }));
    const first = add('a');
    expect(store.current.deletedGrants).toEqual([]);
    const failed = store.update(() => {
      throw new TypeError('no');
    });
    const last = add('b');
    await expect(failed).rejects.toThrow('no');
    await Promise.all([first, last]);
    expect(JSON.parse(readFileSync(dir.join('state.json'), 'utf8'))).toMatchObject({ deletedGrants: ['a', 'b'] });
  }
  await using again = await open(dir.path);
  expect(again.current.deletedGrants).toEqual(['a', 'b']);
  expect(statSync(dir.join('state.json')).mode & 0o077).toBe(0);
  expect(readdirSync(dir.path).filter((file) => !/^(state\.json|lock\.\d+)$/.test(file))).toEqual([]);
});

test('state of a version that knew less is read; a draft left behind is not', async () => {
  await using dir = await tempDir();
  await (await open(dir.path))[Symbol.asyncDispose]();
  const { lastMergedAt: _one, policyMerges: _two, ...older } = JSON.parse(readFileSync(dir.join('state.json'), 'utf8'));
  writeFileSync(dir.join('state.json'), JSON.stringify(older));
  writeFileSync(dir.join('state.json.draft'), '{"version":1');
  await using store = await open(dir.path);
  expect(store.current).toMatchObject({ lastMergedAt: 0, policyMerges: {}, repoId });
});
