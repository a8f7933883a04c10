import { existsSync, readFileSync } from 'node:fs';
import { noteVerifier } from '../../core/audit/signed-note.ts';
import { type VerifyResult, verifyRecording } from '../../core/audit/verify.ts';
import { isLocked } from '../../core/audit/writer-lock.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { InputError } from '../../core/errors/sluice-error.ts';

export interface VerifyRecordingInput {
  readonly folder: string;
  /** Pinned verifier keys, each as text (`name+12345678+base64`) or as a file with one a line. At least one. */
  readonly keys: readonly string[];
  /** Files with checkpoints that were kept elsewhere. */
  readonly anchors: readonly string[];
  readonly clock: Clock;
}

/** `sluice audit verify`: is the recording whole, tampered with or incomplete, and where. */
export function verifyRecordingFolder(input: VerifyRecordingInput): VerifyResult {
  const keys = input.keys.flatMap(keyTexts).map(noteVerifier);
  if (keys.length === 0) {
    throw new InputError('BadUsage', 'a pinned key is needed', {
      why: 'a key that comes with the recording proves nothing: who changes the one can change the other',
      fix: 'give --key with the verifier key that the gateway printed at its start, or a file that holds it',
    });
  }
  return verifyRecording(input.folder, {
    keys,
    anchors: input.anchors.map((at) => ({ note: readText(at), at })),
    isLive: (log) => isLocked(log.folder, input.clock.now()),
  });
}

function keyTexts(given: string): string[] {
  if (!existsSync(given)) return [given];
  return readText(given)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new InputError('FileUnreadable', 'the file could not be read', { at: path, cause });
  }
}
