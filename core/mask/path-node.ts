import { anyDepth, type FieldPath } from './field-path.ts';
import { type CompiledRule, type DetectorRules, strengthOf, stronger } from './mask-rule.ts';

/** A field name that leads somewhere, as UTF-8. */
export interface NamedStep {
  readonly name: Uint8Array;
  readonly to: PathNode;
}

/** Where the walk of a document stands with regard to all paths at once: a state of a deterministic automaton. */
export interface PathNode {
  /** The rule whose path covers values here, or a value around them. */
  readonly rule: CompiledRule | undefined;
  /** Detectors that look at values here: all, or, under a rule, those that could ask for more than it does. */
  readonly detectors: DetectorRules | undefined;
  /** False when values here stay as they are. */
  readonly active: boolean;
  /** Names that matter, by their length in bytes; undefined when none does. */
  readonly named: readonly (readonly NamedStep[] | undefined)[] | undefined;
  /** Where every other name leads. */
  readonly other: PathNode;
}

export interface PathRule {
  readonly rule: CompiledRule;
  readonly path: FieldPath;
}

/** More states than any sensible set of paths has. A document made to visit more makes all be forgotten, and begun anew. */
const mostNodes = 10_000;

/** Builds the automaton as far as documents need it. */
export class PathNodes {
  readonly #rules: readonly PathRule[];
  readonly #detectors: readonly { readonly detector: keyof DetectorRules; readonly rule: CompiledRule }[];
  readonly #known = new Map<string, PathNode>();
  /** Every name in a path, as UTF-8. */
  readonly #names: ReadonlyMap<string, Uint8Array>;
  #root: PathNode | undefined;

  constructor(
    rules: readonly PathRule[],
    detectors: readonly { readonly detector: keyof DetectorRules; readonly rule: CompiledRule }[],
  ) {
    this.#rules = rules;
    this.#detectors = detectors;
    this.#names = new Map(rules.flatMap(({ path }) => path.map((step) => [step, Buffer.from(step)])));
  }

  /** The node of the document itself. To be asked for at each document. */
  get root(): PathNode {
    if (this.#known.size > mostNodes) {
      this.#known.clear();
      this.#root = undefined;
    }
    this.#root ??= this.#node(this.#settle(this.#rules.map((_, rule) => rule * longestPath)));
    return this.#root;
  }

  /** States that are remembered. */
  get size(): number {
    return this.#known.size;
  }

  #node(places: readonly Place[]): PathNode {
    const key = places.join(' ');
    const known = this.#known.get(key);
    if (known) return known;
    const node = new LazyNode(this.#rulesAt(places), this.#namesAt(places), (name) => this.#after(places, name));
    this.#known.set(key, node);
    return node;
  }

  #rulesAt(places: readonly Place[]): Pick<PathNode, 'rule' | 'detectors'> {
    let rule: CompiledRule | undefined;
    const policies = new Set<string>();
    for (const place of places) {
      if (this.#stepAt(place) !== undefined) continue;
      const at = this.#ruleAt(place).rule;
      rule = stronger(rule, at);
      policies.add(at.policy);
    }
    // A path decides its field against the detectors of its own policy; another policy's are not lifted by it.
    const detectors: { -readonly [D in keyof DetectorRules]: DetectorRules[D] } = {};
    for (const { detector, rule: found } of this.#detectors) {
      if (rule && (policies.has(found.policy) || strengthOf(found) <= strengthOf(rule))) continue;
      detectors[detector] = stronger(detectors[detector], found);
    }
    return { rule, detectors: Object.keys(detectors).length > 0 ? detectors : undefined };
  }

  #namesAt(places: readonly Place[]): ReadonlyMap<string, Uint8Array> {
    const names = new Map<string, Uint8Array>();
    for (const place of places) {
      const name = this.#stepAt(place);
      if (name === undefined || name === anyDepth || names.has(name)) continue;
      names.set(name, this.#names.get(name) ?? Buffer.from(name));
    }
    return names;
  }

  #after(places: readonly Place[], name: string | undefined): PathNode {
    const next: Place[] = [];
    for (const place of places) {
      const step = this.#stepAt(place);
      if (step === undefined || step === anyDepth) next.push(place);
      else if (step === name) next.push(place + 1);
    }
    return this.#node(this.#settle(next));
  }

  /** Adds what is reached without a name: `**` also stands for no field. In order, each once. */
  #settle(places: readonly Place[]): readonly Place[] {
    const settled = new Set<Place>();
    for (let place of places) {
      settled.add(place);
      while (this.#stepAt(place) === anyDepth) settled.add(++place);
    }
    return [...settled].sort((a, b) => a - b);
  }

  #ruleAt(place: Place): PathRule {
    return this.#rules[Math.floor(place / longestPath)] as PathRule;
  }

  /** The step that comes next; undefined at the end of the path, where its rule stays for everything inside. */
  #stepAt(place: Place): string | undefined {
    return this.#ruleAt(place).path[place % longestPath];
  }
}

/** A rule's number × longestPath + how many steps of its path are behind. */
type Place = number;

const longestPath = 1024;

class LazyNode implements PathNode {
  readonly rule: CompiledRule | undefined;
  readonly detectors: DetectorRules | undefined;
  readonly active: boolean;
  readonly named: readonly (readonly NamedStep[] | undefined)[] | undefined;
  readonly #after: (name: string | undefined) => PathNode;
  #other: PathNode | undefined;

  constructor(
    at: Pick<PathNode, 'rule' | 'detectors'>,
    names: ReadonlyMap<string, Uint8Array>,
    after: (name: string | undefined) => PathNode,
  ) {
    this.rule = at.rule;
    this.detectors = at.detectors;
    this.active = at.rule !== undefined || at.detectors !== undefined;
    this.#after = after;
    this.named = names.size === 0 ? undefined : byLength(names, after);
  }

  get other(): PathNode {
    this.#other ??= this.#after(undefined);
    return this.#other;
  }
}

class LazyStep implements NamedStep {
  readonly name: Uint8Array;
  readonly #find: () => PathNode;
  #to: PathNode | undefined;

  constructor(name: Uint8Array, find: () => PathNode) {
    this.name = name;
    this.#find = find;
  }

  get to(): PathNode {
    this.#to ??= this.#find();
    return this.#to;
  }
}

function byLength(
  names: ReadonlyMap<string, Uint8Array>,
  after: (name: string) => PathNode,
): (NamedStep[] | undefined)[] {
  const steps: (NamedStep[] | undefined)[] = [];
  for (const [text, name] of names) {
    while (steps.length <= name.length) steps.push(undefined);
    const step = new LazyStep(name, () => after(text));
    const same = steps[name.length];
    if (same) same.push(step);
    else steps[name.length] = [step];
  }
  return steps;
}
