/**
 * Jars from the machine's ordinary Maven client, kept per user outside the checkout. Used by the broker of tests and
 * demo, and by scripts/generate-kafka.ts.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { UpstreamError } from '../../core/errors/sluice-error.ts';

const run = promisify(execFile);
const marker = '.complete';

/** A dependency, with what must not be brought along by it (`group:artifact`). */
export interface Artifact {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  readonly exclude?: readonly string[];
}

/** A place in this user's cache folder of Sluice ($XDG_CACHE_HOME, else ~/.cache). */
export function cachePath(...parts: string[]): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'sluice', ...parts);
}

/** Whether `filledOnce` made that folder. */
export function isFilled(folder: string): boolean {
  return existsSync(join(folder, marker));
}

/**
 * Makes `folder` once. `fill` gets an empty folder beside it, which gets its name when it is complete, so that a
 * crash leaves nothing half done, and of two processes that start together the first one wins.
 */
export async function filledOnce(folder: string, fill: (folder: string) => Promise<void>): Promise<string> {
  if (isFilled(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const temporary = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`));
  try {
    await fill(temporary);
    await writeFile(join(temporary, marker), '');
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!isFilled(folder)) throw error;
  }
  return folder;
}

/** The path of one jar. */
export async function fetchJar({ group, artifact, version }: Artifact): Promise<string> {
  const folder = await filledOnce(cachePath('jars', `${artifact}-${version}`), async (to) => {
    await maven(['dependency:copy', `-Dartifact=${group}:${artifact}:${version}`, `-DoutputDirectory=${to}`]);
  });
  return join(folder, `${artifact}-${version}.jar`);
}

/** A folder with the jars of all `artifacts` and of what they need at run time. */
export async function fetchClasspath(name: string, artifacts: readonly Artifact[]): Promise<string> {
  return await filledOnce(cachePath('jars', name), async (to) => {
    const pom = join(to, 'pom.xml');
    await writeFile(pom, pomOf(artifacts));
    await maven(['-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${to}`, '-DincludeScope=runtime']);
  });
}

async function maven(args: readonly string[]): Promise<void> {
  try {
    await run('mvn', ['-q', '-B', ...args], { maxBuffer: 1 << 24 });
  } catch (error) {
    throw new UpstreamError('BrokerUnreachable', 'Maven could not fetch the Kafka jars', {
      fix: 'install Maven and a JDK of 17 or newer, and check that Maven reaches its repository',
      cause: error,
    });
  }
}

function pomOf(artifacts: readonly Artifact[]): string {
  const one = ({ group, artifact, version, exclude = [] }: Artifact): string => {
    const excluded = exclude.map((name) => {
      const [g, a] = name.split(':');
      return `<exclusion><groupId>${g}</groupId><artifactId>${a}</artifactId></exclusion>`;
    });
    const id = `<groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>`;
    return `<dependency>${id}<exclusions>${excluded.join('')}</exclusions></dependency>`;
  };
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>sluice</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${artifacts.map(one).join('\n')}</dependencies></project>`;
}
