/**
 * Events a second through the recorder, beside what the disk does for a plain append and fdatasync of the same bytes.
 * `strict`: so many callers, each waiting for its event to be on the disk before the next one. `bestEffort`: queued as
 * fast as the recorder takes them, timed until all are on the disk. `node bench/recorder.ts [seconds per line]`.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEvent } from '../core/audit/event.ts';
import { noteSigner } from '../core/audit/signed-note.ts';
import { systemClock } from '../core/clock/clock.ts';
import { Recorder } from '../gateway/recorder/recorder.ts';

const seconds = Number(process.argv[2] ?? 3);
const folder = mkdtempSync(join(process.cwd(), '.bench-recorder-'));
const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const signer = noteSigner('sluice.dev/audit/bench', pem);

const event = (n: number): AuditEvent => ({
  kind: 'fetch_done',
  sid: '0a1b2c3d4e5f60718293a4b5',
  conn: '17',
  corr: n,
  principal: 'alice',
  grant: '0123456789abcdef0123456789abcdef',
  policy: 'payments-debug',
  source: '10.1.2.3:51234',
  cluster: 'main',
  listener: '1',
  topics: [
    {
      topic: 'payments',
      partition: 3,
      firstOffset: BigInt(n),
      lastOffset: BigInt(n + 99),
      records: 100,
      bytes: 104_857,
    },
  ],
  bytes: 104_900,
  latency: 3.25,
});

const alive = setInterval(() => undefined, 1000);
try {
  const raw = new Map<number, number>();
  for (const callers of [1, 16, 256]) {
    const [appended, lineBytes] = [await rawAppend(callers), 520];
    raw.set(callers, appended);
    say(`write + fdatasync, ${callers} lines of ${lineBytes} B each time`, appended, appended);
    say(`strict, ${callers} at once`, await strict(callers), appended);
  }
  const best = await bestEffort();
  say('bestEffort', best, raw.get(256)!);
} finally {
  clearInterval(alive);
  rmSync(folder, { recursive: true, force: true });
}

async function withRecorder(name: string, run: (recorder: Recorder) => Promise<number>): Promise<number> {
  const recorder = await Recorder.open({
    folder: join(folder, name),
    gw: 'bench',
    origin: signer.name,
    signer,
    clock: systemClock,
    version: '0',
  });
  const rate = await run(recorder);
  await recorder.close('command');
  return rate;
}

function strict(callers: number): Promise<number> {
  return withRecorder(`strict-${callers}`, async (recorder) => {
    let n = 0;
    const start = performance.now();
    const until = start + seconds * 1000;
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while (performance.now() < until) await recorder.record(event(n++));
      }),
    );
    return (n / (performance.now() - start)) * 1000;
  });
}

function bestEffort(): Promise<number> {
  return withRecorder('best-effort', async (recorder) => {
    let n = 0;
    const start = performance.now();
    const until = start + seconds * 1000;
    while (performance.now() < until) {
      for (let i = 0; i < 1000 && !recorder.full; i++) recorder.append(event(n++));
      await new Promise(setImmediate);
    }
    await recorder.record(event(n++));
    return (n / (performance.now() - start)) * 1000;
  });
}

/** One write and one fdatasync for every `group` lines: what a disk gives without a chain, JSON or a queue. */
async function rawAppend(group: number): Promise<number> {
  const file = await open(join(folder, `raw-${group}`), 'w');
  const bytes = Buffer.alloc(520 * group, 'x');
  let n = 0;
  const start = performance.now();
  for (const until = start + seconds * 1000; performance.now() < until; n += group) {
    await file.write(bytes);
    await file.datasync();
  }
  const took = performance.now() - start;
  await file.close();
  return (n / took) * 1000;
}

function say(what: string, rate: number, base: number): void {
  const ratio = (rate / base).toFixed(2);
  process.stdout.write(`${what.padEnd(52)} ${rate.toFixed(0).padStart(8)} events/s  ×${ratio}\n`);
}
