import { spawn } from 'node:child_process';

/** `npm run demo`, in a folder; what it told, and how it ended; it is stopped after `ms`. */
export async function runDemo(
  dir: string,
  args: readonly string[] = [],
  ms = 100_000,
): Promise<{ readonly code: number | null; readonly told: string; readonly failed: string }> {
  const flags = ['--disable-warning=TimeoutNegativeWarning', 'demo/main.ts', '--dir', dir, ...args];
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
  const late = setTimeout(() => child.kill('SIGTERM'), ms); // on which it ends all that it started
  let [told, failed] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    failed += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => clearTimeout(late));
  return { code, told, failed };
}
