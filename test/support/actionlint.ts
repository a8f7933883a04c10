/** actionlint, built once per user and version from its module with the ordinary Go client. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachePath, filledOnce } from './maven.ts';

const version = '1.7.12';

export async function buildActionlint(): Promise<string> {
  const folder = await filledOnce(cachePath(`actionlint-${version}`), async (to) => {
    const env = { ...process.env, GOBIN: to, GOFLAGS: '', GOWORK: 'off' };
    await promisify(execFile)('go', ['install', `github.com/rhysd/actionlint/cmd/actionlint@v${version}`], { env });
  });
  return join(folder, 'actionlint');
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
