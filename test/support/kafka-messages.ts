/** Messages of any Kafka API and version for property tests, made from the fields that scripts/generate-kafka.ts wrote down. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';

interface FieldFacts {
  readonly name: string;
  readonly array?: boolean;
  readonly type?: string;
  readonly fields?: readonly FieldFacts[];
  readonly versions: readonly [number, number];
  readonly nullable?: number;
  readonly tag?: number;
  readonly default?: string;
}

interface MessageFacts {
  readonly flexibleFrom: number | null;
  readonly fields: readonly FieldFacts[];
}

/** One API as scripts/generate-kafka.ts describes it. */
export interface ApiFacts {
  readonly key: number;
  readonly name: string;
  readonly versions: readonly [number, number];
  readonly request: MessageFacts;
  readonly response: MessageFacts;
}

/** Every API that has a codec. */
export const apiFacts: readonly ApiFacts[] = JSON.parse(
  readFileSync(new URL('../fixtures/kafka/messages.json', import.meta.url), 'utf8'),
);

const unknownTags = fc.option(
  fc
    .uniqueArray(fc.tuple(fc.integer({ min: 100, max: 4_000_000 }), fc.uint8Array({ maxLength: 20 })), {
      minLength: 1,
      maxLength: 2,
      selector: ([tag]) => tag,
    })
    .map((all) => all.sort(([a], [b]) => a - b).map(([tag, data]) => ({ tag, data: Buffer.from(data) }))),
  { nil: undefined, freq: 8 },
);

const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -32768, max: 32767 }),
  uint16: fc.nat(0xffff),
  int32: fc.integer(),
  uint32: fc.nat(0xffffffff),
  int64: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  float64: fc.double({ noNaN: true }),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((b) => Buffer.from(b).toString('base64url')),
  string: fc.string({ unit: 'grapheme', maxLength: 12 }).filter((s) => s.isWellFormed()),
  bytes: fc.uint8Array({ maxLength: 30 }).map((b) => Buffer.from(b)),
  records: fc.uint8Array({ maxLength: 30 }).map((b) => Buffer.from(b)),
};

/** A message as the reader of that version gives it: fields that the version lacks have their defaults. */
export function messageOf(facts: MessageFacts, v: number): fc.Arbitrary<unknown> {
  return structOf(facts.fields, v, facts.flexibleFrom !== null && v >= facts.flexibleFrom);
}

function structOf(fields: readonly FieldFacts[], v: number, flexible: boolean): fc.Arbitrary<unknown> {
  const members = fields.map((field) => [field.name, fieldOf(field, v, flexible)] as const);
  return fc.record({ ...Object.fromEntries(members), unknownTags: flexible ? unknownTags : fc.constant(undefined) });
}

function fieldOf(field: FieldFacts, v: number, flexible: boolean): fc.Arbitrary<unknown> {
  const present = v >= field.versions[0] && v <= field.versions[1] && (field.tag === undefined || flexible);
  if (!present) return fc.constant(defaultOf(field, v));
  const one = field.fields ? structOf(field.fields, v, flexible) : scalars[field.type!]!;
  const value = field.array ? fc.array(one, { maxLength: 3 }) : one;
  return field.nullable !== undefined && v >= field.nullable ? fc.option(value, { nil: null, freq: 4 }) : value;
}

function defaultOf(field: FieldFacts, v: number): unknown {
  if (field.default === 'null') return null;
  if (field.array) return [];
  if (field.fields) return Object.fromEntries(field.fields.map((inner) => [inner.name, defaultOf(inner, v)]));
  const text = field.default ?? '';
  switch (field.type) {
    case 'bool':
      return text === 'true';
    case 'int64':
      return BigInt(text || '0');
    case 'string':
      return text;
    case 'uuid':
      return 'AAAAAAAAAAAAAAAAAAAAAA';
    case 'bytes':
    case 'records':
      return new Uint8Array();
    default:
      return Number(text);
  }
}
