/** Fields that satisfy their schema and say nothing: a pattern that no operation asks for, a stream that no pattern is of. */
import type { AccessPolicy, BreakGlass, Grant, PolicySet } from '../model/documents.ts';
import { covers, type Operation } from '../model/resource.ts';
import { applies } from '../policy/operations.ts';
import type { Placed } from './check-references.ts';
import type { Findings } from './findings.ts';

const kindOf = { groups: 'group', transactionalIds: 'transactionalId' } as const;
type Field = keyof typeof kindOf;
const fields = Object.keys(kindOf) as Field[];

const wordsOf: Record<Field, { readonly things: string; readonly fix: string }> = {
  groups: { things: 'consumer groups', fix: "remove it, or add 'consume'" },
  transactionalIds: { things: 'transactional ids', fix: "remove it, or add 'produce'" },
};

/** Patterns of groups or transactional ids in a policy whose operations are never about such names. */
export function checkPolicyScope({ document: policy, yaml }: Placed<AccessPolicy>, findings: Findings): void {
  for (const field of idle(policy)) {
    const { things, fix } = wordsOf[field];
    const message = `'${field}' means nothing here: ${spoken(policy.operations)} never about ${things}`;
    findings.warn(yaml, ['spec', field], 'policy/idle-pattern', message, fix);
  }
}

/**
 * The same in a Grant or BreakGlass, and a stream of it that none of its topics is of. All of this is a warning: it
 * gives less than was written, and a file that was merged long ago must not stop what comes after it.
 */
export function checkGrantScope(
  { document, yaml }: Placed<Grant> | Placed<BreakGlass>,
  streams: PolicySet['streams'],
  findings: Findings,
): void {
  for (const field of idle(document)) {
    const { things, fix } = wordsOf[field];
    const message = `'${field}' narrows nothing: ${spoken(document.operations)} never about ${things}`;
    findings.warn(yaml, ['spec', field], 'grant/idle-pattern', message, fix);
  }
  const { topics } = document;
  if (!topics) return;
  for (const [i, name] of document.streams.entries()) {
    const offered = streams.get(name)?.topics;
    if (!offered) continue; // reported as dangling
    if (offered.some((outer) => topics.some((inner) => covers(outer, inner) || covers(inner, outer)))) continue;
    const message = `none of the 'topics' is of stream '${name}', so nothing of it is asked for`;
    findings.warn(yaml, ['spec', 'streams', i], 'grant/idle-stream', message, 'remove the stream, or add topics of it');
  }
}

function idle(
  document: Pick<Grant, 'operations' | 'groups' | 'transactionalIds'> | Pick<AccessPolicy, Field | 'operations'>,
): Field[] {
  if (document.operations.length === 0) return []; // reported by the schema
  return fields.filter(
    (field) => document[field] !== undefined && !document.operations.some((one) => applies(one, kindOf[field])),
  );
}

function spoken(operations: readonly Operation[]): string {
  const list = operations.map((one) => `'${one}'`);
  return list.length === 1 ? `${list[0]} is` : `${list.slice(0, -1).join(', ')} and ${list.at(-1)} are`;
}
