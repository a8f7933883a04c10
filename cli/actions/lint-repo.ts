import { join } from 'node:path';
import { InputError } from '../../core/errors/sluice-error.ts';
import { lint } from '../../core/lint/lint.ts';
import { readFolder } from '../../core/source/folder.ts';
import { type ValidateResult, validateRepo } from './validate-repo.ts';

/** Lints the policy repo in a folder, at `now` (epoch ms). What the rules find is told as problems are. */
export async function lintRepo(folder: string, now: number): Promise<ValidateResult> {
  const checked = await validateRepo(folder);
  if (!checked.policySet || checked.errors > 0) {
    throw new InputError('InvalidPolicyRepo', 'the policy repo has problems, so it cannot be linted', {
      why: `${checked.errors} error${checked.errors === 1 ? '' : 's'}`,
      fix: `run sluice validate ${folder}`,
      at: folder,
    });
  }
  const found = lint(await readFolder(folder), checked.policySet, now);
  const problems = found.map((problem) => ({ ...problem, at: { ...problem.at, file: join(folder, problem.at.file) } }));
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return { ...checked, problems, errors, warnings: problems.length - errors };
}
