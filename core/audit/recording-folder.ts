import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors/sluice-error.ts';
import { noteSuffix, parseSegmentName, segmentSuffix } from './segment-writer.ts';

export interface RecordingFile {
  readonly path: string;
  readonly firstSeq: number;
}

/** One log: a folder with segments, in order. */
export interface RecordedLog {
  readonly folder: string;
  readonly segments: readonly RecordingFile[];
  readonly notes: readonly RecordingFile[];
}

const deepest = 4;

/** Every log in a folder and the folders below it, by path. A folder with notes but no segments is a log too. */
export function findLogs(folder: string): readonly RecordedLog[] {
  const logs: RecordedLog[] = [];
  visit(folder, 0, logs);
  return logs;
}

function visit(folder: string, depth: number, logs: RecordedLog[]): void {
  const entries = list(folder);
  const segments = named(folder, entries, segmentSuffix);
  const notes = named(folder, entries, noteSuffix);
  if (segments.length + notes.length > 0) logs.push({ folder, segments, notes });
  if (depth === deepest) return;
  for (const entry of entries) if (entry.isDirectory()) visit(join(folder, entry.name), depth + 1, logs);
}

function named(folder: string, entries: readonly Dirent[], suffix: string): RecordingFile[] {
  return entries.flatMap((entry) => {
    const firstSeq = parseSegmentName(entry.name, suffix);
    return firstSeq === undefined || entry.isDirectory() ? [] : [{ path: join(folder, entry.name), firstSeq }];
  });
}

function list(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw new InputError('FileUnreadable', 'the recordings folder could not be read', { at: folder, cause });
  }
}
