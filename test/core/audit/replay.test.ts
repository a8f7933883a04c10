import { expect, test } from 'vitest';
import { replaySession } from '../../../core/audit/replay.ts';
import { tempFolder, writeLog } from './recorded.ts';
import { sampleEvents } from './sample-events.ts';

test('a session is told in order, across segments, and without the others', () => {
  using folder = tempFolder();
  const other = { ...sampleEvents.fetch_done, sid: 's-10' };
  writeLog(folder.path, [
    [sampleEvents.start, sampleEvents.session_open, sampleEvents.produce_intent, other],
    [sampleEvents.produce_done, sampleEvents.fetch_done, sampleEvents.deny],
    [sampleEvents.session_close, sampleEvents.stop],
  ]);
  const replay = replaySession(folder.path, 's-1');
  expect(replay?.timeline.map((entry) => entry.kind)).toEqual([
    'session_open',
    'produce_intent',
    'produce_done',
    'fetch_done',
    'deny',
    'session_close',
  ]);
  expect(replay).toMatchObject({
    principal: 'ada',
    closeReason: 'expired',
    totals: { fetchedRecords: 7, fetchedBytes: 7300, producedRecords: 7, producedBytes: 7168, masked: 14, denied: 1 },
    moreEntries: 0,
  });
  expect(replay?.timeline[0]?.at).toMatch(/\.ndjson:3$/);
});

test("a session is found in whichever worker's log it is", () => {
  using folder = tempFolder();
  const of = (sid: string): typeof sampleEvents.session_open => ({ ...sampleEvents.session_open, sid });
  writeLog(folder.path, [[sampleEvents.start, sampleEvents.worker, sampleEvents.stop]]);
  for (const number of ['1', '2']) {
    writeLog(`${folder.path}/${number}`, [[sampleEvents.start, of(`s-${number}`), sampleEvents.stop]]);
  }
  expect(replaySession(folder.path, 's-2')?.timeline.map(({ at }) => at)).toEqual([
    expect.stringMatching(/\/2\/\d+\.ndjson:3$/),
  ]);
});

test('a session that nobody recorded is undefined, a long one is cut but counted', () => {
  using folder = tempFolder();
  writeLog(folder.path, [[sampleEvents.session_open, sampleEvents.fetch_done, sampleEvents.fetch_done]]);
  expect(replaySession(folder.path, 's')).toBeUndefined();
  expect(replaySession(folder.path, 's-1', 2)).toMatchObject({ moreEntries: 1, totals: { fetchedRecords: 14 } });
});
