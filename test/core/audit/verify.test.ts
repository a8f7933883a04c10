import { appendFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { leafHash, noLine, prevOf } from '../../../core/audit/chain.ts';
import type { AuditEvent } from '../../../core/audit/event.ts';
import { noteSigner } from '../../../core/audit/signed-note.ts';
import { type VerifyResult, verifyRecording } from '../../../core/audit/verify.ts';
import { keys, signer, tempFolder, type Written, writeLog } from './recorded.ts';

const start: AuditEvent = { kind: 'start', version: '0', clean: true };
const stop: AuditEvent = { kind: 'stop', reason: 'signal' };
const open = (sid: string): AuditEvent => ({ kind: 'session_open', sid });
const close = (sid: string): AuditEvent => ({ kind: 'session_close', sid, reason: 'client' });
const fetched = (n: number): AuditEvent => ({ kind: 'fetch_done', sid: 's', topics: [], bytes: n });
const three: AuditEvent[][] = [
  [start, open('s'), fetched(1), fetched(2)],
  [fetched(3), fetched(4), fetched(5)],
  [fetched(6), close('s'), stop],
];

const codes = (result: VerifyResult): string[] =>
  result.findings.filter((f) => f.severity !== 'note').map((f) => f.code);

/** Rewrites a file's lines. */
function edit(path: string, change: (lines: string[]) => string[]): void {
  writeFileSync(path, `${change(readFileSync(path, 'utf8').split('\n').slice(0, -1)).join('\n')}\n`);
}

/** Mends the chain after an edit, as somebody without the signing key could. */
function rechain(paths: readonly string[]): void {
  let prev = noLine;
  for (const path of paths) {
    edit(path, (lines) =>
      lines.map((line) => {
        const mended = line.replace(/"prev":"[0-9a-f]{64}"\}$/, `"prev":"${prev}"}`);
        prev = leafHash(mended);
        return mended;
      }),
    );
  }
}

test('what the writer wrote is whole', () => {
  using folder = tempFolder();
  writeLog(join(folder.path, 'gw1'), three);
  const result = verifyRecording(folder.path, { keys });
  expect(result.findings).toEqual([]);
  expect(result.outcome).toBe('whole');
  expect(result.logs).toMatchObject([
    { segments: 3, lines: 16, checkpoints: 6, unsigned: 0, sessions: 1, openSessions: 0 },
  ]);
});

describe('the logs of a gateway and its workers', () => {
  const worker = (number: string, state: 'started' | 'ended' = 'started'): AuditEvent => ({
    kind: 'worker',
    worker: number,
    state,
  });
  function written(folder: string): string {
    const gateway = join(folder, 'gw1');
    writeLog(gateway, [[start, worker('1'), worker('2'), worker('2', 'ended'), worker('2'), stop]]);
    for (const number of ['1', '2']) {
      writeLog(join(gateway, number), [[start, open(number), close(number), stop]], {
        origin: `${signer.name}/${number}`,
      });
    }
    return gateway;
  }

  test('are one recording', () => {
    using folder = tempFolder();
    written(folder.path);
    const result = verifyRecording(folder.path, { keys });
    expect(result).toMatchObject({ outcome: 'whole', findings: [] });
    expect(result.logs.map(({ origin, sessions }) => `${origin} ${sessions}`)).toEqual([
      `${signer.name} 0`,
      `${signer.name}/1 1`,
      `${signer.name}/2 1`,
    ]);
  });

  test('without one of them it is not whole, and the place that names it is said', () => {
    using folder = tempFolder();
    const gateway = written(folder.path);
    rmSync(join(gateway, '2'), { recursive: true });
    const result = verifyRecording(folder.path, { keys });
    expect(result.outcome).toBe('incomplete');
    expect(result.findings).toEqual([
      expect.objectContaining({ code: 'log-missing', at: expect.stringMatching(/\.ndjson:4$/) }),
    ]);
  });

  test("one worker's log in the place of another's is found", () => {
    using folder = tempFolder();
    const gateway = written(folder.path);
    rmSync(join(gateway, '2'), { recursive: true });
    cpSync(join(gateway, '1'), join(gateway, '2'), { recursive: true });
    expect(codes(verifyRecording(folder.path, { keys }))).toEqual(['same-log-twice', 'log-missing']);
  });
});

