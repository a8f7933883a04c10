import { expect, test } from 'vitest';
import type { AuditEvent } from '../../../core/audit/event.ts';
import { type FloodLimits, FloodQuota } from '../../../gateway/recorder/flood-quota.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function given(limits?: FloodLimits) {
  const clock = new FakeClock();
  const written: AuditEvent[] = [];
  const state = { room: true };
  const quota = new FloodQuota({
    clock,
    write: (event) => written.push(event),
    room: () => state.room,
    ...(limits ? { limits } : {}),
  });
  return { clock, written, state, quota };
}

const failed = (port: number, address = '192.0.2.7'): AuditEvent & { kind: 'auth' } => ({
  kind: 'auth',
  ok: false,
  mechanism: 'PLAIN',
  code: 'TokenRefused',
  source: `${address}:${port}`,
});
const denied = (name: string): AuditEvent & { kind: 'deny' } => ({
  kind: 'deny',
  operation: 'consume',
  resource: 'topic',
  name,
  code: 'NoRule',
  principal: 'ada',
  source: '192.0.2.7:1',
});

test('repeats are one event and one count a minute', () => {
  const { clock, written, quota } = given();
  for (let i = 0; i < 1000; i++) quota.note(failed(40_000 + i));
  clock.advance(1000);
  quota.note(failed(1));
  expect(written).toEqual([failed(40_000)]);
  clock.advance(60_000);
  expect(written[1]).toEqual({
    kind: 'summary',
    of: 'auth',
    code: 'TokenRefused',
    source: '192.0.2.7',
    principal: undefined,
    count: 1000,
    from: Date.UTC(2026, 0, 5, 9),
    to: Date.UTC(2026, 0, 5, 9, 0, 1),
  });
  clock.advance(120_000);
  quota.note(failed(2));
  expect(written[2]).toEqual(failed(2));
});

test('denials of different things are written in full, up to a number', () => {
  const { written, quota } = given({ full: 100, details: 3, buckets: 10 });
  for (const name of ['a', 'b', 'a', 'c', 'd', 'e', 'a']) quota.note(denied(name));
  quota.close();
  expect(written).toEqual([
    denied('a'),
    denied('b'),
    denied('c'),
    expect.objectContaining({ kind: 'summary', count: 4 }),
  ]);
});

test('many sources cannot make it write or remember without bound, and each is still counted', () => {
  const { clock, written, quota } = given({ full: 5, details: 3, buckets: 20 });
  for (let i = 0; i < 1000; i++) quota.note(failed(1, `198.51.100.${i}`));
  expect(written).toHaveLength(5);
  clock.advance(60_000);
  const counts = written.flatMap((event) => (event.kind === 'summary' ? [event.count] : []));
  expect(counts).toHaveLength(16);
  expect(counts.reduce((a, b) => a + b, 0)).toBe(995);
  expect(written.at(-1)).toMatchObject({ kind: 'summary', merged: true, count: 980 });
});

test('without room in the recorder events are only counted, until there is', () => {
  const { clock, written, state, quota } = given();
  state.room = false;
  quota.note(failed(1));
  clock.advance(60_000);
  expect(written).toEqual([]);
  state.room = true;
  clock.advance(60_000);
  expect(written).toMatchObject([{ kind: 'summary', count: 1 }]);
});
