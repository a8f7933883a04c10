/**
 * The language of `when`: a bounded part of CEL over what is proved of a connection. No clock (that is `hours`), no
 * regular expressions, no arithmetic on times; what it costs is bounded by its size, since it has one loop at most.
 *
 *     principal.name, principal.kind, principal.groups, principal.labels     the Identity and its Groups
 *     claims.NAME, claims["NAME"], has(claims.NAME)                          the token
 *     source.address, inCidr(source.address, "10.0.0.0/8")                   the client's address
 */
import { type ASTNode, Environment, ParseError, type ParseResult } from '@marcbachmann/cel-js';
import type { When } from '../model/documents.ts';
import { inRange, isRange } from './address-range.ts';

/** What is wrong with an expression, and where in its text. */
export interface WhenFault {
  readonly message: string;
  readonly fix: string;
  /** Offset of the first wrong character. */
  readonly offset: number;
}

/** Times of a token are the clock's, not its bearer's. */
const clockClaims = new Set(['exp', 'iat', 'nbf', 'auth_time']);
const functions = new Set(['has', 'size', 'inCidr']);
const methods = new Set(['startsWith', 'endsWith', 'contains', 'lowerAscii', 'size', 'exists', 'all', 'exists_one']);
const loops = new Set(['exists', 'all', 'exists_one']);
const variables = new Set(['principal', 'claims', 'source']);

const environment = new Environment({
  unlistedVariablesAreDyn: false,
  limits: { maxAstNodes: 200, maxDepth: 24, maxListElements: 100, maxMapEntries: 0, maxCallArguments: 4 },
})
  .registerVariable('principal', {
    schema: { name: 'string', kind: 'string', groups: 'list<string>', labels: 'map<string, string>' },
  })
  .registerVariable('claims', 'map<string, dyn>')
  .registerVariable('source', { schema: { address: 'string' } })
  .registerFunction('inCidr(string, string): bool', inRange);

