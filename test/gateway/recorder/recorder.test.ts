import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../../core/audit/event.ts';
import { verifyRecording } from '../../../core/audit/verify.ts';
import { formatInstant } from '../../../core/clock/instant.ts';
import type { SluiceError } from '../../../core/errors/sluice-error.ts';
import { keys, tempFolder } from '../../core/audit/recorded.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FaultyDisk } from './faulty-disk.ts';
import { fetched, linesOf, openRecorder, settled, turn } from './recording.ts';

const kinds = (folder: string): unknown[] => linesOf(folder).map((line) => line['kind']);
const bytesOf = (folder: string): unknown[] =>
  linesOf(folder)
    .filter((line) => line['kind'] === 'fetch_done')
    .map((line) => line['bytes']);

test('a recording that was opened, written and closed is whole', async () => {
  using folder = tempFolder();
  const recorder = await openRecorder(folder.path);
  expect(recorder.append(fetched(1))).toBe(true);
  await recorder.record(fetched(2));
  await recorder.close('signal');
  expect(kinds(folder.path)).toEqual(['checkpoint', 'start', 'fetch_done', 'fetch_done', 'stop', 'checkpoint']);
  const result = verifyRecording(folder.path, { keys });
  expect(result.findings).toEqual([]);
  expect(result.outcome).toBe('whole');
  expect(readdirSync(folder.path).filter((file) => file.startsWith('lock'))).toEqual([]);
});

test('strict events call back once they are on the disk, in groups', async () => {
  using folder = tempFolder();
  const disk = new FaultyDisk();
  const recorder = await openRecorder(folder.path, { disk });
  const before = disk.writes;
  let release = (): void => undefined;
  disk.held = new Promise((resolve) => {
    release = resolve;
  });
  const durable: number[] = [];
  for (let i = 0; i < 100; i++) recorder.appendStrict(fetched(i), () => durable.push(i));
  await turn();
  for (let i = 100; i < 200; i++) recorder.appendStrict(fetched(i), () => durable.push(i));
  await turn();
  expect(durable).toEqual([]);
  expect(disk.writes).toBe(before);
  disk.held = undefined;
  release();
  await settled(recorder);
  expect(durable).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect(disk.writes - before).toBe(2);
  await recorder.close('signal');
  expect(bytesOf(folder.path)).toEqual(durable);
});

test('reads and writes of one origin gather for a tenth of a second, and come before whatever is told after them', async () => {
  using folder = tempFolder();
  const clock = new FakeClock();
  const recorder = await openRecorder(folder.path, { clock });
  const who = { conn: '1', principal: 'ada' };
  const wrote = (n: number): AuditEvent => ({
    kind: 'produce_done',
    topics: [{ topic: 't', partition: 0, firstOffset: BigInt(n), lastOffset: BigInt(n), records: 1, bytes: 10 }],
    bytes: 10,
  });
  const begun = clock.now();
  for (let i = 0; i < 50; i++) {
    clock.advance(1);
    recorder.append(wrote(i), who);
  }
  expect(recorder.queued).toEqual({ events: 1, bytes: 0 });
  expect(kinds(folder.path)).toEqual(['checkpoint', 'start']);
  clock.advance(60);
  await settled(recorder);
  expect(linesOf(folder.path).at(-1)).toMatchObject({
    kind: 'produce_done',
    conn: '1',
    ts: formatInstant(begun + 50),
    from: formatInstant(begun + 1),
    requests: 50,
    bytes: 500,
    topics: [{ topic: 't', partition: 0, firstOffset: '0', lastOffset: '49', records: 50, bytes: 500 }],
  });
  recorder.append(wrote(50), who);
  await recorder.record({ kind: 'session_close', reason: 'client', ...who });
  recorder.append(wrote(51), who);
  await recorder.close('signal');
  expect(kinds(folder.path)).toEqual([
    ...['checkpoint', 'start', 'produce_done', 'produce_done', 'session_close', 'produce_done', 'stop', 'checkpoint'],
  ]);
  expect(verifyRecording(folder.path, { keys }).outcome).toBe('whole');
});

test('a full queue says so, takes what comes all the same, and says when there is room', async () => {
  using folder = tempFolder();
  const disk = new FaultyDisk();
  const said: string[] = [];
  const recorder = await openRecorder(folder.path, {
    disk,
    limits: { events: 10, bytes: 1_000_000 },
    onFull: () => said.push('full'),
    onDrain: () => said.push('drain'),
  });
  let release = (): void => undefined;
  disk.held = new Promise((resolve) => {
    release = resolve;
  });
  const taken = Array.from({ length: 15 }, (_, i) => recorder.append(fetched(i)));
  expect(taken.indexOf(false)).toBe(9);
  expect(said).toEqual(['full']);
  release();
  disk.held = undefined;
  await settled(recorder);
  expect(said).toEqual(['full', 'drain']);
  expect(recorder.queued).toEqual({ events: 0, bytes: 0 });
  await recorder.close('signal');
  expect(bytesOf(folder.path)).toHaveLength(15);
});

