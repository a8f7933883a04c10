import { expect, test } from 'vitest';
import { SourceError } from '../../../core/errors/sluice-error.ts';
import { EmergencyBranches } from '../../../gateway/reconcile/emergency-branches.ts';
import { EmergencyWatch } from '../../../gateway/reconcile/emergency-watch.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const prefix = 'refs/heads/request/breakglass-';
const refs = (count: number) =>
  Array.from({ length: count }, (_, i): [string, string] => [`${prefix}${String(i).padStart(3, '0')}`, `head-${i}`]);

/** A remote whose branches each hold their document, and what was judged of them. */
function branches(remote: { refs: [string, string][]; odd?: (ref: string) => boolean }) {
  const judged: string[] = [];
  const clone = {
    remoteRefs: async () => remote.refs,
    async fetchOne(ref: string) {
      if (remote.odd?.(ref)) throw new SourceError('GitFailed', 'git fetch failed');
      return remote.refs.find(([name]) => name === ref)?.[1];
    },
  };
  const found = new EmergencyBranches(clone, { file: async (_commit, path) => ({ path, bytes: Buffer.from('') }) });
  return { judged, look: () => found.each(async ({ path }) => judged.push(path)) };
}

test('every branch is looked at once a head, however many there are', async () => {
  const remote = { refs: refs(45) };
  const { judged, look } = branches(remote);
  expect([await look(), await look(), await look()]).toEqual([{ more: true }, { more: true }, { more: false }]);
  expect(new Set(judged).size).toBe(45);
  await look();
  expect(judged).toHaveLength(45);
  remote.refs[7] = [remote.refs[7]![0], 'head-new'];
  await look();
  expect(judged.slice(45)).toEqual(['breakglass/breakglass-007.yaml']);
});

test('branches that are not to be had come last, again and again, and cost no other its turn', async () => {
  const remote = { refs: refs(30), odd: (ref: string) => Number(ref.slice(prefix.length)) < 25 };
  const { judged, look } = branches(remote);
  while ((await look()).more);
  expect(judged).toHaveLength(5);
  remote.refs.push([`${prefix}late`, 'late']);
  await look();
  expect(judged.at(-1)).toBe('breakglass/breakglass-late.yaml');
  remote.odd = () => false;
  for (let i = 0; i < 5; i++) await look();
  expect(new Set(judged).size).toBe(31);
});

test('one that cannot be judged now is judged later', async () => {
  let fails = true;
  const clone = { remoteRefs: async () => refs(1), fetchOne: async () => 'head-0' };
  const found = new EmergencyBranches(clone, { file: async (_commit, path) => ({ path, bytes: Buffer.from('') }) });
  const judged: string[] = [];
  const judge = async ({ path }: { path: string }) => {
    if (fails) throw new SourceError('InvalidPolicyRepo', 'not now');
    judged.push(path);
  };
  await found.each(judge);
  expect(judged).toEqual([]);
  fails = false;
  await found.each(judge);
  expect(judged).toHaveLength(1);
});

test('it looks when it is woken, once more when it was woken meanwhile, and by itself; an error ends nothing', async () => {
  const clock = new FakeClock();
  const looks: PromiseWithResolvers<{ more: boolean }>[] = [];
  const warned: unknown[] = [];
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const desk = {
    look() {
      looks.push(Promise.withResolvers());
      return looks.at(-1)!.promise;
    },
  };
  let looked = 0;
  await using watch = new EmergencyWatch({
    desk,
    clock,
    interval: 1000,
    log: { warn: (_text: string, more: unknown) => void warned.push(more) } as never,
    onLooked: () => looked++,
  });
  watch.wake();
  watch.wake();
  watch.wake();
  expect(looks).toHaveLength(1);
  looks[0]!.resolve({ more: false });
  await settle();
  expect(looks).toHaveLength(2); // for those who came meanwhile
  looks[1]!.resolve({ more: true });
  await settle();
  expect(looks).toHaveLength(3);
  looks[2]!.reject(new SourceError('GitFailed', 'down'));
  await settle();
  expect([looks.length, warned.length, looked]).toEqual([3, 1, 3]);
  clock.advance(999);
  expect(looks).toHaveLength(3);
  clock.advance(1);
  expect(looks).toHaveLength(4);
  looks[3]!.resolve({ more: false });
  await settle();
});
