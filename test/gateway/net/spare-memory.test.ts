import { expect, test } from 'vitest';
import { SpareMemory } from '../../../gateway/net/spare-memory.ts';

test('what was given back is taken again, by one', () => {
  const spare = new SpareMemory();
  const first = spare.take(1000);
  expect(first.length).toBeGreaterThanOrEqual(1000);
  spare.give(first);
  expect(spare.take(500)).toBe(first);
  expect(spare.take(500)).not.toBe(first);
});

test('the larger one is kept, none that is too large, and too little is not given', () => {
  const spare = new SpareMemory();
  const [small, large, huge] = [Buffer.alloc(10), Buffer.alloc(1000), Buffer.alloc((4 << 20) + 1)];
  spare.give(large);
  spare.give(small);
  spare.give(huge);
  expect(spare.take(1001).length).toBe(1001);
  expect(spare.take(1000)).toBe(large);
  expect(spare.take(10)).not.toBe(small);
});
