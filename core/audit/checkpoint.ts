import { type NoteSigner, type NoteVerifier, openNote } from './signed-note.ts';

/**
 * C2SP tlog-checkpoint: a signed note of three lines, the log's origin, its size in lines, and the base64 root of the
 * tree over those lines.
 */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

/** Origin of the log of one process of a gateway, and, without `part`, the name of the gateway's key. */
export function logOrigin(gateway: string, part?: string): string {
  return `sluice.dev/audit/${gateway}${part === undefined ? '' : `/${part}`}`;
}

/** Signs a checkpoint. */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  const root = Buffer.from(checkpoint.root, 'hex').toString('base64');
  return signer.sign(`${checkpoint.origin}\n${checkpoint.size}\n${root}\n`);
}

export type OpenedCheckpoint =
  | { readonly kind: 'signed'; readonly checkpoint: Checkpoint; readonly by: NoteVerifier }
  | { readonly kind: 'malformed' | 'unknownKey' | 'badSignature' | 'foreignOrigin' };

/** Reads a checkpoint that one of the pinned keys signed. A key speaks for its own name and the paths below it only. */
export function openCheckpoint(note: string, keys: readonly NoteVerifier[]): OpenedCheckpoint {
  const opened = openNote(note, keys);
  if (opened.kind !== 'signed') return opened;
  const checkpoint = parseCheckpoint(opened.text);
  if (!checkpoint) return { kind: 'malformed' };
  const { name } = opened.by;
  if (checkpoint.origin !== name && !checkpoint.origin.startsWith(`${name}/`)) return { kind: 'foreignOrigin' };
  return { kind: 'signed', checkpoint, by: opened.by };
}

/** The three lines; extension lines after them are allowed and ignored, as C2SP says. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin, size, root] = text.split('\n');
  if (!origin || !size || !root || size.length > 15) return undefined;
  const bytes = Buffer.from(root, 'base64');
  if (bytes.length !== 32 || bytes.toString('base64') !== root || String(Number(size)) !== size) return undefined;
  if (!Number.isSafeInteger(Number(size)) || Number(size) < 0) return undefined;
  return { origin, size: Number(size), root: bytes.toString('hex') };
}
