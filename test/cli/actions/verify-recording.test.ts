import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replayRecordedSession } from '../../../cli/actions/replay-session.ts';
import { verifyRecordingFolder } from '../../../cli/actions/verify-recording.ts';
import { signer, tempFolder, writeLog } from '../../core/audit/recorded.ts';
import { sampleEvents } from '../../core/audit/sample-events.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const clock = new FakeClock();

test('a key is given as text or as a file, and must be given', () => {
  using folder = tempFolder();
  const recordings = join(folder.path, 'recordings');
  writeLog(recordings, [[sampleEvents.session_open, sampleEvents.session_close, sampleEvents.stop]]);
  const file = join(folder.path, 'keys.txt');
  writeFileSync(file, `# gw1\n${signer.vkey}\n`);
  for (const keys of [[signer.vkey], [file]]) {
    expect(verifyRecordingFolder({ folder: recordings, keys, anchors: [], clock }).outcome).toBe('whole');
  }
  expect(() => verifyRecordingFolder({ folder: recordings, keys: [], anchors: [], clock })).toThrow(/pinned key/);
  expect(() => verifyRecordingFolder({ folder: recordings, keys: ['nope'], anchors: [], clock })).toThrow(
    expect.objectContaining({ code: 'BadKey' }),
  );
});

test('a checkpoint from elsewhere is compared', () => {
  using folder = tempFolder();
  const longer = writeLog(join(folder.path, 'a'), [[sampleEvents.stop, sampleEvents.stop]]);
  writeLog(join(folder.path, 'b'), [[sampleEvents.stop]]);
  const given = { folder: join(folder.path, 'b'), keys: [signer.vkey], clock };
  expect(verifyRecordingFolder({ ...given, anchors: longer.notes }).outcome).toBe('tampered');
});

test('a session that is not there is a wrong use', () => {
  using folder = tempFolder();
  writeLog(folder.path, [[sampleEvents.session_open]]);
  expect(replayRecordedSession({ folder: folder.path, session: 's-1' }).timeline).toHaveLength(1);
  expect(() => replayRecordedSession({ folder: folder.path, session: 'nobody' })).toThrow(/no such session/);
});
