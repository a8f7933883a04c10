/** Writes the TypeScript of the generated codecs: one file per API, from its resolved definition. */
import { BugError } from '../core/errors/sluice-error.ts';
import {
  type ApiDefinition,
  type Field,
  intersect,
  type Message,
  type Struct,
  type Versions,
} from './kafka-definitions.ts';

const open = Number.POSITIVE_INFINITY;
const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA';
const reserved = new Set([
  'c',
  'w',
  'v',
  'm',
  't',
  'default',
  'delete',
  'function',
  'interface',
  'new',
  'package',
  'protected',
  'public',
]);

/** How each scalar is called in TypeScript, and its zero value. */
const scalars = {
  bool: { type: 'boolean', zero: 'false', method: 'boolean' },
  int8: { type: 'number', zero: '0', method: 'int8' },
  int16: { type: 'number', zero: '0', method: 'int16' },
  uint16: { type: 'number', zero: '0', method: 'uint16' },
  int32: { type: 'number', zero: '0', method: 'int32' },
  uint32: { type: 'number', zero: '0', method: 'uint32' },
  int64: { type: 'bigint', zero: '0n', method: 'int64' },
  float64: { type: 'number', zero: '0', method: 'float64' },
  uuid: { type: 'string', zero: `'${zeroUuid}'`, method: 'uuid' },
  string: { type: 'string', zero: "''", method: 'string' },
  bytes: { type: 'Uint8Array', zero: 'noBytes', method: 'bytes' },
  records: { type: 'Uint8Array', zero: 'noBytes', method: 'bytes' },
} as const;

/** Responses that are read piece by piece while they arrive, around the records in them. */
const streamedResponses = new Set(['Fetch']);

/** The whole file of one API. */
export function emitApi(api: ApiDefinition, header: string): string {
  const streamed = streamedResponses.has(api.name) ? emitPartReaders(api.response) : [];
  const parts = [...emitMessage(api.request), ...emitMessage(api.response), ...streamed];
  const body = parts.filter((part) => isUsed(part, parts)).join('\n');
  return `${header}${emitImports(body)}\n${body}`;
}

/** `generated/apis.ts`: the registry. */
export function emitRegistry(apis: readonly ApiDefinition[], header: string): string {
  const imports = apis.map((api) => {
    const both = [`${api.name}Request`, `${api.name}Response`];
    const functions = ['read', 'write'].flatMap((verb) => both.map((name) => `${verb}${name}`));
    return `import { ${functions.join(', ')} } from './${fileOf(api)}';`;
  });
  const entries = apis.map(({ key, name, versions, flexibleFrom }) => {
    const flexible = flexibleFrom ?? 'Number.POSITIVE_INFINITY';
    return `  ${name}: defineApi(
    { key: ${key}, name: '${name}', min: ${versions.lo}, max: ${versions.hi}, flexibleFrom: ${flexible} },
    {
      readRequest: read${name}Request,
      writeRequest: write${name}Request,
      readResponse: read${name}Response,
      writeResponse: write${name}Response,
    },
  ),`;
  });
  return `${header}import { type AnyApi, defineApi } from '../api.ts';
${imports.join('\n')}

/** The numbers of the APIs that Sluice has a codec for. */
export const ApiKey = {
${apis.map(({ key, name }) => `  ${name}: ${key},`).join('\n')}
} as const;
export type ApiKey = (typeof ApiKey)[keyof typeof ApiKey];

/** The codecs by name. */
export const apis = {
${entries.join('\n')}
} as const;

/** The codecs by number; what is not in it, Sluice does not speak. */
export const apiByKey: ReadonlyMap<number, AnyApi> = new Map(Object.values(apis).map((api) => [api.key, api as AnyApi]));
`;
}

/** Name of the generated file of an API. */
export function fileOf(api: ApiDefinition): string {
  return `${api.name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()}.ts`;
}

/** A default check may turn out to be needless: its field is ignorable wherever it can be lost. */
function isUsed(part: string, parts: readonly string[]): boolean {
  const name = /^function (\w+)/.exec(part)?.[1];
  return name === undefined || parts.some((other) => other !== part && other.includes(`${name}(`));
}

