import { expect, test } from 'vitest';
import { Progress } from '../../../cli/output/progress.ts';
import type { Clock } from '../../../core/clock/clock.ts';

/** A Progress of 30 columns, what it wrote, and a clock that is moved by hand. */
function given(isTTY = true) {
  let now = 0;
  const written: string[] = [];
  const clock: Clock = { now: () => now, monotonic: () => now, after: () => ({ cancel: () => {} }) };
  const progress = new Progress({ isTTY, columns: 30, write: (text) => written.push(text) }, clock);
  const wait = (ms: number): void => {
    now += ms;
  };
  return { progress, written, wait };
}

test('work of less than a second is silent', () => {
  const { progress, written, wait } = given();
  progress.tell('reading file', 1, 9);
  wait(999);
  progress.tell('reading file', 2, 9);
  progress[Symbol.dispose]();
  expect(written).toEqual([]);
});

test('longer work tells how far it is ten times a second, and the line is gone at the end', () => {
  const { progress, written, wait } = given();
  wait(1000);
  progress.tell('reading file', 3, 9);
  wait(99);
  progress.tell('reading file', 4, 9);
  wait(1);
  progress.tell('comparing', 0, 1);
  progress[Symbol.dispose]();
  progress[Symbol.dispose]();
  expect(written).toEqual(['\r\x1b[Kreading file 3 of 9', '\r\x1b[Kcomparing', '\r\x1b[K']);
});

test('the line never breaks', () => {
  const { progress, written, wait } = given();
  wait(1000);
  progress.tell('a'.repeat(60), 3, 9);
  expect(written[0]).toBe(`\r\x1b[K${'a'.repeat(29)}`);
});

test('what is no terminal is told nothing', () => {
  const { progress, written, wait } = given(false);
  wait(5000);
  progress.tell('reading file', 3, 9);
  progress[Symbol.dispose]();
  expect(written).toEqual([]);
});
