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
  #root: PathNode | undefined;

  constructor(
    rules: readonly PathRule[],
    detectors: readonly { readonly detector: keyof DetectorRules; readonly rule: CompiledRule }[],
  ) {
    this.#rules = rules;
    this.#detectors = detectors;
  }

  /** The node of the document itself. To be asked for at each document. */
  get root(): PathNode {
    if (this.#known.size > mostNodes) {
      this.#known.clear();
      this.#root = undefined;
    }
    this.#root ??= this.#node(this.#settle(this.#rules.map((_, rule) => ({ rule, step: 0 }))));
    return this.#root;
  }

  /** States that are remembered. */
  get size(): number {
    return this.#known.size;
  }

  /** A rule that is at the end of its path is at step = length, and stays there for everything inside. */
  #node(places: readonly Place[]): PathNode {
    const key = places.map(({ rule, step }) => `${rule}:${step}`).join(' ');
    const known = this.#known.get(key);
    if (known) return known;
    const node = new LazyNode(this.#rulesAt(places), this.#names(places), (name) => this.#after(places, name));
    this.#known.set(key, node);
    return node;
  }

  #rulesAt(places: readonly Place[]): Pick<PathNode, 'rule' | 'detectors'> {
    let rule: CompiledRule | undefined;
    const policies = new Set<string>();
    for (const place of places) {
      const at = this.#rules[place.rule] as PathRule;
      if (place.step < at.path.length) continue;
      rule = stronger(rule, at.rule);
      policies.add(at.rule.policy);
    }
    // A path decides its field against the detectors of its own policy; another policy's are not lifted by it.
    const detectors: { -readonly [D in keyof DetectorRules]: DetectorRules[D] } = {};
    for (const { detector, rule: found } of this.#detectors) {
      if (rule && (policies.has(found.policy) || strengthOf(found) <= strengthOf(rule))) continue;
      detectors[detector] = stronger(detectors[detector], found);
    }
    return { rule, detectors: Object.keys(detectors).length > 0 ? detectors : undefined };
  }

  #names(places: readonly Place[]): string[] {
    const names = places.map(({ rule, step }) => this.#rules[rule]?.path[step]);
    return [...new Set(names.filter((name) => name !== undefined && name !== anyDepth))] as string[];
  }

  #after(places: readonly Place[], name: string | undefined): PathNode {
    const next = places.flatMap((place) => {
      const step = this.#rules[place.rule]?.path[place.step];
      if (step === undefined || step === anyDepth) return [place];
      return step === name ? [{ rule: place.rule, step: place.step + 1 }] : [];
    });
    return this.#node(this.#settle(next));
  }

  /** Adds what is reached without a name: `**` also stands for no field. In order, each once. */
  #settle(places: readonly Place[]): readonly Place[] {
    const settled = new Map<string, Place>();
    const add = (place: Place): void => {
      const key = `${place.rule}:${place.step}`;
      if (settled.has(key)) return;
      settled.set(key, place);
      if (this.#rules[place.rule]?.path[place.step] === anyDepth) add({ rule: place.rule, step: place.step + 1 });
    };
    for (const place of places) add(place);
    return [...settled.values()].sort((a, b) => a.rule - b.rule || a.step - b.step);
  }
}

interface Place {
  readonly rule: number;
  readonly step: number;
}

class LazyNode implements PathNode {
  readonly rule: CompiledRule | undefined;
  readonly detectors: DetectorRules | undefined;
  readonly active: boolean;
  readonly #names: readonly string[];
  readonly #after: (name: string | undefined) => PathNode;
  #named: (NamedStep[] | undefined)[] | undefined;
  #other: PathNode | undefined;

  constructor(
    at: Pick<PathNode, 'rule' | 'detectors'>,
    names: readonly string[],
    after: (name: string | undefined) => PathNode,
  ) {
    this.rule = at.rule;
    this.detectors = at.detectors;
    this.active = at.rule !== undefined || at.detectors !== undefined;
    this.#names = names;
    this.#after = after;
  }

  get named(): readonly (readonly NamedStep[] | undefined)[] | undefined {
    if (this.#names.length === 0) return undefined;
    if (this.#named) return this.#named;
    const named: (NamedStep[] | undefined)[] = [];
    for (const text of this.#names) {
      const name = Buffer.from(text);
      while (named.length <= name.length) named.push(undefined);
      named[name.length] = [...(named[name.length] ?? []), { name, to: this.#after(text) }];
    }
    this.#named = named;
    return named;
  }

  get other(): PathNode {
    this.#other ??= this.#after(undefined);
    return this.#other;
  }
}