test('an empty folder is not whole, a missing one is an error', () => {
  using folder = tempFolder();
  expect(verifyRecording(folder.path, { keys }).outcome).toBe('incomplete');
  expect(() => verifyRecording(join(folder.path, 'no'), { keys })).toThrow(
    expect.objectContaining({ code: 'FileUnreadable' }),
  );
});

describe('tampered', () => {
  test.each<[string, (w: Written) => void, string]>([
    [
      'a changed value',
      (w) => edit(w.segments[0]!, (l) => l.with(3, l[3]!.replace('"bytes":1', '"bytes":9'))),
      'chain-broken',
    ],
    ['a removed line', (w) => edit(w.segments[1]!, (l) => l.toSpliced(2, 1)), 'chain-broken'],
    ['a doubled line', (w) => edit(w.segments[1]!, (l) => l.toSpliced(2, 0, l[2]!)), 'chain-broken'],
    ['swapped lines', (w) => edit(w.segments[1]!, (l) => [l[0]!, l[2]!, l[1]!, ...l.slice(3)]), 'chain-broken'],
    [
      'a change with the chain mended',
      (w) => {
        edit(w.segments[0]!, (l) => l.with(3, l[3]!.replace('"bytes":1', '"bytes":9')));
        rechain(w.segments);
      },
      'root-mismatch',
    ],
    ['a cut tail', (w) => edit(w.segments[2]!, (l) => l.slice(0, -2)), 'log-cut'],
    [
      'the middle of the log cut at the end of a segment',
      (w) => edit(w.segments[1]!, (l) => l.slice(0, -2)),
      'log-cut',
    ],
    [
      'a note of another size',
      (w) => writeFileSync(w.notes[1]!, readFileSync(w.notes[1]!, 'utf8').replace(/\n\d+\n/, '\n7\n')),
      'checkpoint-bad-signature',
    ],
    ['an empty note', (w) => writeFileSync(w.notes[1]!, ''), 'checkpoint-malformed'],
    ['a line that is no event', (w) => appendFileSync(w.segments[2]!, 'hello\n'), 'line-malformed'],
    [
      'a half line inside the log',
      (w) => truncateSync(w.segments[1]!, readFileSync(w.segments[1]!).length - 9),
      'line-malformed',
    ],
    [
      'a segment under another name',
      (w) => cpSync(w.segments[1]!, w.segments[1]!.replace('00006.', '00007.')),
      'chain-broken',
    ],
  ])('%s', (_, tamper, code) => {
    using folder = tempFolder();
    tamper(writeLog(folder.path, three));
    const result = verifyRecording(folder.path, { keys });
    expect(result.outcome).toBe('tampered');
    expect(codes(result)).toContain(code);
    expect(result.findings[0]?.at).toContain(folder.path);
  });

  test('a whole log made with another key', () => {
    using folder = tempFolder();
    const pem = new Uint8Array(32).fill(7);
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), pem]).toString('base64');
    const forger = noteSigner(signer.name, `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`);
    writeLog(folder.path, three, { signer: forger });
    const result = verifyRecording(folder.path, { keys });
    expect(result.outcome).toBe('tampered');
    expect(codes(result)).toContain('checkpoint-unknown-key');
  });

  test('one log copied over another', () => {
    using folder = tempFolder();
    writeLog(join(folder.path, 'a'), three);
    cpSync(join(folder.path, 'a'), join(folder.path, 'b'), { recursive: true });
    expect(codes(verifyRecording(folder.path, { keys }))).toEqual(['same-log-twice']);
  });

  test('a tail cut together with its note shows against a checkpoint kept elsewhere', () => {
    using folder = tempFolder();
    const written = writeLog(folder.path, three);
    const anchor = readFileSync(written.notes[2]!, 'utf8');
    edit(written.segments[2]!, (l) => l.slice(0, 1));
    writeFileSync(written.notes[2]!, readFileSync(written.notes[1]!));
    expect(verifyRecording(folder.path, { keys }).outcome).not.toBe('tampered');
    const result = verifyRecording(folder.path, { keys, anchors: [{ note: anchor, at: 'anchor.note' }] });
    expect(codes(result)).toContain('log-cut');
  });
});

