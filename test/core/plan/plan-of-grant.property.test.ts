import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planOf, planOfGrant } from '../../../core/plan/plan-of.ts';
import { twoWorlds } from './small-worlds.ts';

test('the plan of one grant is the plan of the whole repo with that grant added', () => {
  let widening = 0;
  fc.assert(
    fc.property(twoWorlds({ intricate: true }), ({ head: set }) => {
      for (const grant of set.grants.values()) {
        // Grants of others may name topics apart that are one here; they change nothing else.
        const own = [...set.grants].filter(([, { subject }]) => subject === grant.subject);
        const before = { ...set, grants: new Map(own.filter(([name]) => name !== grant.name)) };
        const whole = planOf(before, { ...set, grants: new Map(own) });
        const alone = planOfGrant(set, grant);
        expect(alone.widens).toEqual(whole.widens);
        expect(alone.narrows).toEqual([]);
        expect(alone.digest).toBe(whole.digest);
        expect(alone.hours.after - alone.hours.before).toBeCloseTo(whole.hours.after - whole.hours.before, 0);
        widening += alone.widens.length;
      }
    }),
    { numRuns: 300 },
  );
  expect(widening).toBeGreaterThan(20);
});