function emitImports(body: string): string {
  const uses = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(body);
  const list = (names: readonly string[], from: string): string => {
    const used = names.filter((name) => uses(name.replace('type ', '')));
    return used.length === 0 ? '' : `import { ${used.join(', ')} } from '${from}';\n`;
  };
  const kinds = ['Int8', 'Int16', 'Int32', 'Int64', 'Uuid', 'String', 'CompactString'];
  const elements = ['read', 'write'].flatMap((verb) => kinds.map((kind) => `${verb}${kind}`));
  const bytes = uses('Writer\\(')
    ? "import { Writer } from '../../../../core/bytes/writer.ts';\n"
    : "import type { Writer } from '../../../../core/bytes/writer.ts';\n";
  const tags = [
    'checkVersion',
    'type KnownTag',
    'nextTag',
    'readUnknownTags',
    'refuseTags',
    'required',
    'type UnknownTag',
    'unsupported',
    'writeTags',
  ];
  const none = uses('noBytes') ? '\nconst noBytes = new Uint8Array();\n' : '';
  return `import type { Cursor } from '../../../../core/bytes/cursor.ts';\n${bytes}${list(elements, '../elements.ts')}${list(tags, '../tags.ts')}${none}`;
}

function emitMessage(message: Message): string[] {
  return message.structs.flatMap((struct) => [
    emitInterface(message, struct),
    emitDefaults(message, struct),
    ...(needsDefaultCheck(message, struct) ? [emitDefaultCheck(message, struct)] : []),
    emitReader(message, struct),
    emitWriter(message, struct),
  ]);
}

function emitInterface(message: Message, struct: Struct): string {
  const fields = struct.fields.map((field) => `  readonly ${field.name}: ${typeOf(field)};`);
  const tags = flexibleIn(message, struct) ? ['  readonly unknownTags?: readonly UnknownTag[] | undefined;'] : [];
  return `export interface ${struct.name} {\n${[...fields, ...tags].join('\n')}\n}\n`;
}

function emitDefaults(_: Message, struct: Struct): string {
  const fields = struct.fields.map((field) => `  ${field.name}: ${defaultOf(field)},`);
  return `export const default${struct.name}: ${struct.name} = {\n${fields.join('\n')}\n};\n`;
}

/** Only structs that stand alone (not in arrays, not nullable) are compared with their default. */
function needsDefaultCheck(message: Message, struct: Struct): boolean {
  return message.structs.some((parent) =>
    parent.fields.some(
      (field) => field.type.kind === 'struct' && field.type.of === struct && !field.array && !field.nullable,
    ),
  );
}

function emitDefaultCheck(message: Message, struct: Struct): string {
  const same = struct.fields.map((field) => `!(${differs(field, `m.${field.name}`)})`);
  if (flexibleIn(message, struct)) same.push('m.unknownTags === undefined');
  return `function isDefault${struct.name}(m: ${struct.name}): boolean {\n  return ${same.join(' && ')};\n}\n`;
}

function emitReader(message: Message, struct: Struct): string {
  const check = struct === message.root ? [versionCheck(message)] : [];
  const body = readBody(message, struct);
  const lines = [...check, ...body.lines];
  return `export function read${struct.name}(c: Cursor, ${versionParameter(lines)}: number): ${struct.name} {\n${lines.join('\n')}\n  return { ${body.members.join(', ')} };\n}\n`;
}

/** The statements that read a struct's fields into locals, and what the object made of them lists. */
function readBody(message: Message, struct: Struct): { lines: string[]; members: string[] } {
  const tagged = struct.fields.filter((field) => field.tagged);
  const flexible = flexibleIn(message, struct);
  const lines = struct.fields.filter((field) => !field.tagged).map((field) => readLine(message, struct, field));
  for (const field of tagged) lines.push(`  let ${local(field)}: ${typeOf(field)} = ${defaultOf(field)};`);
  const members = struct.fields.map((f) => (local(f) === f.name ? f.name : `${f.name}: ${local(f)}`));
  if (flexible) {
    const when = within(flexible, struct.versions);
    members.push('unknownTags');
    if (tagged.length === 0) {
      lines.push(
        `  const unknownTags = ${when === '' ? 'readUnknownTags(c)' : `${when} ? readUnknownTags(c) : undefined`};`,
      );
    } else {
      lines.push(
        '  let unknownTags: UnknownTag[] | undefined;',
        ...guarded(when, readTagged(message, struct, tagged, flexible)),
      );
    }
  }
  return { lines, members };
}

