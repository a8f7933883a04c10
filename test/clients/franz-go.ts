/** franz-go, in a program of its own that is built once. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { goSources } from '../support/go-program.ts';
import { lineProcess } from './line-process.ts';
import type { Client } from './operations.ts';

const sources = join(import.meta.dirname, 'franz-go');

export function buildFranzGo(): Promise<string> {
  return goSources(sources, 'matrix-franz-go');
}

export async function franzGoClient(): Promise<Client> {
  return lineProcess(spawn(await buildFranzGo(), { stdio: ['pipe', 'pipe', 'pipe'] }));
}
