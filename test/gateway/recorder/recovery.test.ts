import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { leafHash } from '../../../core/audit/chain.ts';
import { recoverLog } from '../../../gateway/recorder/recovery.ts';
import { tempFolder, writeLog } from '../../core/audit/recorded.ts';
import { sampleEvents } from '../../core/audit/sample-events.ts';

const events = [sampleEvents.start, sampleEvents.session_open, sampleEvents.fetch_done];

test('wherever a write was cut off, the log goes on after its last whole line', () => {
  using folder = tempFolder();
  const { segments } = writeLog(folder.path, [events, events], { endCheckpoint: false });
  const [before, last] = segments as [string, string];
  const text = readFileSync(last);
  const firstSeq = readFileSync(before, 'utf8').split('\n').length - 1;
  for (let size = text.length; size > 0; size -= 11) {
    const kept = text.subarray(0, size);
    writeFileSync(last, kept);
    const lines = kept.toString().split('\n').slice(0, -1);
    if (lines.length === 0) break; // then the note speaks of a line that is not there: see below
    const { position, torn } = recoverLog(folder.path);
    expect(position.nextSeq).toBe(firstSeq + lines.length);
    expect(position.prev).toBe(leafHash(lines.at(-1) as string));
    const whole = Buffer.byteLength(lines.join('\n')) + 1;
    expect(torn?.bytes ?? 0).toBe(size - whole);
    if (torn) {
      expect(readFileSync(torn.file)).toEqual(Buffer.from(text.subarray(whole, size)));
      rmSync(torn.file);
    }
    expect(readFileSync(last).length).toBe(whole);
  }
});

test('a segment whose first line was cut off is put aside, and the one before goes on', () => {
  using folder = tempFolder();
  const { segments, notes } = writeLog(folder.path, [events, events]);
  const [before, last] = segments as [string, string];
  rmSync(notes[1] as string);
  writeFileSync(last, readFileSync(last).subarray(0, 40));
  const recovered = recoverLog(folder.path);
  expect(recovered).toMatchObject({ clean: false, torn: { bytes: 40 } });
  expect(recovered.position.nextSeq).toBe(readFileSync(before, 'utf8').split('\n').length - 1);
  expect(readdirSync(folder.path).filter((file) => file.endsWith('.ndjson'))).toHaveLength(1);
});

test.each<[string, (last: string, note: string) => void]>([
  ['the last segment is gone and its note is there', (last) => rmSync(last)],
  ['all segments are gone and notes are there', (last) => rmSync(last)],
  ['the note speaks of more lines', (last) => writeFileSync(last, `${readFileSync(last, 'utf8').split('\n')[0]}\n`)],
  ['the segment is empty and its note is there', (last) => writeFileSync(last, '')],
  ['a line was changed', (last) => writeFileSync(last, readFileSync(last, 'utf8').replace('"ada"', '"eve"'))],
  [
    'the last line was changed',
    (last) => writeFileSync(last, readFileSync(last, 'utf8').replace(/"records":7(?!.*"records":7)/s, '"records":1')),
  ],
])('a log is not continued when %s', (what, damage) => {
  using folder = tempFolder();
  const { segments, notes } = writeLog(folder.path, [events, events]);
  if (what.startsWith('all')) rmSync(segments[0] as string);
  damage(segments[1] as string, notes[1] as string);
  expect(() => recoverLog(folder.path)).toThrow(expect.objectContaining({ code: 'RecordingDamaged' }));
});

test('an empty folder is the start of a log', () => {
  using folder = tempFolder();
  expect(recoverLog(folder.path)).toMatchObject({ position: { nextSeq: 0, frontier: [] }, clean: true });
});
