import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isMap, isPair, parseAllDocuments, visit } from 'yaml';
import { formatYaml } from '../../../core/format/format-yaml.ts';
import { keyOrders } from '../../../core/format/key-order.ts';
import { readFolder } from '../../../core/source/folder.ts';

const schemas = readdirSync('schemas/v1').map((name) => JSON.parse(readFileSync(`schemas/v1/${name}`, 'utf8')));
const orders = keyOrders(schemas);
const texts = (await readFolder('policies-example')).map(({ bytes }) => new TextDecoder().decode(bytes));

interface Noise {
  /** Seed of the order of keys. */
  readonly shuffle: number;
  readonly indent: number;
  readonly indentSeq: boolean;
  readonly width: number;
  readonly flow: number;
  /** Lines after which something is put, and what. */
  readonly puts: readonly (readonly [line: number, put: number])[];
  readonly crlf: boolean;
  readonly mark: boolean;
}

const noise: fc.Arbitrary<Noise> = fc.record({
  shuffle: fc.nat(1000),
  indent: fc.integer({ min: 1, max: 6 }),
  indentSeq: fc.boolean(),
  width: fc.constantFrom(0, 20, 80),
  flow: fc.nat(5),
  puts: fc.array(fc.tuple(fc.nat(60), fc.nat(4)), { maxLength: 6 }),
  crlf: fc.boolean(),
  mark: fc.boolean(),
});

/** The same documents as somebody else would write them. */
function disguised(text: string, n: Noise): string {
  let turn = n.shuffle;
  const documents = parseAllDocuments(text).map((document) => {
    visit(document, {
      Collection: (_, node, path) => {
        turn = (turn * 31 + 7) % 1009;
        if (isMap(node) && !/^(claims|labels|matchLabels)$/.test(keyAbove(path)))
          node.items = [
            ...node.items.slice(turn % node.items.length),
            ...node.items.slice(0, turn % node.items.length),
          ];
        if (n.flow > 0 && turn % n.flow === 0 && !node.items.some((item) => String(item).includes('#')))
          node.flow = true;
      },
    });
    // A comment that is put into a folded text is none.
    const lineWidth = n.puts.length > 0 ? 0 : n.width;
    return document.toString({ indent: n.indent, indentSeq: n.indentSeq, lineWidth });
  });
  const lines = documents.join('').split('\n');
  for (const [at, put] of n.puts) {
    const i = at % lines.length;
    const line = lines[i]!;
    const indent = /^ */.exec(line)![0];
    if (put === 0) lines.splice(i, 0, '', '');
    if (put === 1) lines.splice(i, 0, `${indent}# above ${at}`);
    if (put === 2 && /[\w\]}]$/.test(line)) lines[i] = `${line}   # behind ${at}`;
    if (put === 3) lines.splice(i, 0, `# at the margin ${at}`);
    if (put === 4) lines[i] = `${line}  `;
  }
  return `${n.mark ? '\ufeff' : ''}${lines.join(n.crlf ? '\r\n' : '\n')}`;
}

/** Key of the pair that a node is the value of. */
function keyAbove(path: readonly unknown[]): string {
  const pair = path.at(-1);
  return isPair(pair) ? String(pair.key) : '';
}

const comments = (text: string) =>
  text
    .match(/# .*/g)
    ?.map((one) => one.trim())
    .sort() ?? [];
const values = (text: string) => parseAllDocuments(text.replace(/^\ufeff/, '')).map((one) => one.toJS());
const sound = (text: string) => parseAllDocuments(text).every((one) => one.errors.length === 0);

test('formatting twice is formatting once; values and comments stay', () => {
  let [kept, all] = [0, 0];
  fc.assert(
    fc.property(fc.constantFrom(...texts), noise, (text, how) => {
      const given = disguised(text, how);
      fc.pre(sound(given.replace(/^\ufeff/, '')));
      all++;
      const once = formatYaml(given, orders);
      if ('kept' in once) {
        kept++;
        return;
      }
      expect(formatYaml(once.text, orders)).toEqual(once);
      expect(values(once.text)).toEqual(values(given));
      expect(comments(once.text)).toEqual(comments(given));
      expect(once.text).not.toMatch(/\r|\ufeff| $/m);
      // Blank lines within a value are its own.
      if (!JSON.stringify(values(given)).includes('\\n')) expect(once.text).not.toMatch(/\n\n\n/);
      expect(once.text.endsWith('\n')).toBe(true);
    }),
    { numRuns: 300 },
  );
  expect(all).toBeGreaterThan(150);
  expect(kept / all).toBeLessThan(0.02);
}, 60_000);

test('however the keys are turned, the layout is the same', () => {
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.nat(1000), (text, shuffle) => {
      const bare = text.replace(/^ *#.*\n/gm, '');
      const turned = disguised(bare, {
        shuffle,
        indent: 2,
        indentSeq: true,
        width: 0,
        flow: 0,
        puts: [],
        crlf: true,
        mark: true,
      });
      expect(formatYaml(turned, orders)).toEqual(formatYaml(bare, orders));
    }),
    { numRuns: 100 },
  );
}, 60_000);
