import { lintRules } from '../../core/lint/registry.ts';

/** Every lint rule with its level, a line each. */
export function lintRulesPretty(): string {
  const width = Math.max(...lintRules.map(({ id }) => id.length));
  return lintRules.map(({ id, level, summary }) => `${id.padEnd(width)}  ${level.padEnd(5)}  ${summary}`).join('\n');
}
