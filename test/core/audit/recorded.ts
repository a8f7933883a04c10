import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEvent } from '../../../core/audit/event.ts';
import { type LogPosition, SegmentWriter } from '../../../core/audit/segment-writer.ts';
import { type NoteSigner, noteSigner, noteVerifier } from '../../../core/audit/signed-note.ts';

const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

/** The key of the tests' gateway. */
export const signer: NoteSigner = noteSigner('sluice.dev/audit/gw1', pem);
export const keys = [noteVerifier(signer.vkey)];

/** A folder that is removed at the end of the test. */
export function tempFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'sluice-audit-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Written {
  /** Paths of segments and of notes, in order. */
  readonly segments: string[];
  readonly notes: string[];
}

/** Writes a log into a folder, one segment per list of events, each ended by a checkpoint. */
export function writeLog(
  folder: string,
  segments: readonly (readonly AuditEvent[])[],
  options: { signer?: NoteSigner; origin?: string; position?: LogPosition; endCheckpoint?: boolean } = {},
): Written {
  mkdirSync(folder, { recursive: true });
  const by = options.signer ?? signer;
  const writer = new SegmentWriter({
    gw: 'gw1',
    origin: options.origin ?? by.name,
    signer: by,
    ...(options.position ? { position: options.position } : {}),
  });
  const written: Written = { segments: [], notes: [] };
  const at = { now: Date.UTC(2026, 0, 5), mono: 1 };
  for (const events of segments) {
    const start = writer.open(at);
    const before = written.notes.at(-1);
    if (before !== undefined) writeFileSync(before, start.note);
    let text = start.line + events.map((event) => writer.line(event, at)).join('');
    let { note } = start;
    if (options.endCheckpoint !== false) {
      const end = writer.checkpoint(at);
      text += end.line;
      note = end.note;
    }
    const segment = join(folder, `${start.name}.ndjson`);
    writeFileSync(segment, text);
    writeFileSync(join(folder, `${start.name}.note`), note);
    written.segments.push(segment);
    written.notes.push(join(folder, `${start.name}.note`));
  }
  return written;
}
