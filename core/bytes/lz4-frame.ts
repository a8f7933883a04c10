/**
 * LZ4 frames as Kafka's Java client reads and writes them: independent blocks only, no dictionary.
 *
 *   frame  = magic(LE 0x184d2204) FLG BD [contentSize:8] HC block* endMark(0) [contentChecksum:4]
 *   block  = size:LE32 (top bit: stored as it is) data [blockChecksum:4]
 *
 * Blocks go through lz4-napi, whose input is a block with its output size in front. As that size is allocated, it is
 * never more than the frame's block size, and never more than 255 times the input, which is LZ4's best ratio.
 */
import { compressSync, uncompressSync } from 'lz4-napi';
import { ProtocolError } from '../errors/sluice-error.ts';
import { asBuffer } from './cursor.ts';
import { xxhash32 } from './xxhash32.ts';

const magic = 0x184d2204;
const stored = 0x80000000;
/** By the three bits of the BD byte. */
const blockSizes: ReadonlyMap<number, number> = new Map([
  [4, 1 << 16],
  [5, 1 << 18],
  [6, 1 << 20],
  [7, 1 << 22],
]);
const flags = { version: 0x40, independent: 0x20, blockChecksum: 0x10, contentSize: 0x08, contentChecksum: 0x04 };
const written = { flg: flags.version | flags.independent, bd: 4 << 4, blockSize: 1 << 16 } as const;

/** One frame, checked wholly: header, block sizes, and every checksum that it carries. At most `cap` bytes come out. */
export function decompressFrame(bytes: Uint8Array, cap: number): Buffer {
  const input = asBuffer(bytes);
  const frame = readHeader(input);
  const out: Uint8Array[] = [];
  let total = 0;
  let at = frame.end;
  for (;;) {
    const header = uint32(input, at);
    at += 4;
    if (header === 0) break;
    const size = header & ~stored;
    if (size > frame.blockSize || at + size + frame.blockTrailer > input.length) throw bad('a block size is wrong');
    const data = input.subarray(at, at + size);
    at += size;
    if (frame.blockTrailer > 0) {
      if (uint32(input, at) !== xxhash32(data)) throw bad('a block checksum is wrong');
      at += 4;
    }
    const block = header >= stored ? data : readBlock(data, frame.blockSize);
    total += block.length;
    if (total > cap) throw new ProtocolError('OutputCap', `LZ4 data is larger than ${cap} bytes`);
    out.push(block);
  }
  const content = Buffer.concat(out, total);
  if (frame.contentChecksum) {
    if (uint32(input, at) !== xxhash32(content)) throw bad('the content checksum is wrong');
    at += 4;
  }
  if (frame.contentSize !== undefined && frame.contentSize !== BigInt(total)) throw bad('the content size is wrong');
  if (at !== input.length) throw bad('bytes follow the frame');
  return content;
}

/** One frame of independent 64 KiB blocks without checksums, as Kafka's own writer makes it. */
export function compressFrame(bytes: Uint8Array): Buffer {
  const input = asBuffer(bytes);
  const header = Buffer.alloc(7);
  header.writeUInt32LE(magic, 0);
  header[4] = written.flg;
  header[5] = written.bd;
  header[6] = xxhash32(header.subarray(4, 6)) >>> 8;
  const out: Uint8Array[] = [header];
  for (let at = 0; at < input.length; at += written.blockSize) {
    const data = input.subarray(at, at + written.blockSize);
    const packed = compressSync(data).subarray(4);
    const smaller = packed.length < data.length;
    const size = Buffer.alloc(4);
    size.writeUInt32LE(smaller ? packed.length : (stored | data.length) >>> 0);
    out.push(size, smaller ? packed : data);
  }
  out.push(Buffer.alloc(4));
  return Buffer.concat(out);
}

interface FrameHeader {
  readonly end: number;
  readonly blockSize: number;
  readonly blockTrailer: number;
  readonly contentChecksum: boolean;
  readonly contentSize: bigint | undefined;
}

function readHeader(input: Buffer): FrameHeader {
  if (input.length < 7 || input.readUInt32LE(0) !== magic) throw bad('the frame header is missing');
  const flg = input[4]!;
  const bd = input[5]!;
  if ((flg & 0xc0) !== flags.version || (flg & 0x03) !== 0) throw bad('the frame uses a version or dictionary');
  if ((flg & flags.independent) === 0) throw bad('the blocks depend on each other, which Kafka does not read');
  const blockSize = (bd & 0x8f) === 0 ? blockSizes.get(bd >> 4) : undefined;
  if (blockSize === undefined) throw bad('the block size is not one of the format');
  const sized = (flg & flags.contentSize) !== 0;
  const at = sized ? 14 : 6;
  if (at >= input.length) throw bad('the frame header is cut');
  if (input[at] !== ((xxhash32(input.subarray(4, at)) >>> 8) & 0xff)) throw bad('the header checksum is wrong');
  return {
    end: at + 1,
    blockSize,
    blockTrailer: flg & flags.blockChecksum ? 4 : 0,
    contentChecksum: (flg & flags.contentChecksum) !== 0,
    contentSize: sized ? input.readBigUInt64LE(6) : undefined,
  };
}

function readBlock(data: Buffer, blockSize: number): Buffer {
  const sized = Buffer.allocUnsafe(data.length + 4);
  sized.writeUInt32LE(Math.min(blockSize, data.length * 255 + 64), 0);
  data.copy(sized, 4);
  try {
    return uncompressSync(sized);
  } catch {
    throw bad('a block does not decompress');
  }
}

function uint32(input: Buffer, at: number): number {
  if (at + 4 > input.length) throw bad('the frame is cut');
  return input.readUInt32LE(at);
}

function bad(why: string): ProtocolError {
  return new ProtocolError('BadBatch', `LZ4: ${why}`);
}
