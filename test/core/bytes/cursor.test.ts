import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cursor, maxClientStringLength, maxStringLength } from '../../../core/bytes/cursor.ts';
import { Writer } from '../../../core/bytes/writer.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((s) => s.isWellFormed());
const blob = fc.uint8Array({ maxLength: 5000 });
const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((b) => Buffer.from(b).toString('base64url'));
const read = (b: Uint8Array): Buffer => Buffer.from(b);
const readOrNull = (b: Uint8Array | null): Buffer | null => b && Buffer.from(b);

interface Field {
  readonly name: string;
  readonly value: fc.Arbitrary<unknown>;
  write(w: Writer, v: never): void;
  read(c: Cursor): unknown;
}

function field<T>(name: string, value: fc.Arbitrary<T>, write: (w: Writer, v: T) => void, r: (c: Cursor) => T): Field {
  return { name, value, write, read: r };
}

const fields: Field[] = [
  field(
    'boolean',
    fc.boolean(),
    (w, v) => w.boolean(v),
    (c) => c.boolean(),
  ),
  field(
    'uint8',
    fc.nat(255),
    (w, v) => w.uint8(v),
    (c) => c.uint8(),
  ),
  field(
    'int8',
    fc.integer({ min: -128, max: 127 }),
    (w, v) => w.int8(v),
    (c) => c.int8(),
  ),
  field(
    'uint16',
    fc.nat(0xffff),
    (w, v) => w.uint16(v),
    (c) => c.uint16(),
  ),
  field(
    'int16',
    fc.integer({ min: -32768, max: 32767 }),
    (w, v) => w.int16(v),
    (c) => c.int16(),
  ),
  field(
    'int32',
    fc.integer(),
    (w, v) => w.int32(v),
    (c) => c.int32(),
  ),
  field(
    'uint32',
    fc.nat(0xffffffff),
    (w, v) => w.uint32(v),
    (c) => c.uint32(),
  ),
  field(
    'int64',
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
    (w, v) => w.int64(v),
    (c) => c.int64(),
  ),
  field(
    'float64',
    fc.double({ noNaN: true }),
    (w, v) => w.float64(v),
    (c) => c.float64(),
  ),
  field(
    'unsignedVarint',
    fc.nat(0xffffffff),
    (w, v) => w.unsignedVarint(v),
    (c) => c.unsignedVarint(),
  ),
  field(
    'varint',
    fc.integer(),
    (w, v) => w.varint(v),
    (c) => c.varint(),
  ),
  field(
    'varlong',
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
    (w, v) => w.varlong(v),
    (c) => c.varlong(),
  ),
  field(
    'string',
    text,
    (w, v) => w.string(v),
    (c) => c.string(),
  ),
  field(
    'nullableString',
    fc.option(text),
    (w, v) => w.nullableString(v),
    (c) => c.nullableString(),
  ),
  field(
    'compactString',
    text,
    (w, v) => w.compactString(v),
    (c) => c.compactString(),
  ),
  field(
    'compactNullableString',
    fc.option(text),
    (w, v) => w.compactNullableString(v),
    (c) => c.compactNullableString(),
  ),
  field(
    'bytes',
    blob.map(read),
    (w, v) => w.bytes(v),
    (c) => c.bytes(),
  ),
  field(
    'nullableBytes',
    fc.option(blob).map(readOrNull),
    (w, v) => w.nullableBytes(v),
    (c) => c.nullableBytes(),
  ),
  field(
    'compactBytes',
    blob.map(read),
    (w, v) => w.compactBytes(v),
    (c) => c.compactBytes(),
  ),
  field(
    'compactNullableBytes',
    fc.option(blob).map(readOrNull),
    (w, v) => w.compactNullableBytes(v),
    (c) => c.compactNullableBytes(),
  ),
  field(
    'uuid',
    uuid,
    (w, v) => w.uuid(v),
    (c) => c.uuid(),
  ),
  ...[true, false].flatMap((flexible) => [
    field(
      `array ${flexible}`,
      fc.array(fc.integer()),
      (w, v) => w.array(flexible, v, (x, _, e) => x.int32(e), 0),
      (c) => c.array(flexible, (x) => x.int32(), 0),
    ),
    field(
      `nullable array ${flexible}`,
      fc.option(fc.array(fc.integer())),
      (w, v) => w.nullableArray(flexible, v, (x, _, e) => x.int32(e), 0),
      (c) => c.nullableArray(flexible, (x) => x.int32(), 0),
    ),
  ]),
];