/**
 * Readers of what stands before and behind the records of a message: for each struct on the way to them its head (all
 * before the array, or the records, that leads on, and the length of that) and its tail (all behind).
 */
function emitPartReaders(message: Message): string[] {
  return wayToRecords(message.root).flatMap(({ struct, field }) => {
    const fixed = struct.fields.filter((one) => !one.tagged);
    const at = fixed.indexOf(field);
    const lengthName = `${field.name}Length`;
    const flex = flexArgument(message, field);
    const length = field.array ? `c.arrayLength(${flex})` : `c.bytesLength(${flex})`;
    const [head, tail] = [fixed.slice(0, at), [...fixed.slice(at + 1), ...struct.fields.filter((one) => one.tagged)]];
    const root = struct === message.root ? [versionCheck(message)] : [];
    const members = head.map((one) => (local(one) === one.name ? one.name : `${one.name}: ${local(one)}`));
    const headLines = [
      ...root,
      ...head.map((one) => readLine(message, struct, one)),
      `  const ${lengthName} = ${length};`,
    ];
    const interfaceOf = (part: string, lines: readonly string[]): string =>
      `export interface ${struct.name}${part} {\n${lines.join('\n')}\n}\n`;
    const tags = flexibleIn(message, struct) ? ['  readonly unknownTags: readonly UnknownTag[] | undefined;'] : [];
    const asFields = (fields: readonly Field[]): string[] =>
      fields.map((one) => `  readonly ${one.name}: ${typeOf(one)};`);
    const { lines: tailLines, members: tailMembers } = readBody(message, { ...struct, fields: tail });
    return [
      interfaceOf('Head', [...asFields(head), `  /** -1 for null. */\n  readonly ${lengthName}: number;`]),
      `export function read${struct.name}Head(c: Cursor, ${versionParameter(headLines)}: number): ${struct.name}Head {\n${headLines.join('\n')}\n  return { ${[...members, lengthName].join(', ')} };\n}\n`,
      interfaceOf('Tail', [...asFields(tail), ...tags]),
      `export function read${struct.name}Tail(c: Cursor, ${versionParameter(tailLines)}: number): ${struct.name}Tail {\n${tailLines.join('\n')}\n  return { ${tailMembers.join(', ')} };\n}\n`,
    ];
  });
}

function wayToRecords(struct: Struct): { struct: Struct; field: Field }[] {
  for (const field of struct.fields) {
    if (field.type.kind === 'scalar' && field.type.of === 'records') return [{ struct, field }];
    const further = field.type.kind === 'struct' ? wayToRecords(field.type.of) : [];
    if (further.length > 0) return [{ struct, field }, ...further];
  }
  return [];
}

function readLine(message: Message, struct: Struct, field: Field): string {
  const when = within(field.versions, struct.versions);
  const read = readExpression(message, field, 'c');
  const value = when === '' ? read : `${when} ? ${read} : ${defaultOf(field)}`;
  return `  const ${local(field)}${when === '' ? '' : `: ${typeOf(field)}`} = ${value};`;
}

function versionParameter(lines: readonly string[]): string {
  return lines.some((line) => /\bv\b/.test(line)) ? 'v' : '_';
}

function readTagged(message: Message, struct: Struct, tagged: readonly Field[], flexible: Versions): string[] {
  const range = intersect(flexible, struct.versions)!;
  const cases = tagged.map((field) => {
    const when = within(field.tagged!, range);
    const is = `tag === ${field.tag}${when === '' ? '' : ` && ${when}`}`;
    return `if (${is}) ${local(field)} = ${readExpression(message, field, 't')};`;
  });
  return [
    '  let tag = -1;',
    '  for (let left = c.tagCount(); left > 0; left--) {',
    '    tag = nextTag(c, tag);',
    '    const t = c.sub(c.unsignedVarint());',
    `    ${cases.join('\n      else ')}`,
    '    else {',
    '      unknownTags ??= [];',
    '      unknownTags.push({ tag, data: t.slice(t.remaining) });',
    '    }',
    '    t.finish();',
    '  }',
  ];
}

