/** Vitest's hook before the first file of the forges: the server is built once, before files start theirs side by side. */
import { buildGitea } from './build-gitea.ts';

export default async function setup(): Promise<void> {
  await buildGitea();
}