test('Given any sequence of fields, when it is written and read, then it is the same, and every cut of it is a BadFrame', () => {
  const one = fc.constantFrom(...fields).chain((f) => f.value.map((value) => ({ f, value })));
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 12 }), fc.nat(), (sequence, cut) => {
      const w = new Writer(16);
      for (const { f, value } of sequence) f.write(w, value as never);
      const bytes = w.toBuffer();
      expect(bytes.length).toBe(w.byteLength);
      const c = new Cursor(bytes);
      for (const { f, value } of sequence) expect(f.read(c), f.name).toStrictEqual(value);
      c.finish();
      const short = new Cursor(bytes.subarray(0, cut % bytes.length));
      expect(() => {
        for (const { f } of sequence) f.read(short);
      }).toThrow(ProtocolError);
    }),
  );
});

test.each<[string, number[], (c: Cursor) => unknown]>([
  ['a varint of six bytes', [0xff, 0xff, 0xff, 0xff, 0xff, 0x01], (c) => c.unsignedVarint()],
  ['a varint over 32 bits', [0xff, 0xff, 0xff, 0xff, 0x1f], (c) => c.unsignedVarint()],
  ['a varlong over 64 bits', [...new Array<number>(9).fill(0xff), 0x03], (c) => c.varlong()],
  ['a varlong of eleven bytes that is stepped over', new Array<number>(11).fill(0xff), (c) => c.skipVarlong()],
  ['a null string where none may be', [0xff, 0xff], (c) => c.string()],
  ['a string of length -2', [0xff, 0xfe], (c) => c.nullableString()],
  ['a compact null string where none may be', [0], (c) => c.compactString()],
  ['bytes of length -2', [0xff, 0xff, 0xff, 0xfe], (c) => c.nullableBytes()],
  ['an array longer than the bytes left', [0x00, 0x00, 0x00, 0x05, 1, 2], (c) => c.arrayLength(false)],
  ['an array of length -2', [0xff, 0xff, 0xff, 0xfe], (c) => c.arrayLength(false)],
  ['an array of 2^31-1', [0x7f, 0xff, 0xff, 0xff], (c) => c.array(false, (x) => x.int8(), 0)],
  ['more tags than the bytes left can hold', [0x02, 0, 0, 0], (c) => c.tagCount()],
  ['a slice past the end', [1], (c) => c.slice(2)],
  ['a negative slice', [1], (c) => c.slice(-1)],
  ['a sub-cursor past the end', [1], (c) => c.sub(2)],
])('%s is a BadFrame', (_, bytes, read) => {
  expect(() => read(new Cursor(Uint8Array.from(bytes)))).toThrow(expect.objectContaining({ code: 'BadFrame' }));
});

test('an array of more than a million elements and more than ten thousand tags are refused even if the bytes are there', () => {
  const big = Buffer.alloc(1_100_000);
  big.writeInt32BE(1_000_001);
  expect(() => new Cursor(big).arrayLength(false)).toThrow(ProtocolError);
  big.set([0x91, 0x4e]);
  expect(() => new Cursor(big).tagCount()).toThrow(ProtocolError);
});

test('byte fields are views of the bytes read', () => {
  const bytes = Buffer.from([0, 0, 0, 2, 7, 8]);
  const view = new Cursor(bytes).bytes();
  bytes[4] = 9;
  expect([...view]).toEqual([9, 8]);
});

test('a string that is longer than is allowed is refused, whatever its bytes', () => {
  const bytes = Buffer.alloc(maxStringLength + 10, 0x78);
  const read = (length: number, longest: number): string => {
    bytes.writeInt16BE(length, 0);
    const cursor = new Cursor(bytes);
    cursor.longestString = longest;
    return cursor.sub(bytes.length).string();
  };
  expect(read(maxStringLength, maxStringLength)).toHaveLength(maxStringLength);
  expect(read(maxClientStringLength, maxClientStringLength)).toHaveLength(maxClientStringLength);
  expect(() => read(maxClientStringLength + 1, maxClientStringLength)).toThrow('16383 allowed');
  const compact = Buffer.alloc(50_000, 0x78);
  compact.set([0xc1, 0xb8, 0x02]); // 40,000 and one
  expect(() => new Cursor(compact).compactString()).toThrow('32767 allowed');
  expect(() => new Cursor(compact).compactNullableString()).toThrow(ProtocolError);
});
