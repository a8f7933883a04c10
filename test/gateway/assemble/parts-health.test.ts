import { expect, test } from 'vitest';
import {
  brokerWords,
  PartsHealth,
  recorderWords,
  secretWords,
  workerWords,
} from '../../../gateway/assemble/parts-health.ts';
import { Conditions } from '../../../gateway/telemetry/conditions.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test.each([brokerWords, recorderWords, workerWords, secretWords])(
  '$type: one healthy part does not hide a sick one',
  (words) => {
    const conditions = new Conditions(new FakeClock());
    const health = new PartsHealth(conditions, words);
    health.set('a', false, 'no answer');
    health.set('b', true, '');
    expect(conditions.get(words.type)).toMatchObject({ status: 'False', message: 'a: no answer' });
    health.set('b', false, 'refused');
    expect(conditions.get(words.type)?.message).toBe('a: no answer; b: refused');
    expect(health.trouble).toBe('a: no answer; b: refused');
    health.set('a', true, '');
    health.set('b', true, '');
    expect(conditions.get(words.type)).toMatchObject({ status: 'True', message: words.well.message });
    expect(health.trouble).toBeUndefined();
  },
);
