/** What a compiled validator says, in words, at the place in the text where it has to be mended. */
import type { ErrorObject } from 'ajv';
import type { Problem } from '../errors/problem.ts';
import type { Path, YamlDocument } from './load-yaml.ts';
import { didYouMean } from './nearest.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Translates every error once; of a `oneOf` only the branch that the writer meant is reported. */
export function schemaProblems(errors: readonly ErrorObject[], document: YamlDocument): Problem[] {
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const error of meant(errors)) {
    const problem = translate(error, document);
    const key = `${problem.at.line}:${problem.at.column} ${problem.message}`;
    if (!seen.has(key)) problems.push(problem);
    seen.add(key);
  }
  return problems;
}

/** Drops what another error says better, and the errors of `oneOf`/`anyOf` branches whose type or constant says that they were not meant. */
function meant(errors: readonly ErrorObject[]): ErrorObject[] {
  const empty = new Set(errors.filter((e) => e.keyword === 'minLength').map((e) => e.instancePath));
  let rest = errors.filter(
    (e) => e.propertyName === undefined && !(e.keyword === 'pattern' && empty.has(e.instancePath)),
  );
  for (const choice of errors.filter((e) => e.keyword === 'oneOf' || e.keyword === 'anyOf')) {
    const inside = rest.filter(
      (e) => e.schemaPath.startsWith(`${choice.schemaPath}/`) && e.instancePath.startsWith(choice.instancePath),
    );
    const branchOf = (e: ErrorObject): string => e.schemaPath.slice(choice.schemaPath.length + 1).split('/')[0]!;
    const branches = new Set(inside.map(branchOf));
    for (const e of inside) {
      const depth = e.instancePath.split('/').length - choice.instancePath.split('/').length;
      if ((e.keyword === 'type' && depth === 0) || (e.keyword === 'const' && depth === 1)) branches.delete(branchOf(e));
    }
    rest =
      branches.size === 1
        ? rest.filter((e) => e !== choice && (!inside.includes(e) || branches.has(branchOf(e))))
        : rest.filter((e) => !inside.includes(e));
  }
  return rest;
}

function translate(error: ErrorObject, document: YamlDocument): Problem {
  const path = pathOf(error.instancePath);
  const place = path.length > 0 ? `'${show(path)}'` : 'the document';
  const parent = (error.parentSchema ?? {}) as Schema;
  const properties = (parent['properties'] ?? {}) as Record<string, Schema>;
  const params = error.params as Record<string, unknown>;
  const make = (message: string, fix: string | undefined, at = document.locate(path)): Problem => ({
    rule: `schema/${kebab(error.keyword)}`,
    severity: 'error',
    message,
    ...(fix === undefined ? {} : { fix }),
    at,
  });
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(params['additionalProperty']);
      const known = Object.keys(properties);
      const fix = didYouMean(key, known) ?? `known here: ${known.join(', ')}`;
      return make(`unknown key '${key}' in ${place}`, fix, document.locateKey([...path, key]));
    }
    case 'required': {
      const key = String(params['missingProperty']);
      const field = properties[key];
      return make(`${place} has no '${key}'`, example(field, key), document.locateKey(path));
    }
    case 'minProperties':
    case 'maxProperties':
      if (parent['minProperties'] === 1 && parent['maxProperties'] === 1) {
        const keys = Object.keys(properties).join(' or ');
        const one = make(`${place} needs exactly one of ${keys}`, `write either ${keys}`, document.locateKey(path));
        return { ...one, rule: 'schema/one-of' };
      }
      return make(`${place} has too ${error.keyword === 'minProperties' ? 'few' : 'many'} entries`, undefined);
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).map(String);
      const hint = typeof error.data === 'string' ? didYouMean(error.data, allowed) : undefined;
      return make(`${place} is ${quote(error.data)}, not one of ${allowed.join(', ')}`, hint ?? `write one of them`);
    }
    case 'const':
      return make(
        `${place} is ${quote(error.data)}, not '${params['allowedValue']}'`,
        `write ${params['allowedValue']}`,
      );
    case 'type':
      // An id of digits alone, and yes or null without quotes, are no text to YAML.
      if (params['type'] === 'string' && (typeof error.data === 'number' || typeof error.data === 'boolean')) {
        return make(`${place} is ${typeName(error.data)}, not text`, 'put it in quotes');
      }
      return make(`${place} is ${typeName(error.data)}, not ${article(String(params['type']))}`, example(parent));
    case 'oneOf':
    case 'anyOf':
      return make(`${place} has the wrong shape`, example(parent));
    case 'minLength':
      return make(`${place} is empty`, example(parent) ?? 'fill it in');
    case 'maxLength':
      return make(`${place} is longer than ${params['limit']} characters`, 'shorten it');
    case 'minItems':
      return make(
        `${place} needs at least ${params['limit']} item${params['limit'] === 1 ? '' : 's'}`,
        example(parent),
      );
    case 'maxItems':
      return make(`${place} has more than ${params['limit']} items`, 'split it');
    case 'uniqueItems':
      return make(`${place} holds the same value twice`, 'keep one', document.locate([...path, Number(params['i'])]));
    case 'minimum':
      return make(`${place} is ${quote(error.data)}; ${params['limit']} is the least`, example(parent));
    case 'maximum':
      return make(`${place} is ${quote(error.data)}; ${params['limit']} is the most`, example(parent));
    case 'pattern':
      return make(`${place} is ${quote(error.data)}, which does not have the form it needs`, patternFix(error, parent));
    case 'propertyNames':
      return make(
        `'${params['propertyName']}' is not a valid key in ${place}`,
        'use letters, digits, - _ . and /',
        document.locateKey([...path, String(params['propertyName'])]),
      );
    default:
      return make(`${place} ${error.message ?? 'is not valid'}`, example(parent));
  }
}

function patternFix(error: ErrorObject, schema: Schema): string | undefined {
  if (typeof error.data === 'string' && String(schema['pattern']).startsWith('^[^\\u0000')) {
    return 'leave out line breaks, control characters and characters that change the direction of text; YAML: use >- instead of |';
  }
  return example(schema);
}

/** `write it like ...`, from the schema's own examples. */
function example(schema: Schema | undefined, key?: string): string | undefined {
  const first = (schema?.['examples'] as unknown[] | undefined)?.[0];
  if (first === undefined) return key === undefined ? undefined : `add '${key}'`;
  const text = typeof first === 'string' ? first : JSON.stringify(first);
  return key === undefined ? `write it like ${text}` : `add it, like ${key}: ${text}`;
}

function pathOf(pointer: string): Path {
  const parts = pointer.split('/').slice(1);
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** `spec.topics[0].prefix` for a path. */
export function show(path: Path): string {
  return path
    .map((part) => (/^\d+$/.test(String(part)) ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return `'${text.length > 60 ? `${text.slice(0, 60)}…` : text}'`;
}

function typeName(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : article(typeof value);
}

function article(type: string): string {
  const words: Record<string, string> = {
    array: 'a list',
    object: 'a map',
    integer: 'a whole number',
    string: 'text',
    boolean: 'true or false',
  };
  return words[type] ?? `a ${type}`;
}

function kebab(keyword: string): string {
  if (keyword === 'additionalProperties') return 'unknown-key';
  return keyword.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
