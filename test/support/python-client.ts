/** confluent-kafka for Python, in a venv that is made once in the user's cache. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { cachePath, filledOnce } from './maven.ts';

const run = promisify(execFile);
const wanted = 'confluent-kafka==2.16.1';

/** Path of a python that has the client, or why there is none. */
export async function pythonWithKafka(): Promise<{ readonly python: string } | { readonly missing: string }> {
  try {
    // A venv holds absolute paths, so it is made where it stays; the marker beside it says that it is whole.
    const folder = cachePath(`python-${wanted.replace('==', '-')}`);
    const python = `${folder}/bin/python`;
    await filledOnce(`${folder}.made`, async () => {
      await run('python3', ['-m', 'venv', '--clear', folder], { timeout: 60_000 });
      await run(python, ['-m', 'pip', '-q', 'install', wanted], { timeout: 100_000 });
    });
    await run(python, ['-c', 'import confluent_kafka'], { timeout: 20_000 });
    return { python };
  } catch (error) {
    return { missing: error instanceof Error ? error.message.split('\n')[0]! : String(error) };
  }
}

/** A Python script that prints JSON lines. */
export interface PythonRun {
  readonly lines: readonly Record<string, unknown>[];
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
  kill(): void;
}

/** Runs a script with one JSON argument; `onLine` gets each line that it prints. */
export function runPython(
  python: string,
  script: string,
  argument: unknown,
  onLine: (line: Record<string, unknown>) => void = () => {},
): PythonRun {
  const child = spawn(python, ['-u', '-c', script, JSON.stringify(argument)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: Record<string, unknown>[] = [];
  let text = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
      const line = JSON.parse(text.slice(0, at)) as Record<string, unknown>;
      text = text.slice(at + 1);
      lines.push(line);
      onLine(line);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) => {
    child.on('error', (error) => resolve({ code: null, stderr: error.message }));
    child.on('close', (code) => resolve({ code, stderr }));
  });
  return { lines, ended, kill: () => child.kill('SIGKILL') };
}
