import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { validateReplayReport } from '../../core/schema/replay-report.ts';
import { validateVerifyReport } from '../../core/schema/verify-report.ts';
import { signer, tempFolder, writeLog } from '../core/audit/recorded.ts';
import { sampleEvents } from '../core/audit/sample-events.ts';
import { runSluice } from '../support/run-sluice.ts';

const session = [
  sampleEvents.session_open,
  sampleEvents.produce_intent,
  sampleEvents.produce_done,
  sampleEvents.deny,
  sampleEvents.session_close,
];

function given() {
  const folder = tempFolder();
  const recordings = join(folder.path, 'recordings');
  const key = join(folder.path, 'gw1.vkey');
  writeFileSync(key, `${signer.vkey}\n`);
  const { segments } = writeLog(recordings, [session, [sampleEvents.stop]]);
  return { folder, recordings, key, segments, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

test('whole: exit code 0', async () => {
  using at = given();
  expect(await runSluice(['audit', 'verify', at.recordings, '--key', at.key])).toEqual({
    stdout: [
      `${at.recordings} (sluice.dev/audit/gw1): 10 lines in 2 segments, 4 checkpoints, 1 session`,
      'whole: nothing is missing and every line is as it was written',
      '',
    ].join('\n'),
    stderr: '',
    code: 0,
  });
});

test('tampered: exit code 1, with the place', async () => {
  using at = given();
  const segment = at.segments[0] as string;
  writeFileSync(segment, readFileSync(segment, 'utf8').replace('"records":7', '"records":1'));
  const { stdout, code } = await runSluice(['audit', 'verify', at.recordings, '--key', signer.vkey]);
  expect(code).toBe(1);
  expect(stdout).toContain(`${segment}:4: tampered the line before was changed`);
  expect(stdout).toContain('tampered: the recording is not what was written');
});

test('incomplete: exit code 5, also for an empty folder', async () => {
  using at = given();
  appendFileSync(at.segments[1] as string, '{"v":1');
  const torn = await runSluice(['audit', 'verify', at.recordings, '--key', at.key, '--format', 'json']);
  expect(torn.code).toBe(5);
  expect(validateVerifyReport(JSON.parse(torn.stdout))).toBe(true);
  expect(JSON.parse(torn.stdout)).toMatchObject({ outcome: 'incomplete', findings: [{ code: 'torn-line' }] });
  const empty = join(at.folder.path, 'empty');
  mkdirSync(empty);
  expect((await runSluice(['audit', 'verify', empty, '--key', at.key])).code).toBe(5);
});

test('without a key, and with none that can be read, it does not start', async () => {
  using at = given();
  expect((await runSluice(['audit', 'verify', at.recordings])).code).toBe(2);
  expect(await runSluice(['audit', 'verify', at.recordings, '--key', 'x'])).toMatchObject({ stdout: '', code: 3 });
});

test('replay tells a session', async () => {
  using at = given();
  const { stdout, code } = await runSluice(['audit', 'replay', 's-1', '--recordings', at.recordings]);
  expect(code).toBe(0);
  expect(stdout).toContain('session s-1 of ada under grant 0123456789abcdef0123456789abcdef');
  expect(stdout).toMatch(/produce_intent payments\/3 .* 7 records 7168 bytes cards\/pan redact ×7/);
  expect(stdout).toContain('wrote 7 records, 7168 bytes\n7 values masked, 1 request denied\n');
  const json = await runSluice(['audit', 'replay', 's-1', '--recordings', at.recordings, '--format', 'json']);
  expect(validateReplayReport(JSON.parse(json.stdout))).toBe(true);
  expect(await runSluice(['audit', 'replay', 'nobody', '--recordings', at.recordings])).toMatchObject({
    stdout: '',
    code: 2,
  });
});
