/**
 * Kafka's own message definitions, as facts: read from the kafka-clients jar, where they are JSON with comments, and
 * resolved to the versions that Sluice speaks. Nothing of the files themselves is kept in this repository.
 */
import { readFileSync } from 'node:fs';
import { unzipSync } from 'fflate';
import { BugError } from '../core/errors/sluice-error.ts';
import { fetchJar } from '../test/support/maven.ts';

/** The release whose definitions are used; it covers brokers 4.0 to 4.4. */
export const kafkaVersion = '4.4.0';

/** Inclusive; `hi` is Infinity where the definition is open. */
export interface Versions {
  readonly lo: number;
  readonly hi: number;
}

/** The types of the definitions that are no struct. */
export type Scalar =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records';

/** What one value of a field is. */
export type FieldType =
  | { readonly kind: 'scalar'; readonly of: Scalar }
  | { readonly kind: 'struct'; readonly of: Struct };

/** A field in the versions that Sluice speaks. */
export interface Field {
  /** camelCase, as in the generated interfaces. */
  readonly name: string;
  readonly type: FieldType;
  readonly array: boolean;
  /** Where it exists, tagged or not, within the message's versions. */
  readonly versions: Versions;
  readonly nullable: Versions | undefined;
  readonly tagged: Versions | undefined;
  readonly tag: number | undefined;
  /** The text of the definition's default, if it has one. */
  readonly default: string | undefined;
  readonly ignorable: boolean;
}

/** A message, or a struct inside one. */
export interface Struct {
  /** PascalCase, unique in the generated file: the message's name, then the definition's. */
  readonly name: string;
  readonly versions: Versions;
  readonly fields: readonly Field[];
}

/** A request or a response. */
export interface Message {
  readonly root: Struct;
  /** All structs that `root` uses, each behind those it uses itself; `root` is the last. */
  readonly structs: readonly Struct[];
  readonly flexible: Versions | undefined;
}

/** An API with both of its messages. */
export interface ApiDefinition {
  readonly key: number;
  readonly name: string;
  readonly versions: Versions;
  readonly flexibleFrom: number | undefined;
  readonly request: Message;
  readonly response: Message;
}

interface RawField {
  readonly name: string;
  readonly type: string;
  readonly versions: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean;
  readonly ignorable?: boolean;
  readonly fields?: readonly RawField[];
}

interface RawMessage {
  readonly apiKey: number;
  readonly name: string;
  readonly validVersions: string;
  readonly flexibleVersions: string;
  readonly latestVersionUnstable?: boolean;
  readonly fields: readonly RawField[];
  readonly commonStructs?: readonly { name: string; versions: string; fields: readonly RawField[] }[];
}

/** The definitions of the named APIs, in the order of their keys. */
export async function loadDefinitions(names: readonly string[]): Promise<ApiDefinition[]> {
  const jar = await fetchJar({ group: 'org.apache.kafka', artifact: 'kafka-clients', version: kafkaVersion });
  const files = unzipSync(readFileSync(jar), { filter: (file) => file.name.startsWith('common/message/') });
  const raw = (name: string): RawMessage => {
    const bytes = files[`common/message/${name}.json`];
    if (!bytes) throw new BugError(`the kafka-clients jar has no ${name}.json`);
    return JSON.parse(withoutComments(Buffer.from(bytes).toString())) as RawMessage;
  };
  return names.map((name) => define(name, raw(`${name}Request`), raw(`${name}Response`))).sort((a, b) => a.key - b.key);
}

/** The part that both ranges share, or undefined. */
export function intersect(a: Versions, b: Versions): Versions | undefined {
  const both = { lo: Math.max(a.lo, b.lo), hi: Math.min(a.hi, b.hi) };
  return both.lo <= both.hi ? both : undefined;
}

function define(name: string, request: RawMessage, response: RawMessage): ApiDefinition {
  const valid = parseVersions(request.validVersions)!;
  const versions = { lo: valid.lo, hi: request.latestVersionUnstable ? valid.hi - 1 : valid.hi };
  return {
    key: request.apiKey,
    name,
    versions,
    flexibleFrom: parseVersions(request.flexibleVersions)?.lo,
    request: resolve(request, versions),
    response: resolve(response, versions),
  };
}

function resolve(raw: RawMessage, versions: Versions): Message {
  const structs: Struct[] = [];
  const common = new Map((raw.commonStructs ?? []).map((struct) => [struct.name, struct]));
  const known = new Map<string, Struct>();

  const struct = (name: string, fields: readonly RawField[], range: Versions): Struct => {
    const full = name === raw.name ? name : `${raw.name}${name}`;
    if (structs.some((other) => other.name === full)) throw new BugError(`two structs are called ${full}`);
    const made = { name: full, versions: range, fields: fields.flatMap((field) => resolveField(field, range)) };
    structs.push(made);
    return made;
  };
  const resolveField = (field: RawField, range: Versions): Field[] => {
    const own = parseVersions(field.versions);
    const exists = own && intersect(own, range);
    if (!exists) return [];
    const array = field.type.startsWith('[]');
    const type = array ? field.type.slice(2) : field.type;
    const nullable = parseVersions(field.nullableVersions ?? 'none');
    const tagged = parseVersions(field.taggedVersions ?? 'none');
    return [
      {
        name: field.name[0]!.toLowerCase() + field.name.slice(1),
        type: /^[A-Z]/.test(type)
          ? { kind: 'struct', of: structOf(type, field, exists) }
          : { kind: 'scalar', of: type as Scalar },
        array,
        versions: exists,
        nullable: nullable && intersect(nullable, exists),
        tagged: tagged && intersect(tagged, exists),
        tag: field.tag,
        default: field.default === undefined ? undefined : String(field.default),
        ignorable: field.ignorable ?? false,
      },
    ];
  };
  const structOf = (type: string, field: RawField, exists: Versions): Struct => {
    if (field.fields) return struct(type, field.fields, exists);
    const seen = known.get(type);
    if (seen) return seen;
    const shared = common.get(type);
    if (!shared) throw new BugError(`${raw.name} uses ${type}, which is not defined`);
    const made = struct(type, shared.fields, versions);
    known.set(type, made);
    return made;
  };
  const root = struct(raw.name, raw.fields, versions);
  return { root, structs, flexible: parseVersions(raw.flexibleVersions) };
}

/** `none`, `3`, `3+` or `3-5`. */
export function parseVersions(text: string): Versions | undefined {
  if (text === 'none') return undefined;
  const match = /^(\d+)(\+|-(\d+))?$/.exec(text);
  if (!match) throw new BugError(`'${text}' is not a version range`);
  const lo = Number(match[1]);
  return { lo, hi: match[2] === undefined ? lo : match[2] === '+' ? Number.POSITIVE_INFINITY : Number(match[3]) };
}

/** A definition's JSON has comments. */
export function withoutComments(text: string): string {
  return text
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/("(?:[^"\\\n]|\\.)*")|\/\/.*$/gm, (_, string?: string) => string ?? '');
}
