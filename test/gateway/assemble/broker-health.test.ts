import { expect, test } from 'vitest';
import { BrokerHealth } from '../../../gateway/assemble/broker-health.ts';
import { Conditions } from '../../../gateway/telemetry/conditions.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('one healthy cluster does not hide a sick one', () => {
  const conditions = new Conditions(new FakeClock());
  const health = new BrokerHealth(conditions);
  health.set('a', false, 'no answer');
  health.set('b', true, '');
  expect(conditions.get('BrokerHealthy')).toMatchObject({ status: 'False', message: 'a: no answer' });
  health.set('b', false, 'refused');
  expect(conditions.get('BrokerHealthy')?.message).toBe('a: no answer; b: refused');
  health.set('a', true, '');
  health.set('b', true, '');
  expect(conditions.get('BrokerHealthy')).toMatchObject({ status: 'True' });
});
