/** Runs the lint rules over a repo that validates. Pure: what the time is, the caller says. */
import type { Problem } from '../errors/problem.ts';
import type { YamlDocument } from '../load/load-yaml.ts';
import { didYouMean } from '../load/nearest.ts';
import { readDocuments } from '../load/read-documents.ts';
import type { SourceFile } from '../load/source-file.ts';
import type { PolicyDocument, PolicySet } from '../model/documents.ts';
import type { RepoDocument } from '../schema/repo.ts';
import { type Disabled, disableComments } from './disable-comments.ts';
import { lintRules } from './registry.ts';
import type { Level, LintContext } from './rule.ts';

/** What the rules find, in the order of file, line and column, with what is wrong in switching them off. */
export function lint(files: readonly SourceFile[], set: PolicySet, now: number): Problem[] {
  const read = readDocuments(files).documents;
  const yamls = new Map(read.map(({ kind, data, yaml }) => [`${kind}/${data.metadata.name}`, yaml]));
  const yamlOf = (document: PolicyDocument): YamlDocument => yamls.get(`${document.kind}/${document.name}`)!;
  const context: LintContext = {
    set,
    now,
    has: (document, path) => {
      let value = yamlOf(document).value as Record<string, unknown> | undefined;
      for (const key of path) value = value?.[key] as Record<string, unknown> | undefined;
      return value !== undefined;
    },
  };
  const disabled = files.flatMap((file) => {
    const own = read.filter(({ yaml }) => yaml.file === file.path).map(({ yaml }) => yaml);
    return own.length > 0 ? disableComments(file, own) : [];
  });
  const levels = levelsOf(yamlOf(set.repo));
  const used = new Set<Disabled>();
  const problems: Problem[] = [];
  for (const rule of lintRules) {
    const level = levels.get(rule.id) ?? rule.level;
    if (level === 'off') continue;
    for (const { document, path = ['metadata', 'name'], message, fix } of rule.check(context)) {
      const yaml = yamlOf(document);
      const switches = disabled.filter((one) => one.yaml === yaml && one.id === rule.id);
      for (const one of switches) used.add(one);
      if (switches.length > 0) continue;
      const severity = level === 'error' ? 'error' : 'warning';
      problems.push({ rule: rule.id, severity, message, fix, at: yaml.locate(path) });
    }
  }
  problems.push(...badLevels(yamlOf(set.repo), levels), ...badComments(disabled, used, levels));
  return problems.sort(byPlace);
}

function levelsOf({ value }: YamlDocument): ReadonlyMap<string, Level> {
  return new Map(Object.entries((value as RepoDocument).spec.lint?.rules ?? {}));
}

const ids = lintRules.map(({ id }) => id as string);

function badLevels(yaml: YamlDocument, levels: ReadonlyMap<string, Level>): Problem[] {
  return [...levels.keys()]
    .filter((id) => !ids.includes(id))
    .map((id) => unknown(id, yaml.locateKey(['spec', 'lint', 'rules', id])));
}

function badComments(
  disabled: readonly Disabled[],
  used: ReadonlySet<Disabled>,
  levels: ReadonlyMap<string, Level>,
): Problem[] {
  return disabled.flatMap((one): Problem[] => {
    const { id, reason, at } = one;
    const rule = lintRules.find((other) => other.id === id);
    if (!rule) return [unknown(id, at)];
    const bad = (message: string, fix: string): Problem[] => [
      { rule: 'lint/disable', severity: 'warning', message, fix, at },
    ];
    if (reason === '') return bad(`nobody says why '${id}' is off here`, 'write -- and the reason behind it');
    const off = (levels.get(id) ?? rule.level) === 'off';
    return used.has(one) || off ? [] : bad(`'${id}' finds nothing here`, 'remove the comment');
  });
}

function unknown(id: string, at: Problem['at']): Problem {
  const fix = didYouMean(id, ids) ?? 'sluice lint --rules lists them';
  return { rule: 'lint/disable', severity: 'warning', message: `there is no lint rule '${id.slice(0, 60)}'`, fix, at };
}

function byPlace(a: Problem, b: Problem): number {
  if (a.at.file !== b.at.file) return a.at.file < b.at.file ? -1 : 1;
  return a.at.line - b.at.line || a.at.column - b.at.column;
}
