import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { InputError } from '../../../core/errors/sluice-error.ts';
import { Channel, type Port } from '../../../gateway/workers/channel.ts';
import { FakeClock } from '../../support/fake-clock.ts';

interface Asked {
  double(n: number): number;
  slow(): Promise<string>;
  fail(kind: 'ours' | 'other'): never;
  note(what: string): void;
}
type Nothing = Record<never, never>;

/** Two ends of a channel in one process; what is sent is copied, as between processes. */
function ends(): readonly [Port & EventEmitter, Port & EventEmitter] {
  const [a, b] = [new EventEmitter(), new EventEmitter()];
  const end = (own: EventEmitter, other: EventEmitter): Port & EventEmitter =>
    Object.assign(own, {
      connected: true,
      send(message: unknown, callback: (error: Error | null) => void) {
        const copy: unknown = structuredClone(message);
        setImmediate(() => {
          other.emit('message', copy);
          callback(null);
        });
        return true;
      },
    });
  return [end(a, b), end(b, a)];
}

function channel() {
  const clock = new FakeClock();
  const [near, far] = ends();
  const noted: string[] = [];
  const slow = Promise.withResolvers<string>();
  const asked: Asked = {
    double: (n) => 2 * n,
    slow: () => slow.promise,
    fail(kind) {
      if (kind === 'ours')
        throw new InputError('BadConfig', 'it cannot be', { why: 'x', fix: 'y', at: 'z', retry: 'later' });
      throw new TypeError('a value: 4111 1111 1111 1111');
    },
    note: (what) => noted.push(what),
  };
  new Channel<Asked, Nothing>(far, asked, clock);
  return { clock, near, noted, slow, to: new Channel<Nothing, Asked>(near, {}, clock) };
}

test('calls begin in their order, answers come when they are there', async () => {
  const { to, slow, noted } = channel();
  const late = to.call('slow', [], 1000);
  to.tell('note', 'first');
  const early = to.call('double', [21], 1000);
  to.tell('note', 'second');
  expect(await early).toBe(42);
  await expect.poll(() => noted).toEqual(['first', 'second']);
  slow.resolve('done');
  expect(await late).toBe('done');
});

test('errors of ours arrive as they are, others without their text', async () => {
  const { to } = channel();
  await expect(to.call('fail', ['ours'], 1000)).rejects.toMatchObject({
    code: 'BadConfig',
    message: 'it cannot be',
    why: 'x',
    fix: 'y',
    at: 'z',
    retry: 'later',
  });
  const other: unknown = await to.call('fail', ['other'], 1000).catch((error: unknown) => error);
  expect(other).toMatchObject({ code: 'Bug' });
  expect(JSON.stringify([other, (other as Error).message])).not.toContain('4111');
});

test('who does not answer in time, has ended, or is asked for what it does not offer', async () => {
  const { to, clock } = channel();
  const late = expect(to.call('slow', [], 1000)).rejects.toMatchObject({
    code: 'WorkerFailed',
    why: expect.stringContaining('slow'),
  });
  await new Promise(setImmediate);
  clock.advance(1000);
  await late;
  await expect(to.call('constructor' as 'slow', [], 1000)).rejects.toMatchObject({ code: 'WorkerFailed' });
  const waiting = expect(to.call('slow', [], 1000)).rejects.toMatchObject({ why: 'it has ended' });
  to.close();
  await waiting;
  await expect(to.call('double', [1], 1000)).rejects.toMatchObject({ why: 'it has ended' });
});
