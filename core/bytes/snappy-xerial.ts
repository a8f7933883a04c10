/**
 * Snappy as Kafka clients write it. Java frames raw snappy blocks in its own ("xerial") format; some clients send one
 * raw block without it. Both are read, xerial is written.
 *
 *   xerial = 82 'SNAPPY' 00  version:int32  compatible:int32  (length:int32 rawBlock)*
 *   A stream may be several of these in a row. A raw block starts with its output length as a varint.
 */
import { compressSync, uncompressSync } from 'snappy';
import { ProtocolError } from '../errors/sluice-error.ts';
import { asBuffer, Cursor } from './cursor.ts';

const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const header = Buffer.concat([magic, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
const blockSize = 32 * 1024;

/** Reads either form; at most `cap` bytes come out. */
export function decompressSnappy(bytes: Uint8Array, cap: number): Uint8Array {
  const input = asBuffer(bytes);
  if (!startsFrame(input, 0)) return readBlock(input, cap, 0);
  const out: Uint8Array[] = [];
  let total = 0;
  let at = 0;
  while (at < input.length) {
    if (startsFrame(input, at)) {
      at += header.length;
      if (at > input.length) throw bad('the header is cut');
      continue;
    }
    if (at + 4 > input.length) throw bad('a block length is cut');
    const length = input.readInt32BE(at);
    at += 4;
    if (length < 0 || length > input.length - at) throw bad('a block length is wrong');
    const block = readBlock(input.subarray(at, at + length), cap, total);
    at += length;
    total += block.length;
    out.push(block);
  }
  return Buffer.concat(out, total);
}

/** Writes the xerial form in blocks of 32 KiB, as Java does. */
export function compressSnappy(bytes: Uint8Array): Buffer {
  const out: Uint8Array[] = [header];
  for (let at = 0; at < bytes.length; at += blockSize) {
    const block = compressSync(bytes.subarray(at, at + blockSize), { copyOutputData: true });
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    out.push(length, block);
  }
  return Buffer.concat(out);
}

function startsFrame(input: Buffer, at: number): boolean {
  return input.length - at >= magic.length && input.compare(magic, 0, magic.length, at, at + magic.length) === 0;
}

/** The announced output length is allocated by the library, so it is checked first: no three bytes make more than 64. */
function readBlock(block: Buffer, cap: number, before: number): Uint8Array {
  const length = announcedLength(block);
  if (before + length > cap) throw new ProtocolError('OutputCap', `snappy data is larger than ${cap} bytes`);
  if (length > block.length * 22 + 64) throw bad('a block announces more than it can hold');
  try {
    return uncompressSync(block, { asBuffer: true, copyOutputData: true }) as Buffer;
  } catch {
    throw bad('a block does not decompress');
  }
}

function announcedLength(block: Buffer): number {
  try {
    return new Cursor(block).unsignedVarint();
  } catch {
    throw bad('a block length is missing');
  }
}

function bad(why: string): ProtocolError {
  return new ProtocolError('BadBatch', `snappy: ${why}`);
}
