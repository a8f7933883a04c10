/**
 * Gitea's server, built once per user and version from its module with the ordinary Go client: a main of a few lines
 * and Gitea's own replacements of modules. Five to seven minutes and 1.4 GB of memory on two cores (Go 1.26).
 */
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SourceError } from '../../../core/errors/sluice-error.ts';
import { cachePath, filledOnce, isFilled } from '../maven.ts';

const run = promisify(execFile);

/** Newer tags have another module path. */
export const giteaVersion = '1.26.0';
const modulePath = 'code.gitea.io/gitea';

const main = `package main

import (
	"os"
	"time"

	"${modulePath}/cmd"
	"${modulePath}/modules/setting"
)

func main() {
	setting.AppVer = "${giteaVersion}"
	setting.AppStartTime = time.Now().UTC()
	_ = cmd.RunMainApp(cmd.NewMainApp(cmd.AppVersion{Version: setting.AppVer}), os.Args...)
}
`;

/** Where the server is, and the folder with the templates and options that it reads. */
export interface GiteaBuild {
  readonly binary: string;
  readonly staticRoot: string;
}

const cached = (): string => cachePath(`gitea-${giteaVersion}`);

/** Whether it is in this user's cache already, so that nothing has to be built. */
export function isGiteaBuilt(): boolean {
  return isFilled(cached());
}

/** The server of this user's cache, built when it is not there yet. */
export async function buildGitea(): Promise<GiteaBuild> {
  try {
    const source = await download();
    const folder = await filledOnce(cached(), (to) => build(source, to));
    return { binary: join(folder, 'gitea'), staticRoot: source.Dir };
  } catch (error) {
    throw new SourceError('ForgeFailed', 'Gitea could not be built', {
      why: failure(error),
      fix: 'install Go 1.26 or newer and a C compiler, and check that Go reaches its module proxy',
      cause: error,
    });
  }
}

interface Module {
  readonly Dir: string;
  readonly GoMod: string;
}

interface Replacement {
  readonly Old: { readonly Path: string; readonly Version?: string };
  readonly New: { readonly Path: string; readonly Version?: string };
}

async function download(): Promise<Module> {
  const { stdout } = await run('go', ['mod', 'download', '-json', `${modulePath}@v${giteaVersion}`]);
  return JSON.parse(stdout) as Module;
}

/** Replacements count in the main module only, so Gitea's are repeated in the one that is built. */
async function build({ GoMod }: Module, to: string): Promise<void> {
  const { stdout } = await run('go', ['mod', 'edit', '-json', GoMod]);
  const { Go, Replace } = JSON.parse(stdout) as { Go: string; Replace: readonly Replacement[] | null };
  const version = (module: Replacement['Old']): string => [module.Path, module.Version ?? ''].join(' ').trim();
  const replace = (Replace ?? []).map((one) => `replace ${version(one.Old)} => ${version(one.New)}`);
  const source = join(to, 'source');
  await mkdir(source);
  const lines = ['module sluice.test/gitea', `go ${Go}`, `require ${modulePath} v${giteaVersion}`, ...replace];
  await writeFile(join(source, 'go.mod'), `${lines.join('\n')}\n`);
  await writeFile(join(source, 'main.go'), main);
  const options = {
    cwd: source,
    maxBuffer: 1 << 26,
    env: { ...process.env, CGO_ENABLED: '1', GOWORK: 'off' },
  };
  await run('go', ['mod', 'tidy'], options);
  const tags = 'sqlite sqlite_unlock_notify';
  await run('go', ['build', '-trimpath', '-tags', tags, '-o', join(to, 'gitea'), '.'], options);
  await rm(source, { recursive: true });
}

function failure(error: unknown): string {
  const stderr = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : '';
  return (stderr || String(error)).slice(-2000);
}