test('segments turn over by size and by age, and stay one log', async () => {
  using folder = tempFolder();
  const clock = new FakeClock();
  const recorder = await openRecorder(folder.path, { clock, segment: { bytes: 4000, age: 300_000 } });
  for (let i = 0; i < 40; i++) await recorder.record(fetched(i));
  await recorder.close('signal');
  const again = await openRecorder(folder.path, { clock, segment: { bytes: 1_000_000, age: 300_000 } });
  again.append(fetched(40));
  for (let i = 0; i < 31; i++) {
    clock.advance(10_000);
    await settled(again);
  }
  again.append(fetched(41));
  await again.close('signal');
  const result = verifyRecording(folder.path, { keys });
  expect(result.findings).toEqual([]);
  expect(result.logs[0]?.segments).toBeGreaterThan(4);
  expect(bytesOf(folder.path)).toEqual(Array.from({ length: 42 }, (_, i) => i));
  expect(linesOf(folder.path).map((line) => line['seq'])).toEqual([...linesOf(folder.path).keys()]);
});

test('a checkpoint is signed every ten seconds, also when nothing happens', async () => {
  using folder = tempFolder();
  const clock = new FakeClock();
  const recorder = await openRecorder(folder.path, { clock });
  const noteFile = (): string =>
    readFileSync(join(folder.path, readdirSync(folder.path).find((f) => f.endsWith('.note')) ?? ''), 'utf8');
  const sizes: (string | undefined)[] = [noteFile().split('\n')[1]];
  for (let i = 0; i < 3; i++) {
    clock.advance(10_000);
    await settled(recorder);
    sizes.push(noteFile().split('\n')[1]);
  }
  expect(sizes).toEqual(['0', '2', '3', '4']);
  expect(verifyRecording(folder.path, { keys, isLive: () => true }).outcome).toBe('whole');
  await recorder.close('signal');
});

