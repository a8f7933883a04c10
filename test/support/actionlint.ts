import { execFile } from 'node:child_process';
import { goProgram } from './go-program.ts';

export function buildActionlint(): Promise<string> {
  return goProgram('github.com/rhysd/actionlint/cmd/actionlint', '1.7.12');
}

/** What it finds in workflow files, one a line; '' is nothing. Throws when it could not look. */
export async function actionlint(binary: string, files: readonly string[], cwd: string): Promise<string> {
  const args = ['-no-color', '-oneline', '-shellcheck=', '-pyflakes=', ...files];
  return new Promise((done, failed) => {
    const child = execFile(binary, args, { cwd }, (error, stdout) => {
      if (child.exitCode === 0 || child.exitCode === 1) done(stdout);
      else failed(error);
    });
  });
}
