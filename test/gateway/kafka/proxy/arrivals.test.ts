import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Arrivals } from '../../../../gateway/kafka/proxy/arrivals.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

class FakeSocket extends EventEmitter {
  destroy(): void {
    this.emit('close');
  }
}

function hall(most: number) {
  const clock = new FakeClock();
  const arrivals = new Arrivals(most, clock);
  const told: string[] = [];
  const leaves = new Map<string, () => void>();
  const come = (name: string): { admitted: boolean; socket: FakeSocket } => {
    const socket = new FakeSocket();
    const admitted = arrivals.admit(
      socket as unknown as Socket,
      (leave) => {
        told.push(name);
        leaves.set(name, leave);
      },
      () => told.push(`${name} expired`),
    );
    return { admitted, socket };
  };
  return { clock, arrivals, told, come, leave: (name: string) => leaves.get(name)!() };
}

test('so many are served, as many wait in their order, and the rest has no room', () => {
  const { arrivals, told, come, leave } = hall(2);
  expect(['a', 'b', 'c', 'd', 'e'].map((name) => come(name).admitted)).toEqual([true, true, true, true, false]);
  expect(told).toEqual(['a', 'b']);
  expect(arrivals.size).toBe(4);
  leave('b');
  leave('b'); // who leaves twice makes room once
  expect(told).toEqual(['a', 'b', 'c']);
  leave('a');
  leave('c');
  expect(told).toEqual(['a', 'b', 'c', 'd']);
  leave('d');
  expect(arrivals.size).toBe(0);
});

test('who does not get its turn in 30 s, or hangs up, waits no more', () => {
  const { clock, arrivals, told, come, leave } = hall(1);
  come('a');
  come('late');
  clock.advance(29_999);
  expect(told).toEqual(['a']);
  clock.advance(1);
  expect(told).toEqual(['a', 'late expired']);
  const { socket } = come('gone');
  socket.emit('close');
  come('b');
  leave('a');
  expect(told).toEqual(['a', 'late expired', 'b']);
  clock.advance(60_000);
  expect(told).toEqual(['a', 'late expired', 'b']);
  expect(arrivals.size).toBe(1);
});

test('when it is closed nobody is let in any more', () => {
  const { arrivals, told, come, leave } = hall(1);
  come('a');
  let closed = false;
  come('b').socket.on('close', () => {
    closed = true;
  });
  arrivals.close();
  expect(closed).toBe(true);
  expect(come('c').admitted).toBe(false);
  leave('a');
  expect(told).toEqual(['a']);
});
