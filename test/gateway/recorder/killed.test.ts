import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { noteSigner, noteVerifier } from '../../../core/audit/signed-note.ts';
import { verifyRecording } from '../../../core/audit/verify.ts';
import { tempFolder } from '../../core/audit/recorded.ts';
import { linesOf } from './recording.ts';

const child = fileURLToPath(new URL('./recording-child.ts', import.meta.url));

function given() {
  const folder = tempFolder();
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const pemFile = join(folder.path, 'key.pem');
  writeFileSync(pemFile, pem);
  const log = join(folder.path, 'gw1');
  const keys = [noteVerifier(noteSigner('sluice.dev/audit/gw1', pem).vkey)];
  const children: ChildProcess[] = [];
  const start = (first: number, ulimit?: string): ChildProcess => {
    const args = [child, log, pemFile, String(first)];
    const limited = ['-c', `ulimit -S ${ulimit}; exec "$0" "$@"`, process.execPath, ...args];
    const started = ulimit ? spawn('bash', limited) : spawn(process.execPath, args);
    children.push(started);
    return started;
  };
  return {
    log,
    keys,
    start,
    [Symbol.dispose]: () => {
      for (const started of children) started.kill('SIGKILL');
      folder[Symbol.dispose]();
    },
  };
}

/** The lines that a child says, and one that waits for a certain one. */
function listen(process: ChildProcess): { readonly said: string[]; until(line: RegExp): Promise<void> } {
  const said: string[] = [];
  const waiting: { line: RegExp; go: () => void }[] = [];
  createInterface({ input: process.stdout! }).on('line', (line) => {
    said.push(line);
    for (const w of waiting.splice(0)) w.line.test(line) ? w.go() : waiting.push(w);
  });
  const until = (line: RegExp): Promise<void> =>
    new Promise((go, fail) => {
      if (said.some((s) => line.test(s))) return go();
      waiting.push({ line, go });
      process.once('exit', (code) => fail(new TypeError(`the child ended with ${code} before ${line}`)));
    });
  return { said, until };
}

const written = (log: string, strict: boolean): number[] =>
  linesOf(log)
    .filter((line) => line['kind'] === 'fetch_done' && (line['latency'] === undefined) === strict)
    .map((line) => Number(line['bytes']));

test('killed at any moment, it loses nothing that it called durable, doubles nothing, and the log stays one', async () => {
  using at = given();
  const durable: number[] = [];
  let torn = 0;
  for (let round = 0; round < 12; round++) {
    const writer = at.start(round * 1_000_000);
    const { said, until } = listen(writer);
    await until(/^durable/);
    await new Promise((resolve) => {
      setTimeout(resolve, (round * 13) % 50);
    });
    const closed = once(writer, 'close');
    writer.kill('SIGKILL');
    await closed;
    durable.push(...said.filter((line) => line.startsWith('durable')).map((line) => Number(line.slice(8))));
  }
  const last = at.start(90_000_000);
  const { until } = listen(last);
  await until(/^durable/);
  const closed = once(last, 'close');
  last.stdin?.write('stop');
  expect(await closed).toEqual([0, null]);

  torn = readdirSync(at.log).filter((file) => file.endsWith('.torn')).length;
  const numbers = written(at.log, true);
  expect(new Set(numbers).size).toBe(numbers.length);
  const missing = durable.filter((n) => !new Set(numbers).has(n));
  expect(missing).toEqual([]);
  const result = verifyRecording(at.log, { keys: at.keys });
  expect(result.outcome).toBe('whole');
  expect(new Set(result.findings.map((f) => f.code))).toEqual(new Set(['killed']));
  expect(linesOf(at.log).filter((line) => line['tornBytes'] !== undefined)).toHaveLength(torn);
}, 60_000);

test('a file that may not grow: it says so, tells who waits, and goes on when it may', async () => {
  using at = given();
  const writer = at.start(0, '-f 64');
  const { said, until } = listen(writer);
  await until(/^failed EFBIG$/);
  const durable = said.filter((line) => line.startsWith('durable')).length;
  expect(durable).toBeGreaterThan(0);
  const cut = verifyRecording(at.log, { keys: at.keys, isLive: () => true });
  expect(cut.outcome).toBe('whole');
  await once(spawn('prlimit', ['--pid', String(writer.pid), '--fsize=unlimited:']), 'close');
  await until(/^healthy$/);
  const closed = once(writer, 'close');
  writer.stdin?.write('stop');
  expect(await closed).toEqual([0, null]);
  const strict = written(at.log, true);
  expect(strict).toEqual([...strict.keys()]);
  expect(strict.length).toBeGreaterThanOrEqual(durable);
  expect(written(at.log, false)).toEqual(strict);
  const result = verifyRecording(at.log, { keys: at.keys });
  expect(result.findings).toEqual([]);
}, 30_000);
