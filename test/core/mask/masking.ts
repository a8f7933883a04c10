import { compileMasks } from '../../../core/mask/compile-masks.ts';
import { maskKeys } from '../../../core/mask/mask-keys.ts';
import type { Masker } from '../../../core/mask/masker.ts';
import type { AppliedMask } from '../../../core/model/decision.ts';
import type { MaskAction, MaskPolicy, MaskRule } from '../../../core/model/documents.ts';

export const keys = maskKeys('k1', Buffer.alloc(32, 7));

/** Rules written as `path action`, or `@detector action`; each is named by what it matches. */
export function policy(rules: readonly string[], more: Partial<MaskPolicy> = {}): MaskPolicy {
  return {
    kind: 'MaskPolicy',
    name: 'p',
    labels: {},
    at: { file: 'masks/p.yaml', line: 1, column: 1 },
    streams: ['s'],
    on: ['consume', 'produce'],
    unmaskable: 'deny',
    rules: rules.map(rule),
    ...more,
  };
}

function rule(text: string): MaskRule {
  const [match, action] = text.split(' ') as [string, MaskAction];
  const detector = match.startsWith('@') ? (match.slice(1) as 'card') : undefined;
  return { name: detector ?? match, match: detector ? { detector } : { path: match }, action };
}

export function applied(policies: readonly MaskPolicy[], lifted: readonly string[] = []): AppliedMask[] {
  return policies.map((p) => ({ policy: p, lifted }));
}

export function masker(...rules: string[]): Masker {
  return compileMasks(applied([policy(rules)]), 'consume', keys)!;
}

/** The masked text, the text itself when nothing changed, or `!` and the code. */
export function maskedText(by: Masker, text: string | Uint8Array): string {
  const value = typeof text === 'string' ? Buffer.from(text) : text;
  const result = by.mask(value);
  if (result.kind === 'unmaskable') return `!${result.code}`;
  if (result.kind === 'unchanged') return Buffer.from(value).toString();
  const masked = Buffer.alloc(result.size, 0xff); // not UTF-8, wherever nothing is written
  result.copyTo(masked, 0);
  return masked.toString();
}
