import { expect, test } from 'vitest';
import { fuzz } from '../../../fuzz/fuzz.ts';

// A million of them: `npm run fuzz`.
test('mutated frames of clients and brokers do no more than close their connection', { timeout: 60_000 }, async () => {
  const report = await fuzz(30_000, 20_260);
  expect(report.failures).toEqual([]);
  expect(report.slowestMs).toBeLessThan(1000);
  expect(report.grownBytes).toBeLessThan(256 << 20);
  expect(report.answers).toBeGreaterThan(4000);
  expect(report.forwarded).toBeGreaterThan(4000);
});
