import { readFileSync } from 'node:fs';
import { openCheckpoint } from './checkpoint.ts';
import { type Finding, Findings, type Outcome } from './finding.ts';
import { LogCheck, noteFinding, noteMessage, type OutsideCheckpoint } from './log-check.ts';
import { readLines } from './read-lines.ts';
import { findLogs, type RecordedLog } from './recording-folder.ts';
import type { NoteVerifier } from './signed-note.ts';

export interface VerifyOptions {
  /** Pinned keys. A key that the log itself names proves nothing. */
  readonly keys: readonly NoteVerifier[];
  /** Checkpoints that were kept outside the recording, with the name of where each comes from. */
  readonly anchors?: readonly { readonly note: string; readonly at: string }[];
  /** Says whether a gateway is writing this log now: then a half-written and an unsigned tail are no findings. */
  readonly isLive?: (log: RecordedLog) => boolean;
}

export interface VerifiedLog {
  readonly folder: string;
  readonly origin: string | undefined;
  readonly segments: number;
  readonly lines: number;
  readonly checkpoints: number;
  /** Lines that no checkpoint covers yet. */
  readonly unsigned: number;
  readonly sessions: number;
  readonly openSessions: number;
  readonly live: boolean;
}

export interface VerifyResult {
  readonly outcome: Outcome;
  readonly logs: readonly VerifiedLog[];
  readonly findings: readonly Finding[];
  /** Findings that are not listed, because there are too many. */
  readonly moreFindings: number;
}

/**
 * Checks every log of a recordings folder: chain, sequence, tree roots, signatures, missing pieces, sessions. Reads
 * each file once, in memory that does not grow with the recording. An empty folder is not whole, nor is one without
 * the log of a worker that the gateway's own log names.
 */
export function verifyRecording(folder: string, options: VerifyOptions): VerifyResult {
  const findings = new Findings();
  const found = findLogs(folder);
  if (found.length === 0) findings.add('nothing-recorded', folder, 'there is no recording in this folder');
  const anchors = openAnchors(options, findings);
  const workers = new Map<string, string>();
  const logs = found.map((log) => verifyLog(log, options, anchors, findings, workers));
  const byOrigin = new Map<string, string>();
  for (const log of logs) {
    if (log.origin === undefined) continue;
    if (byOrigin.has(log.origin)) findings.add('same-log-twice', log.folder, `another folder is ${log.origin} too`);
    byOrigin.set(log.origin, log.folder);
  }
  for (const anchor of anchors) {
    if (found.length > 0 && !byOrigin.has(anchor.checkpoint.origin)) {
      findings.add('segment-missing', anchor.at, `the log ${anchor.checkpoint.origin} is not there`);
    }
  }
  for (const [origin, at] of workers) {
    if (!byOrigin.has(origin)) findings.add('log-missing', at, `the log ${origin} of this worker is not there`);
  }
  return { outcome: findings.outcome, logs, findings: findings.list, moreFindings: findings.more };
}

function verifyLog(
  log: RecordedLog,
  options: VerifyOptions,
  anchors: readonly OutsideCheckpoint[],
  findings: Findings,
  workers: Map<string, string>,
): VerifiedLog {
  const live = options.isLive?.(log) ?? false;
  const notes = openNotes(log, options.keys, findings, live);
  const origin = originOf(log, options.keys) ?? notes[0]?.checkpoint.origin;
  for (const note of notes) {
    if (note.checkpoint.origin !== origin) {
      findings.add('checkpoint-foreign-origin', note.at, 'the note is of another log than the ones before');
    }
  }
  const outside = [...notes, ...anchors].filter((o) => o.checkpoint.origin === origin);
  const check = new LogCheck(findings, options.keys, outside);
  let last = log.folder;
  for (const [index, segment] of log.segments.entries()) {
    const isLast = index === log.segments.length - 1;
    check.segment(segment.path, segment.firstSeq);
    last = segment.path;
    for (const line of readLines(segment.path)) {
      if (line.ended) check.line(line);
      else tornLine(findings, `${segment.path}:${line.number}`, isLast, live);
    }
  }
  const have = new Set(log.segments.map((s) => s.firstSeq));
  const lost = log.notes.filter((note) => !have.has(note.firstSeq) && note.firstSeq >= check.size);
  for (const note of lost) {
    findings.add('segment-missing', note.path, 'the segment of this note is not there');
    check.forget(note.path);
  }
  check.end(live, last);
  for (const [worker, at] of check.workers) workers.set(`${check.origin ?? ''}/${worker}`, at);
  return {
    folder: log.folder,
    origin: check.origin,
    segments: log.segments.length,
    lines: check.lines,
    checkpoints: check.checkpoints,
    unsigned: check.unsigned,
    sessions: check.sessions.seen,
    openSessions: check.sessions.open,
    live,
  };
}

function tornLine(findings: Findings, at: string, isLast: boolean, live: boolean): void {
  if (!isLast) findings.add('line-malformed', at, 'a segment that is followed by another ends in half a line');
  else if (!live) findings.add('torn-line', at, 'the last line is only half there');
}

function openNotes(
  log: RecordedLog,
  keys: readonly NoteVerifier[],
  findings: Findings,
  live: boolean,
): OutsideCheckpoint[] {
  const beside = new Set(log.notes.map((note) => note.firstSeq));
  for (const [index, segment] of log.segments.entries()) {
    if (beside.has(segment.firstSeq) || (live && index === log.segments.length - 1)) continue;
    findings.add('note-missing', segment.path, 'the signed note beside this segment is not there');
  }
  return log.notes.flatMap(({ path, firstSeq }) => {
    const opened = openCheckpoint(readNote(path), keys);
    if (opened.kind === 'signed') return [{ checkpoint: opened.checkpoint, at: path, segment: firstSeq }];
    findings.add(noteFinding(opened), path, noteMessage(opened));
    return [];
  });
}

/** The origin of the first line that a pinned key signed for. */
function originOf(log: RecordedLog, keys: readonly NoteVerifier[]): string | undefined {
  for (const segment of log.segments) {
    for (const line of readLines(segment.path)) {
      const note = noteOfLine(line.bytes);
      const opened = note === undefined ? undefined : openCheckpoint(note, keys);
      if (opened?.kind === 'signed') return opened.checkpoint.origin;
      break;
    }
  }
  return undefined;
}

function noteOfLine(bytes: Uint8Array): string | undefined {
  try {
    const { note } = JSON.parse(Buffer.from(bytes).toString()) as { note?: unknown };
    return typeof note === 'string' ? note : undefined;
  } catch {
    return undefined;
  }
}

function openAnchors(options: VerifyOptions, findings: Findings): OutsideCheckpoint[] {
  return (options.anchors ?? []).flatMap(({ note, at }) => {
    const opened = openCheckpoint(note, options.keys);
    if (opened.kind === 'signed') return [{ checkpoint: opened.checkpoint, at }];
    findings.add(noteFinding(opened), at, noteMessage(opened));
    return [];
  });
}

function readNote(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
