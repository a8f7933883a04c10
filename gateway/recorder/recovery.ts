import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { leafHash, prevOf } from '../../core/audit/chain.ts';
import { type Checkpoint, parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { MerkleTree } from '../../core/audit/merkle-tree.ts';
import { type RawLine, readLines } from '../../core/audit/read-lines.ts';
import { findLogs } from '../../core/audit/recording-folder.ts';
import {
  emptyLog,
  type LogPosition,
  noteSuffix,
  segmentName,
  segmentSuffix,
  tornSuffix,
} from '../../core/audit/segment-writer.ts';
import { InputError } from '../../core/errors/sluice-error.ts';

export interface RecoveredLog {
  readonly position: LogPosition;
  /** False when there is a log and its last event is not `stop`. */
  readonly clean: boolean;
  /** Name of the last segment, whose note is still to be brought up to date. */
  readonly lastSegment: string | undefined;
  readonly torn: { readonly file: string; readonly bytes: number } | undefined;
}

/**
 * Where a log goes on, after whatever end it had. Half a line at the end goes into a `.torn` file beside the segment.
 * Reads the last segment only. Throws RecordingDamaged when that segment is not what was written: going on would hide
 * it, since the note that shows it would be replaced.
 */
export function recoverLog(folder: string): RecoveredLog {
  let torn: RecoveredLog['torn'];
  for (;;) {
    const log = findLogs(folder).find((found) => found.folder === folder);
    const segment = log?.segments.at(-1);
    if (!segment) {
      if (log) throw damaged('a signed note is there, but its segment is not', folder);
      return { position: emptyLog, clean: true, lastSegment: undefined, torn };
    }
    if (log?.notes.some((note) => note.firstSeq > segment.firstSeq)) {
      throw damaged('a signed note is there, but its segment is not', folder);
    }
    const read = readSegment(segment.path, segment.firstSeq);
    if (read.tornBytes > 0) {
      torn = { file: moveTail(segment.path, read.size), bytes: read.tornBytes };
    }
    if (read.lines === 0) {
      if (log?.notes.some((note) => note.firstSeq === segment.firstSeq)) throw damaged('it was cut', segment.path);
      rmSync(segment.path);
      continue;
    }
    const tree = read.tree as MerkleTree;
    return {
      position: { nextSeq: tree.size, prev: read.prev, frontier: tree.frontier },
      clean: read.lastKind === 'stop',
      lastSegment: segmentName(segment.firstSeq),
      torn,
    };
  }
}

interface ReadSegment {
  tree: MerkleTree | undefined;
  prev: string;
  lines: number;
  /** Bytes of whole lines. */
  size: number;
  tornBytes: number;
  /** Kind of the last event that is not a checkpoint. */
  lastKind: string | undefined;
}

function readSegment(path: string, firstSeq: number): ReadSegment {
  const read: ReadSegment = { tree: undefined, prev: '', lines: 0, size: 0, tornBytes: 0, lastKind: undefined };
  const note = readNote(path);
  for (const line of readLines(path)) {
    if (!line.ended) {
      read.tornBytes = line.bytes.length;
      break;
    }
    const at = `${path}:${line.number}`;
    const event = parse(line, at);
    if (!read.tree) read.tree = startTree(event, firstSeq, at);
    else if (prevOf(line.bytes) !== read.prev) throw damaged('the chain is broken', at);
    if (event['seq'] !== read.tree.size) throw damaged('a line is missing', at);
    checkNote(note, read.tree, path);
    read.prev = leafHash(line.bytes);
    read.tree.add(read.prev);
    read.lines++;
    read.size = line.offset + line.bytes.length + 1;
    if (event['kind'] !== 'checkpoint') read.lastKind = String(event['kind']);
  }
  if (read.tree) checkNote(note, read.tree, path);
  if (note && note.size > (read.tree?.size ?? firstSeq)) {
    throw damaged(`it was signed for ${note.size} lines and has fewer`, path);
  }
  return read;
}

function startTree(event: Readonly<Record<string, unknown>>, firstSeq: number, at: string): MerkleTree {
  const { note, frontier } = event;
  const signed = typeof note === 'string' ? parseCheckpoint(note) : undefined;
  const tree = new MerkleTree(firstSeq, Array.isArray(frontier) ? (frontier as string[]) : []);
  if (signed?.size !== firstSeq || signed.root !== tree.root()) {
    throw damaged('the first line does not say where the log goes on', at);
  }
  return tree;
}

function checkNote(note: Checkpoint | undefined, tree: MerkleTree, path: string): void {
  if (note?.size === tree.size && note.root !== tree.root()) {
    throw damaged('the lines are not the ones that were signed', path);
  }
}

function readNote(segment: string): Checkpoint | undefined {
  const path = segment.slice(0, -segmentSuffix.length) + noteSuffix;
  return existsSync(path) ? parseCheckpoint(readFileSync(path, 'utf8')) : undefined;
}

function parse(line: RawLine, at: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(line.bytes).toString());
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // said below, without the line's text
  }
  throw damaged('a line is not an event', at);
}

/** Moves what follows the last whole line into a file of its own. Its name. */
function moveTail(segment: string, size: number): string {
  const tail = readFileSync(segment).subarray(size);
  let torn = '';
  for (let n = 0; torn === '' || existsSync(torn); n++) {
    torn = `${segment.slice(0, -segmentSuffix.length)}${n === 0 ? '' : `-${n}`}${tornSuffix}`;
  }
  writeFileSync(torn, tail, { flag: 'wx', mode: 0o640, flush: true });
  const file = openSync(segment, 'r+');
  try {
    ftruncateSync(file, size);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return torn;
}

function damaged(why: string, at: string): InputError {
  return new InputError('RecordingDamaged', 'the recording that should be continued is damaged', {
    why,
    at,
    fix: 'move the folder away for inspection (sluice audit verify reads it there) and start again',
  });
}