function emitWriter(message: Message, struct: Struct): string {
  const flexible = flexibleIn(message, struct);
  const tagged = struct.fields.filter((field) => field.tagged);
  const lines: string[] = [];
  if (struct === message.root) lines.push(versionCheck(message));
  for (const field of struct.fields.filter((f) => !f.tagged)) {
    const when = within(field.versions, struct.versions);
    const write = writeStatement(message, struct, field, 'w');
    if (when === '') lines.push(`  ${write}`);
    else lines.push(`  if (${when}) { ${write} }${field.ignorable ? '' : ` else ${refusal(struct, field)}`}`);
  }
  if (flexible) {
    const when = within(flexible, struct.versions);
    const inner: string[] =
      tagged.length === 0 ? ['  writeTags(w, m.unknownTags);'] : writeTagged(message, struct, tagged, flexible);
    lines.push(...guarded(when, inner));
    if (when !== '') {
      const other = [`refuseTags('${struct.name}', v, m.unknownTags);`];
      for (const field of tagged) if (!field.ignorable) other.push(refusal(struct, field));
      lines[lines.length - 1] += ` else {\n    ${other.join('\n    ')}\n  }`;
    }
  }
  return `export function write${struct.name}(w: Writer, ${versionParameter(lines)}: number, m: ${struct.name}): void {\n${lines.join('\n')}\n}\n`;
}

function writeTagged(message: Message, struct: Struct, tagged: readonly Field[], flexible: Versions): string[] {
  const range = intersect(flexible, struct.versions)!;
  const lines = ['  const known: KnownTag[] = [];'];
  for (const field of tagged) {
    const when = within(field.tagged!, range);
    const put = [
      `  if (${differs(field, `m.${field.name}`)}) {`,
      '    const t = new Writer(64);',
      `    ${writeStatement(message, struct, field, 't')}`,
      `    known.push({ tag: ${field.tag}, value: t });`,
      '  }',
    ];
    lines.push(...guarded(when, put));
    if (when !== '' && !field.ignorable) lines[lines.length - 1] += ` else ${refusal(struct, field)}`;
  }
  return [...lines, '  writeTags(w, m.unknownTags, known);'];
}

/** The block, inside an `if` where there is a condition. */
function guarded(when: string, block: readonly string[]): string[] {
  return when === '' ? [...block] : [`  if (${when}) {`, ...block.map((line) => `  ${line}`), '  }'];
}

function refusal(struct: Struct, field: Field): string {
  return `if (${differs(field, `m.${field.name}`)}) throw unsupported('${struct.name}.${field.name}', v);`;
}

function versionCheck(message: Message): string {
  const { name, versions } = message.root;
  return `  checkVersion('${name}', v, ${versions.lo}, ${versions.hi});`;
}

function readExpression(message: Message, field: Field, from: 'c' | 't'): string {
  const flex = within(message.flexible, field.versions);
  if (field.array) {
    const read = (nullable: boolean): string =>
      `${from}.${nullable ? 'nullableArray' : 'array'}(${flexArgument(message, field)}, ${elementOf('read', message, field)}, v)`;
    return byNullable(field, read(true), read(false));
  }
  if (field.type.kind === 'struct') {
    const read = `read${field.type.of.name}(${from}, v)`;
    return byNullable(field, `(${from}.int8() < 0 ? null : ${read})`, read);
  }
  const { method } = scalars[field.type.of];
  if (method !== 'string' && method !== 'bytes') return `${from}.${method}()`;
  const one = (nullable: boolean): string => {
    const capital = method[0]!.toUpperCase() + method.slice(1);
    const plain = `${from}.${nullable ? `nullable${capital}` : method}()`;
    const compact = `${from}.compact${nullable ? 'Nullable' : ''}${capital}()`;
    return choose(message.flexible, flex, compact, plain);
  };
  return byNullable(field, one(true), one(false));
}

