import { expect, test } from 'vitest';
import { Conditions } from '../../../gateway/telemetry/conditions.ts';
import { Metrics } from '../../../gateway/telemetry/metrics.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('counters add up by their labels, and each scrape says the whole', async () => {
  const metrics = new Metrics();
  metrics.bytes.add({ cluster: 'main', direction: 'in' }, 10);
  metrics.bytes.add({ cluster: 'main', direction: 'in' }, 5);
  metrics.bytes.add({ cluster: 'main', direction: 'out' });
  for (let i = 0; i < 2; i++) {
    const text = await metrics.registry.metrics();
    expect(text).toContain('sluice_client_bytes_total{cluster="main",direction="in"} 15');
    expect(text).toContain('sluice_client_bytes_total{cluster="main",direction="out"} 1');
  }
});

test('a gauge is read when it is asked for, and forgets labels that are gone', async () => {
  const metrics = new Metrics();
  let values = [{ labels: { cluster: 'a' }, value: 1 }];
  metrics.gauge('sluice_things', 'Things.', ['cluster'], () => values);
  expect(await metrics.registry.metrics()).toContain('sluice_things{cluster="a"} 1');
  values = [{ labels: { cluster: 'b' }, value: 2 }];
  const text = await metrics.registry.metrics();
  expect(text).toContain('sluice_things{cluster="b"} 2');
  expect(text).not.toContain('cluster="a"');
});

test('a condition keeps the time of its last change of status or reason, and tells changes only', () => {
  const clock = new FakeClock();
  const conditions = new Conditions(clock);
  const told: string[] = [];
  conditions.onChange(({ type, status, reason }) => told.push(`${type} ${status} ${reason}`));
  const start = clock.now();
  conditions.set('Ready', 'True', 'UpToDate', 'one');
  clock.advance(1000);
  conditions.set('Ready', 'True', 'UpToDate', 'two');
  expect(conditions.get('Ready')).toEqual({
    type: 'Ready',
    status: 'True',
    reason: 'UpToDate',
    message: 'two',
    since: start,
  });
  conditions.set('Ready', 'True', 'Other', 'three');
  conditions.set('Fresh', 'False', 'EverythingDenied', '');
  expect(conditions.get('Ready')?.since).toBe(start + 1000);
  expect(told).toEqual(['Ready True UpToDate', 'Ready True Other', 'Fresh False EverythingDenied']);
  expect(conditions.all().map(({ type }) => type)).toEqual(['Ready', 'Fresh']);
});