describe('incomplete', () => {
  test.each<[string, (w: Written) => void, string[]]>([
    [
      'the first segment is gone',
      (w) => [w.segments[0]!, w.notes[0]!].forEach((f) => void rmSync(f)),
      ['head-missing'],
    ],
    [
      'a middle segment is gone',
      (w) => [w.segments[1]!, w.notes[1]!].forEach((f) => void rmSync(f)),
      ['segment-missing'],
    ],
    ['the last segment is gone', (w) => rmSync(w.segments[2]!), ['segment-missing', 'unsigned-tail']],
    ['a note is gone', (w) => rmSync(w.notes[1]!), ['note-missing']],
    ['the last line is torn', (w) => appendFileSync(w.segments[2]!, '{"v":1,"se'), ['torn-line']],
  ])('%s', (_, change, expected) => {
    using folder = tempFolder();
    change(writeLog(folder.path, three));
    const result = verifyRecording(folder.path, { keys });
    expect(result.outcome).toBe('incomplete');
    expect(codes(result)).toEqual(expect.arrayContaining([expected[0]]));
    expect(codes(result).every((code) => expected.includes(code))).toBe(true);
  });

  test('a session without an end in a log that was stopped', () => {
    using folder = tempFolder();
    writeLog(folder.path, [[start, open('s'), open('t'), close('t'), stop]]);
    expect(codes(verifyRecording(folder.path, { keys }))).toEqual(['session-unbalanced']);
  });

  test('a session that the next start finds open', () => {
    using folder = tempFolder();
    writeLog(folder.path, [
      [start, open('s')],
      [{ kind: 'start', version: '0', clean: true }, stop],
    ]);
    expect(codes(verifyRecording(folder.path, { keys }))).toEqual(['session-unbalanced']);
  });

  test('but not one that a kill ended: the start that follows says so', () => {
    using folder = tempFolder();
    writeLog(folder.path, [
      [start, open('s')],
      [{ kind: 'start', version: '0', clean: false }, stop],
    ]);
    const result = verifyRecording(folder.path, { keys });
    expect(result.outcome).toBe('whole');
    expect(result.findings.map(({ code, severity }) => `${code} ${severity}`)).toEqual([
      'killed note',
      'session-killed note',
    ]);
    expect(result.logs[0]).toMatchObject({ openSessions: 0 });
  });

  test('lines that no checkpoint covers, unless the log is being written', () => {
    using folder = tempFolder();
    const written = writeLog(folder.path, [[start, open('s')]], { endCheckpoint: false });
    expect(codes(verifyRecording(folder.path, { keys }))).toEqual(['unsigned-tail']);
    appendFileSync(written.segments[0]!, '{"v":1');
    const live = verifyRecording(folder.path, { keys, isLive: () => true });
    expect(live.outcome).toBe('whole');
    expect(live.findings.map((f) => f.code)).toEqual(['session-open']);
  });
});

test('findings are bounded', () => {
  using folder = tempFolder();
  const written = writeLog(folder.path, [[start, ...Array.from({ length: 1500 }, (_, i) => fetched(i)), stop]]);
  edit(written.segments[0]!, (lines) => lines.map((line) => line.replace('fetch', 'FETCH')));
  const result = verifyRecording(folder.path, { keys });
  expect(result.findings).toHaveLength(1000);
  expect(result.moreFindings).toBeGreaterThan(400);
});

test('prev is read from the end of the line only', () => {
  expect(prevOf(Buffer.from(`{"a":1,"prev":"${'a'.repeat(64)}"}`))).toBe('a'.repeat(64));
  expect(prevOf(Buffer.from(`{"a":1,"prev":"${'A'.repeat(64)}"}`))).toBeUndefined();
  expect(prevOf(Buffer.from('{}'))).toBeUndefined();
});
