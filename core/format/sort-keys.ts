import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { KeyOrder } from './key-order.ts';

/** Puts the keys of a tree into their order; each takes its comments with it. */
export function sortKeys(node: unknown, order: KeyOrder, root = true): void {
  if (isSeq(node)) for (const item of node.items) if (order.items) sortKeys(item, order.items, false);
  if (!isMap(node)) return;
  sortMap(node, order.keys, root);
  for (const { key, value } of node.items) {
    const inside = Object.hasOwn(order.inside, nameOf(key)) ? order.inside[nameOf(key)] : undefined;
    if (inside) sortKeys(value, inside, false);
  }
}

function sortMap(map: YAMLMap, keys: readonly string[], root: boolean): void {
  const rank = ({ key }: Pair): number => {
    const at = keys.indexOf(nameOf(key));
    return at < 0 ? keys.length : at;
  };
  const sorted = map.items.toSorted((a, b) => rank(a) - rank(b));
  const [before, first] = [map.items[0], sorted[0]];
  map.items = sorted;
  if (!before || !first || before === first) return;
  // What stands above the first key belongs to that key; at the top of a document to the document.
  const old = before.key as Node;
  const [from, to] = root ? [old, map] : [map, old];
  if (from.commentBefore) {
    to.commentBefore = [map.commentBefore, old.commentBefore].filter(Boolean).join('\n');
    from.commentBefore = null;
  }
  (first.key as Node).spaceBefore = false;
}

function nameOf(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}
