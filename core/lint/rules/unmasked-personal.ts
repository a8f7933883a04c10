import type { LintRule } from '../rule.ts';

const personal = /(^|-)(pii|phi|pci|personal)(-|$)/;

/** Personal data in the clear. */
export const unmaskedPersonal: LintRule = {
  id: 'mask/unmasked-personal',
  level: 'warn',
  summary: 'A Stream whose classification says pii, phi, pci or personal, and that no MaskPolicy hides anything of.',
  why: 'Everybody who may read it reads the people in it.',
  avoid:
    'kind: Stream\nmetadata: { name: customers }\nspec:\n  cluster: main\n  topics:\n    - prefix: customers.\n  classification: pii\n# and no MaskPolicy names customers',
  prefer:
    'kind: MaskPolicy\nmetadata: { name: customers }\nspec:\n  streams: [customers]\n  rules:\n    - { name: e-mail, detector: email, action: hash }',
  *check({ set }) {
    const masks = [...set.masks.values()].filter(({ on }) => on.includes('consume'));
    const masked = new Set(masks.flatMap(({ streams }) => streams));
    for (const stream of set.streams.values()) {
      if (!personal.test(stream.classification ?? '') || masked.has(stream.name)) continue;
      yield {
        document: stream,
        path: ['spec', 'classification'],
        message: `nothing of stream '${stream.name}' (${stream.classification}) is masked`,
        fix: 'add a MaskPolicy for it',
      };
    }
  },
};
