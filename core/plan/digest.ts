import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Repo } from '../model/documents.ts';
import type { PlanChange } from './plan.ts';

/**
 * `sha256:` and hex over canonical JSON (RFC 8785) of what widens. Where documents stand, what narrows and what all
 * others may do are left out, so that it holds while the branch moves on. A digest that the base acknowledges already
 * is used up: the same change made once more gets another one.
 */
export function digestOf({ acknowledge }: Pick<Repo, 'acknowledge'>, widens: readonly PlanChange[]): string {
  const content = widens.map(({ causes: _causes, ...change }) => change);
  for (let round = 0; ; round++) {
    const text = canonicalize(JSON.parse(JSON.stringify({ version: 1, round, widens: content }))) ?? '';
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    if (!acknowledge.includes(digest)) return digest;
  }
}
