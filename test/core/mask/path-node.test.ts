import { expect, test } from 'vitest';
import { parseFieldPath } from '../../../core/mask/field-path.ts';
import { PathNodes } from '../../../core/mask/path-node.ts';
import { maskedText, masker } from './masking.ts';

const rule = { id: 'p/r', index: 0, policy: 'p', type: 'r', action: 'redact' } as const;

test('documents that visit ever new states do not fill the memory', () => {
  // Every subset of these paths is a state of its own.
  const paths = Array.from({ length: 20 }, (_, i) => parseFieldPath(`**.a${i}.**.x`));
  const nodes = new PathNodes(
    paths.map((path) => ({ rule, path })),
    [],
  );
  const step = (node: typeof nodes.root, name: string): typeof nodes.root =>
    node.named?.[name.length]?.find((s) => Buffer.from(s.name).toString() === name)?.to ?? node.other;
  let most = 0;
  for (let document = 0; document < 4000; document++) {
    let node = nodes.root;
    for (let i = 0; i < 20; i++) if ((document * 2_654_435_761) & (1 << i)) node = step(node, `a${i}`);
    most = Math.max(most, nodes.size);
    if (document % 1000 === 0 && document > 0) expect(step(node, 'x').rule).toBe(rule);
  }
  expect(most).toBeLessThan(11_000);
});

test('the same after everything was forgotten', () => {
  const by = masker(...Array.from({ length: 16 }, (_, i) => `**.a${i}.**.x redact`));
  const wrap = (bits: number): string => {
    let text = '{"x":"v"}';
    for (let i = 0; i < 16; i++) if (bits & (1 << i)) text = `{"a${i}":${text}}`;
    return text;
  };
  for (let bits = 1; bits < 1 << 16; bits += 31) expect(maskedText(by, wrap(bits))).toContain('"x":"[REDACTED');
});
