import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BufferBudget, type Claim } from '../../../gateway/net/buffer-budget.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function account(bytes: number) {
  const clock = new FakeClock();
  const budget = new BufferBudget(bytes, clock);
  const told: string[] = [];
  const claims = new Map<string, Claim>();
  return {
    clock,
    budget,
    told,
    claim(name: string, size: number): boolean {
      const claim = {
        bytes: size,
        granted: () => told.push(`${name} granted`),
        overdue: () => told.push(`${name} overdue`),
      };
      claims.set(name, claim);
      return budget.claim(claim);
    },
    release: (name: string) => budget.release(claims.get(name)!),
  };
}

test('claims wait in order, and a large one at the front holds up small ones behind it', () => {
  const { budget, told, claim, release } = account(100);
  expect(claim('a', 60)).toBe(true);
  expect(claim('b', 30)).toBe(true);
  expect(claim('large', 80)).toBe(false);
  expect(claim('small', 5)).toBe(false);
  expect(budget.used).toBe(90);
  release('b');
  expect(told).toEqual([]);
  release('a');
  expect(told).toEqual(['large granted', 'small granted']);
  expect([budget.used, budget.waiting]).toEqual([85, 0]);
});

test('the only claim is granted, however large; one that gives up makes way', () => {
  const { budget, told, claim, release } = account(100);
  expect(claim('huge', 5000)).toBe(true);
  expect([claim('b', 90), claim('c', 20)]).toEqual([false, false]);
  release('b');
  release('huge');
  expect(told).toEqual(['c granted']);
  release('c');
  expect(budget.used).toBe(0);
});

test('memory for speed is at most half, and none while somebody waits', () => {
  const { budget, claim, release } = account(100);
  expect([budget.tryTake(50), budget.tryTake(1)]).toEqual([true, false]);
  expect(claim('a', 60)).toBe(true); // the first claim
  expect(claim('b', 1)).toBe(false);
  budget.give(50);
  expect(budget.waiting).toBe(0);
  expect(claim('c', 90)).toBe(false);
  expect(budget.tryTake(1)).toBe(false);
  for (const name of ['a', 'b', 'c']) release(name);
  expect(budget.used).toBe(0);
});

test('who holds a claim for 30 s while others wait is told to end, the oldest first', () => {
  const { clock, told, claim, release } = account(100);
  claim('a', 50);
  clock.advance(25_000);
  claim('b', 50);
  clock.advance(3_600_000);
  expect(told).toEqual([]); // nobody waits
  claim('c', 50);
  clock.advance(29_999);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told).toEqual(['a overdue']);
  release('a');
  expect(told).toEqual(['a overdue', 'c granted']);
  clock.advance(3_600_000);
  expect(told).toHaveLength(2);
});

test('whatever comes and goes: within the bound, in order, and nobody waits for nothing', () => {
  const step = fc.oneof(
    {
      arbitrary: fc.record({ kind: fc.constant('claim' as const), size: fc.integer({ min: 1, max: 150 }) }),
      weight: 3,
    },
    { arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat() }), weight: 2 },
    { arbitrary: fc.record({ kind: fc.constant('take' as const), size: fc.integer({ min: 1, max: 60 }) }), weight: 1 },
    { arbitrary: fc.record({ kind: fc.constant('give' as const), which: fc.nat() }), weight: 1 },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const budget = new BufferBudget(100, new FakeClock());
      const held = new Set<Claim>();
      const waiting: Claim[] = [];
      const taken: number[] = [];
      const check = (): void => {
        const claimed = [...held].reduce((sum, { bytes }) => sum + bytes, 0);
        const spare = taken.reduce((sum, bytes) => sum + bytes, 0);
        expect(budget.used).toBe(claimed + spare);
        expect(spare).toBeLessThanOrEqual(50);
        if (held.size > 1) expect(budget.used).toBeLessThanOrEqual(100);
        expect(budget.waiting).toBe(waiting.length);
        if (waiting.length > 0) expect(held.size > 0 && budget.used + waiting[0]!.bytes > 100).toBe(true);
      };
      for (const one of steps) {
        if (one.kind === 'claim') {
          const claim: Claim = {
            bytes: one.size,
            granted: () => {
              expect(waiting.shift()).toBe(claim);
              held.add(claim);
            },
            overdue: () => undefined,
          };
          if (budget.claim(claim)) held.add(claim);
          else waiting.push(claim);
        } else if (one.kind === 'release') {
          const all = [...held, ...waiting];
          const claim = all[one.which % Math.max(1, all.length)];
          if (!claim) continue;
          if (!held.delete(claim)) waiting.splice(waiting.indexOf(claim), 1);
          budget.release(claim);
        } else if (one.kind === 'take') {
          if (budget.tryTake(one.size)) taken.push(one.size);
        } else {
          const [bytes] = taken.splice(one.which % Math.max(1, taken.length), 1);
          if (bytes !== undefined) budget.give(bytes);
        }
        check();
      }
      while (held.size > 0) {
        const [first] = held;
        held.delete(first!);
        budget.release(first!);
      }
      expect(waiting).toEqual([]);
    }),
  );
});