function writeStatement(message: Message, struct: Struct, field: Field, to: 'w' | 't'): string {
  const value = `m.${field.name}`;
  const sure = field.nullable ? `required(${value}, '${struct.name}.${field.name}', v)` : value;
  const nullableWhen = field.nullable ? within(field.nullable, field.versions) : undefined;
  const both = (one: (nullable: boolean, value: string) => string): string => {
    if (nullableWhen === undefined) return one(false, value);
    if (nullableWhen === '') return one(true, value);
    return `if (${nullableWhen}) { ${one(true, value)} } else { ${one(false, sure)} }`;
  };
  if (field.array) {
    const element = elementOf('write', message, field);
    return both(
      (nullable, it) =>
        `${to}.${nullable ? 'nullableArray' : 'array'}(${flexArgument(message, field)}, ${it}, ${element}, v);`,
    );
  }
  if (field.type.kind === 'struct') {
    const write = `write${field.type.of.name}`;
    return both((nullable, it) =>
      nullable
        ? `if (${it} === null) ${to}.int8(-1); else { ${to}.int8(1); ${write}(${to}, v, ${it}); }`
        : `${write}(${to}, v, ${it});`,
    );
  }
  const { method } = scalars[field.type.of];
  if (method !== 'string' && method !== 'bytes') return `${to}.${method}(${value});`;
  const flex = within(message.flexible, field.versions);
  return both((nullable, it) => {
    const capital = method[0]!.toUpperCase() + method.slice(1);
    const plain = `${to}.${nullable ? `nullable${capital}` : method}(${it});`;
    const compact = `${to}.compact${nullable ? 'Nullable' : ''}${capital}(${it});`;
    if (!message.flexible || !intersect(message.flexible, field.versions)) return plain;
    return flex === '' ? compact : `if (${flex}) ${compact} else ${plain}`;
  });
}

/** The function that reads or writes one element of an array. */
function elementOf(verb: 'read' | 'write', message: Message, field: Field): string {
  if (field.type.kind === 'struct') return `${verb}${field.type.of.name}`;
  const { method } = scalars[field.type.of];
  if (method === 'bytes') throw new BugError(`an array of bytes (${field.name}) is not provided for`);
  const name = method[0]!.toUpperCase() + method.slice(1);
  if (method !== 'string') return `${verb}${name}`;
  return choose(message.flexible, within(message.flexible, field.versions), `${verb}CompactString`, `${verb}String`);
}

function flexArgument(message: Message, field: Field): string {
  if (!message.flexible || !intersect(message.flexible, field.versions)) return 'false';
  return within(message.flexible, field.versions) || 'true';
}

function choose(flexible: Versions | undefined, when: string, compact: string, plain: string): string {
  if (!flexible || when === 'false') return plain;
  return when === '' ? compact : `(${when} ? ${compact} : ${plain})`;
}

function byNullable(field: Field, nullable: string, plain: string): string {
  if (!field.nullable) return plain;
  const when = within(field.nullable, field.versions);
  return when === '' ? nullable : `(${when} ? ${nullable} : ${plain})`;
}

/** The condition on `v` for `range`, given that `v` is in `outer` already: '' for always, 'false' for never. */
function within(range: Versions | undefined, outer: Versions): string {
  const both = range && intersect(range, outer);
  if (!both) return 'false';
  const parts: string[] = [];
  if (both.lo > outer.lo) parts.push(`v >= ${both.lo}`);
  if (both.hi < outer.hi && both.hi !== open) parts.push(`v <= ${both.hi}`);
  return parts.join(' && ');
}

function flexibleIn(message: Message, struct: Struct): Versions | undefined {
  return message.flexible && intersect(message.flexible, struct.versions) ? message.flexible : undefined;
}

function typeOf(field: Field): string {
  const one = field.type.kind === 'struct' ? field.type.of.name : scalars[field.type.of].type;
  return `${field.array ? `readonly ${one}[]` : one}${field.nullable || field.default === 'null' ? ' | null' : ''}`;
}

function defaultOf(field: Field): string {
  if (field.default === 'null') return 'null';
  if (field.array) return '[]';
  if (field.type.kind === 'struct') return `default${field.type.of.name}`;
  const { type, zero } = scalars[field.type.of];
  if (field.default === undefined || field.default === '') return zero;
  if (type === 'bigint') return `${BigInt(field.default)}n`;
  if (type === 'number') return String(Number(field.default));
  if (type === 'boolean') return field.default;
  return `'${field.default}'`;
}

/** The condition that a value is not its field's default. */
function differs(field: Field, value: string): string {
  if (field.default === 'null') return `${value} !== null`;
  const sure = field.nullable ? `${value} === null || ` : '';
  if (field.array || (field.type.kind === 'scalar' && scalars[field.type.of].method === 'bytes'))
    return `${sure}${value}.length !== 0`;
  if (field.type.kind === 'struct')
    return field.nullable ? `${value} !== null` : `!isDefault${field.type.of.name}(${value})`;
  return `${value} !== ${defaultOf(field)}`;
}

function local(field: Field): string {
  return reserved.has(field.name) ? `${field.name}Field` : field.name;
}
