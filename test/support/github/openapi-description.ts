/**
 * GitHub's own description of its REST interface, as ajv validators. Only the one JSON file of the package is read;
 * reading and converting it takes about a second, a first use of an answer's schema up to half a second.
 */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

const file = new URL('../../../node_modules/@octokit/openapi/generated/api.github.com.json', import.meta.url);

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation | undefined>> | undefined>>;
  readonly components: Readonly<Record<string, unknown>>;
}

interface Operation {
  readonly responses: Readonly<Record<string, Answer | undefined>>;
}

type Answer = { readonly $ref?: string; readonly content?: Readonly<Record<string, unknown>> };

interface Compiled {
  readonly description: Description;
  readonly ajv: Ajv;
}

let compiled: Compiled | undefined;
const validators = new Map<string, ValidateFunction | undefined>();

/**
 * What is wrong with an answer to `method template` (`GET /repos/{owner}/{repo}`) by GitHub's description; undefined
 * when nothing is. Failures that it leaves out for an operation must look like any other of GitHub's errors.
 */
export function flawOf(method: string, template: string, status: number, body: unknown): string | undefined {
  const key = `${method} ${template} ${status}`;
  if (!validators.has(key)) validators.set(key, compile(method, template, status));
  const validate = validators.get(key);
  if (!validate) return body === undefined ? undefined : `${key}: it has a body`;
  return flawBy(validate, key, body);
}

/** What is wrong with something that the description has a schema of by name. */
export function flawOfSchema(name: string, value: unknown): string | undefined {
  compiled ??= read();
  if (!validators.has(name)) validators.set(name, compiled.ajv.compile(schemaAt(`#/components/schemas/${name}`)));
  return flawBy(validators.get(name)!, name, value);
}

function flawBy(validate: ValidateFunction, what: string, value: unknown): string | undefined {
  if (validate(value)) return undefined;
  const { instancePath = '', message = '' } = validate.errors?.[0] ?? {};
  return `${what}: ${instancePath || '/'} ${message}`;
}

function compile(method: string, template: string, status: number): ValidateFunction | undefined {
  compiled ??= read();
  const { description, ajv } = compiled;
  const operation = description.paths[template]?.[method.toLowerCase()];
  if (!operation) return ajv.compile({ not: {}, description: `no operation ${method} ${template}` });
  if (status === 204 || status === 304) return undefined;
  const at = `#/paths/${escaped(template)}/${method.toLowerCase()}/responses/${status}`;
  const answer = operation.responses[status];
  if (!answer) {
    const error = { type: 'object', required: ['message', 'documentation_url'] };
    return ajv.compile(
      status === 301 || status === 307 || status >= 400
        ? { allOf: [error, schemaAt('#/components/schemas/basic-error')] }
        : { not: {} },
    );
  }
  const { $ref } = answer;
  return ajv.compile(schemaAt(`${$ref ?? at}/content/${escaped('application/json')}/schema`));
}

function schemaAt(pointer: string): object {
  return { $ref: `github${pointer}` };
}

function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function read(): Compiled {
  const description = converted(JSON.parse(readFileSync(file, 'utf8'))) as Description;
  allowLostForks(description);
  const ajv = new Ajv({ strict: false, logger: false, validateSchema: false, inlineRefs: false });
  addFormats.default(ajv);
  ajv.addSchema(description, 'github');
  return { description, ajv };
}

/** OpenAPI 3.0 has `nullable`, JSON Schema does not. */
function converted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(converted);
  if (typeof value !== 'object' || value === null) return value;
  const all = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, converted(inner)]));
  if (all['nullable'] !== true) return all;
  const { nullable: _, ...rest } = all;
  return { anyOf: [rest, { type: 'null' }] };
}

/** The head's repo is null once a fork is deleted, which the description leaves out. */
function allowLostForks({ components }: Description): void {
  const schemas = components['schemas'] as Readonly<Record<string, { properties?: Record<string, unknown> }>>;
  for (const name of ['pull-request', 'pull-request-simple']) {
    const head = schemas[name]?.properties?.['head'] as { properties: Record<string, unknown> };
    for (const lost of ['repo', 'user']) {
      head.properties[lost] = { anyOf: [head.properties[lost], { type: 'null' }] };
    }
  }
}