/** The expression with what it reads, or what is wrong with it. */
export function parseWhen(text: string): When | WhenFault {
  let parsed: ParseResult;
  try {
    parsed = environment.parse(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { message: lower(error.summary), fix: 'mend the expression', offset: error.range?.start ?? 0 };
  }
  const reader = new Reader();
  reader.visit(parsed.ast);
  if (reader.fault) return reader.fault;
  const checked = parsed.check();
  if (checked.error) {
    const fix = `there are principal (${Object.keys(principalFields).join(', ')}), claims and source.address`;
    return { message: lower(checked.error.summary), fix, offset: checked.error.range?.start ?? 0 };
  }
  if (checked.type !== 'bool') {
    const message = checked.type === 'dyn' ? 'this need not be true or false' : `this is ${checked.type}, not bool`;
    return { message, fix: 'compare it, as in claims.mfa == true', offset: parsed.ast.start };
  }
  return {
    text,
    claims: [...reader.claims].sort(),
    readsSource: reader.readsSource,
    readsPrincipal: reader.readsPrincipal,
  };
}

export function isFault(parsed: When | WhenFault): parsed is WhenFault {
  return 'offset' in parsed;
}

/** What evaluates a `when` that was parsed before. Throws where a value is missing or of another type. */
export function compileWhen(when: When): (context: WhenContext) => boolean {
  const parsed = environment.parse(when.text);
  parsed.check();
  return (context) => parsed(context) === true;
}

const principalFields = { name: 0, kind: 0, groups: 0, labels: 0 };

/** What an expression sees. Whole numbers are bigint. */
export interface WhenContext {
  readonly principal: {
    readonly name: string;
    readonly kind: string;
    readonly groups: readonly string[];
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly claims: Readonly<Record<string, unknown>>;
  readonly source: { readonly address: string };
}

/** Walks an expression: notes what it reads, and stops at the first thing that the language leaves out. */
class Reader {
  readonly claims = new Set<string>();
  readsSource = false;
  readsPrincipal = false;
  fault: WhenFault | undefined;
  #loops = 0;

  visit(node: ASTNode): void {
    if (this.fault) return;
    switch (node.op) {
      case 'value':
        return;
      case 'id':
        if (node.args === 'source') this.readsSource = true;
        if (node.args === 'principal') this.readsPrincipal = true;
        if (node.args === 'claims') this.#refuse(node, 'claims are read one by one', 'write claims.NAME');
        return;
      case '.':
      case '[]':
        return this.#access(node);
      case 'call':
        return this.#call(node, node.args[0], node.args[1]);
      case 'rcall':
        return this.#method(node, ...node.args);
      case 'in':
        if (isClaims(node.args[1]) && isText(node.args[0])) return this.#claim(node.args[0], node.args[0].args);
        return this.#all(node.args);
      case 'list':
      case '?:':
      case '||':
      case '&&':
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.#all(node.args);
      case '!_':
      case '-_':
        return this.visit(node.args);
      default:
        this.#refuse(node, `'${node.op}' is not part of this language`, 'leave it out');
    }
  }

  #all(nodes: readonly ASTNode[]): void {
    for (const node of nodes) this.visit(node);
  }

  #access(node: ASTNode & { readonly op: '.' | '[]' }): void {
    const [left, right] = node.args;
    if (left.op === 'id' && left.args === 'principal') {
      if (right !== 'name' && right !== 'kind') this.readsPrincipal = true;
      if (typeof right !== 'string') this.visit(right);
    } else if (!isClaims(left)) {
      this.visit(left);
      if (typeof right !== 'string') this.visit(right);
    } else if (typeof right === 'string') this.#claim(node, right);
    else if (isText(right)) this.#claim(right, right.args);
    else this.#refuse(right, 'which claim is read must be plain to see', 'write claims["NAME"]');
  }

  #claim(node: ASTNode, name: string): void {
    if (clockClaims.has(name)) this.#refuse(node, `'${name}' is of the clock`, 'use limits.hours, or leave it out');
    else this.claims.add(name);
  }

  #call(node: ASTNode, name: string, args: readonly ASTNode[]): void {
    if (!functions.has(name)) return this.#unknown(node, name, [...functions]);
    const [, range] = args;
    if (name === 'inCidr' && range) {
      const fix = 'write a network such as "10.0.0.0/8" or "2001:db8::/32"';
      if (!isText(range)) return this.#refuse(range, 'the network must be a text', fix);
      if (!isRange(range.args)) return this.#refuse(range, `'${range.args.slice(0, 60)}' is no network`, fix);
    }
    this.#all(args);
  }

  #method(node: ASTNode, name: string, receiver: ASTNode, args: readonly ASTNode[]): void {
    if (!methods.has(name)) return this.#unknown(node, name, [...methods]);
    if (loops.has(name)) {
      this.#loops++;
      if (this.#loops > 1) return this.#refuse(node, 'one loop is the most', 'split the policy in two');
      const [variable] = args;
      if (variable?.op === 'id' && variables.has(variable.args)) {
        return this.#refuse(variable, `'${variable.args}' is taken`, 'use another name');
      }
    }
    this.visit(receiver);
    this.#all(args);
  }

  #unknown(node: ASTNode, name: string, known: readonly string[]): void {
    this.#refuse(node, `'${name.slice(0, 60)}' is not part of this language`, `there are ${known.join(', ')}`);
  }

  #refuse(node: ASTNode, message: string, fix: string): void {
    this.fault ??= { message, fix, offset: node.start };
  }
}

function isClaims(node: ASTNode): boolean {
  return node.op === 'id' && node.args === 'claims';
}

function isText(node: ASTNode): node is ASTNode & { readonly op: 'value'; readonly args: string } {
  return node.op === 'value' && typeof node.args === 'string';
}

function lower(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1, 200);
}
