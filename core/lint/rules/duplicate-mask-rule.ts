import { isDeepStrictEqual } from 'node:util';
import type { LintRule } from '../rule.ts';

/** A mask rule that hides what another hides already. */
export const duplicateMaskRule: LintRule = {
  id: 'redundant/mask-rule',
  level: 'warn',
  summary: 'Two rules of a MaskPolicy that match the same.',
  why: 'The stronger action wins, so the other never shows. Lifting one of them shows nothing either.',
  avoid:
    'kind: MaskPolicy\nmetadata: { name: orders }\nspec:\n  streams: [orders]\n  rules:\n    - { name: mail, detector: email, action: hash }\n    - { name: e-mail, detector: email, action: redact }',
  prefer:
    'kind: MaskPolicy\nmetadata: { name: orders }\nspec:\n  streams: [orders]\n  rules:\n    - { name: e-mail, detector: email, action: redact }',
  *check({ set }) {
    for (const mask of set.masks.values()) {
      for (const [i, rule] of mask.rules.entries()) {
        const first = mask.rules.slice(0, i).find((other) => isDeepStrictEqual(other.match, rule.match));
        if (!first) continue;
        yield {
          document: mask,
          path: ['spec', 'rules', i, 'name'],
          message: `rules '${first.name}' and '${rule.name}' match the same`,
          fix: 'keep the one with the stronger action',
        };
      }
    }
  },
};
