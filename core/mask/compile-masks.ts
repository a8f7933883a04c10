import type { AppliedMask } from '../model/decision.ts';
import type { Detector } from '../model/documents.ts';
import { parseFieldPath } from './field-path.ts';
import type { MaskKeys } from './mask-keys.ts';
import type { CompiledRule } from './mask-rule.ts';
import { Masker, type WholeValue } from './masker.ts';
import { PathNodes, type PathRule } from './path-node.ts';

const wholeType = 'value';

/**
 * The masker for what a decision says, all its policies united: at each field a path decides against the detectors of
 * its own policy, and between policies the strongest action wins. Undefined when nothing is to be masked in this
 * direction. Without a key, `hash` redacts.
 */
export function compileMasks(
  applied: readonly AppliedMask[],
  on: 'consume' | 'produce',
  keys: MaskKeys | undefined,
): Masker | undefined {
  const rules: CompiledRule[] = [];
  const paths: PathRule[] = [];
  const detectors: { detector: Detector; rule: CompiledRule }[] = [];
  const policies = applied.filter((a) => a.policy.on.includes(on) && a.policy.rules.length > 0);
  for (const { policy, lifted } of policies) {
    for (const { name, match, action } of policy.rules) {
      if (lifted.includes(name)) continue;
      const type = 'detector' in match ? match.detector : name;
      const rule = { id: `${policy.name}/${name}`, index: rules.length, policy: policy.name, type, action };
      rules.push(rule);
      if ('detector' in match) detectors.push({ detector: match.detector, rule });
      else paths.push({ rule, path: parseFieldPath(match.path) });
    }
  }
  if (rules.length === 0) return undefined;
  const nodes = new PathNodes(paths, detectors);
  // Names are searched everywhere: a path speaks of the values below it, not of what they are called.
  const inNames = new PathNodes([], detectors).root.detectors;
  return new Masker({ nodes, inNames, rules, keys, whole: wholeValue(policies) });
}

/** One policy that says `deny` is enough to refuse what cannot be masked. */
function wholeValue(policies: readonly AppliedMask[]): WholeValue | undefined {
  if (policies.some(({ policy }) => policy.unmaskable === 'deny')) return undefined;
  return {
    value: Buffer.from(`"[REDACTED:${wholeType}]"`),
    counts: policies.map(({ policy }) => ({ rule: `${policy.name}/unmaskable`, action: 'redact', count: 1 })),
  };
}