describe('a disk that fails', () => {
  test.each<[string, (disk: FaultyDisk) => void]>([
    ['ENOSPC after a part of the write', (d) => Object.assign(d, { writeFault: { code: 'ENOSPC', after: 70 } })],
    ['EIO', (d) => Object.assign(d, { writeFault: { code: 'EIO', after: 0 } })],
    ['a sync that fails', (d) => Object.assign(d, { syncFault: 'EIO' })],
  ])('%s: who waits is told, nothing is lost or doubled', async (_, breakIt) => {
    using folder = tempFolder();
    const clock = new FakeClock();
    const disk = new FaultyDisk();
    const health: (string | boolean | undefined)[] = [];
    const recorder = await openRecorder(folder.path, {
      clock,
      disk,
      onHealth: (healthy, error) => health.push(healthy, error?.why),
    });
    await recorder.record(fetched(0));
    breakIt(disk);
    const errors: (SluiceError | undefined)[] = [];
    recorder.append(fetched(1));
    recorder.appendStrict(fetched(2), (error) => errors.push(error));
    for (let i = 0; i < 50 && recorder.healthy; i++) await turn();
    expect(recorder.healthy).toBe(false);
    recorder.appendStrict(fetched(3), (error) => errors.push(error));
    recorder.append(fetched(4));
    await turn();
    expect(errors.map((error) => error?.code)).toEqual(['RecorderFailed', 'RecorderFailed']);
    expect(JSON.stringify(errors) + errors.map((e) => e?.message)).not.toContain('canary');
    clock.advance(1000); // a try that fails again
    await turn();
    await turn();
    Object.assign(disk, { writeFault: undefined, syncFault: undefined });
    clock.advance(1000);
    await settled(recorder);
    expect(recorder.healthy).toBe(true);
    await recorder.record(fetched(5));
    await recorder.close('signal');
    expect(health).toEqual([false, expect.stringMatching(/ENOSPC|EIO/), true, undefined]);
    expect(bytesOf(folder.path)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(kinds(folder.path)).toContain('error');
    const result = verifyRecording(folder.path, { keys });
    expect(result.findings).toEqual([]);
  });

  test('writes that take a part only', async () => {
    using folder = tempFolder();
    const disk = new FaultyDisk();
    disk.shortWrite = 17;
    const recorder = await openRecorder(folder.path, { disk });
    await recorder.record(fetched(1));
    await recorder.close('signal');
    expect(verifyRecording(folder.path, { keys }).outcome).toBe('whole');
  });

  test('a note that cannot be written does not double the lines', async () => {
    using folder = tempFolder();
    const clock = new FakeClock();
    const disk = new FaultyDisk();
    const recorder = await openRecorder(folder.path, { clock, disk });
    disk.replaceFault = 'ENOSPC';
    clock.advance(10_000);
    for (let i = 0; i < 50 && recorder.healthy; i++) await turn();
    expect(recorder.healthy).toBe(false);
    disk.replaceFault = undefined;
    clock.advance(1000);
    await settled(recorder);
    await recorder.close('signal');
    expect(verifyRecording(folder.path, { keys }).findings).toEqual([]);
  });

  test('at the start: it does not open, and gives the folder back', async () => {
    using folder = tempFolder();
    const disk = new FaultyDisk();
    disk.openFault = 'EACCES';
    await expect(openRecorder(folder.path, { disk })).rejects.toMatchObject({ code: 'RecorderFailed', why: 'EACCES' });
    disk.openFault = undefined;
    await (await openRecorder(folder.path, { disk })).close('signal');
    expect(verifyRecording(folder.path, { keys }).outcome).toBe('whole');
  });

  test('at the end: close says that the last lines are missing', async () => {
    using folder = tempFolder();
    const disk = new FaultyDisk();
    const recorder = await openRecorder(folder.path, { disk });
    disk.writeFault = { code: 'ENOSPC', after: 3 };
    await expect(recorder.close('signal')).rejects.toMatchObject({ code: 'RecorderFailed' });
    disk.writeFault = undefined;
    await (await openRecorder(folder.path, { disk })).close('signal');
    const result = verifyRecording(folder.path, { keys });
    expect(result.outcome).toBe('whole');
    expect(result.findings.map((f) => f.code)).toEqual(['killed']);
  });
});

describe('going on after an end that was none', () => {
  test('half a line is put aside and said', async () => {
    using folder = tempFolder();
    const first = await openRecorder(folder.path);
    await first.close('signal');
    const segment = join(folder.path, '00000000000000000000.ndjson');
    appendFileSync(segment, '{"v":1,"seq":4,"ki');
    await (await openRecorder(folder.path)).close('signal');
    expect(linesOf(folder.path).find((line) => line['seq'] === 5)).toMatchObject({
      kind: 'start',
      clean: true,
      tornBytes: 18,
      tornFile: '00000000000000000000.torn',
    });
    expect(readFileSync(join(folder.path, '00000000000000000000.torn'), 'utf8')).toBe('{"v":1,"seq":4,"ki');
    expect(verifyRecording(folder.path, { keys }).outcome).toBe('whole');
  });

  test('a segment with half of its first line, and an empty one, are no obstacle', async () => {
    using folder = tempFolder();
    await (await openRecorder(folder.path)).close('signal');
    writeFileSync(join(folder.path, '00000000000000000004.ndjson'), '{"v":1,"s');
    await (await openRecorder(folder.path)).close('signal');
    writeFileSync(join(folder.path, '00000000000000000008.ndjson'), '');
    await (await openRecorder(folder.path)).close('signal');
    expect(verifyRecording(folder.path, { keys }).outcome).toBe('whole');
  });

  test('a log that was cut or changed is not continued', async () => {
    using folder = tempFolder();
    await (await openRecorder(folder.path)).close('signal');
    const segment = join(folder.path, '00000000000000000000.ndjson');
    const text = readFileSync(segment, 'utf8');
    writeFileSync(segment, text.replace('0.1.0', '0.1.1'));
    await expect(openRecorder(folder.path)).rejects.toMatchObject({ code: 'RecordingDamaged' });
    writeFileSync(segment, text);
    truncateSync(segment, text.indexOf('{"v":1,"seq":2'));
    await expect(openRecorder(folder.path)).rejects.toMatchObject({ code: 'RecordingDamaged' });
  });
});

test('a folder has one writer', async () => {
  using folder = tempFolder();
  const recorder = await openRecorder(folder.path);
  await expect(openRecorder(folder.path)).rejects.toMatchObject({ code: 'RecordingLocked' });
  await recorder.close('signal');
  const next = await openRecorder(folder.path);
  await next.close('signal');
  expect(next.append(fetched(1))).toBe(true);
  await expect(next.record(fetched(1))).rejects.toMatchObject({ code: 'RecorderFailed' });
});
