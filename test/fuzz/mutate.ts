import type { Random } from './random.ts';

const bytes = [0, 1, 2, 0x0f, 0x7f, 0x80, 0xfe, 0xff];
const ints = [-1, 0, 1, 0x7fffffff, -0x80000000, 2_000_000_000, 65_536, 1 << 20];
/** Length prefix, key, version and correlation id: seldom touched, since little of a wrong one is looked at. */
const head = 12;

/** A copy of a frame with some things wrong with it. Most copies say their true length. */
export function mutated(frame: Buffer, other: Buffer, random: Random): Buffer {
  let copy: Buffer = Buffer.from(frame);
  for (let left = 1 + random.below(4); left > 0; left--) copy = once(copy, other, random);
  if (copy.length >= 4 && !random.oneIn(32)) copy.writeInt32BE(copy.length - 4);
  return copy;
}

function once(frame: Buffer, other: Buffer, random: Random): Buffer {
  const from = random.oneIn(16) ? 4 : head;
  if (frame.length <= from + 4) return Buffer.concat([frame, other.subarray(0, 16)]);
  const at = from + random.below(frame.length - from);
  const span = 1 + random.below(Math.min(64, frame.length - at));
  switch (random.below(10)) {
    case 0:
      frame[at] = frame[at]! ^ (1 << random.below(8));
      return frame;
    case 1:
    case 2:
      frame[at] = random.pick(bytes);
      return frame;
    case 3: {
      const to = Math.min(at, frame.length - 4);
      frame.writeInt32BE(random.pick(ints), to);
      return frame;
    }
    case 4: // an endless varint
      return splice(frame, at, 0, Buffer.from([0xff, 0xff, 0xff, 0xff, random.pick([0x07, 0x0f, 0x7f, 0xff])]));
    case 5:
      return splice(frame, at, span, Buffer.alloc(0));
    case 6:
      return splice(frame, at, 0, frame.subarray(at, at + span));
    case 7: {
      const start = random.below(other.length);
      return splice(frame, at, random.oneIn(2) ? span : 0, other.subarray(start, start + 1 + random.below(64)));
    }
    case 8:
      return frame.subarray(0, at);
    default: {
      const noise = Buffer.alloc(span);
      for (let i = 0; i < span; i++) noise[i] = random.below(256);
      return splice(frame, at, span, noise);
    }
  }
}

function splice(frame: Buffer, at: number, remove: number, insert: Uint8Array): Buffer {
  return Buffer.concat([frame.subarray(0, at), insert, frame.subarray(at + remove)]);
}
