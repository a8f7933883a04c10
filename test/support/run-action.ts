/** Runs an action as a runner does: its action.yml says what is run, the environment and a file say the rest. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { tempDir } from './temp-dir.ts';

export interface ActionRun {
  /** Folder with the action.yml. */
  readonly action: string;
  readonly event: { readonly name: string; readonly body: unknown };
  readonly server: string;
  readonly api: string;
  /** `owner/name`. */
  readonly repo: string;
  /** What `github.token` is. */
  readonly token: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ActionResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

export async function runAction(run: ActionRun): Promise<ActionResult> {
  const { inputs: declared, runs } = parse(await readFile(join(run.action, 'action.yml'), 'utf8')) as {
    inputs: Record<string, { default?: string }>;
    runs: { using: string; main: string };
  };
  if (runs.using !== 'node24') throw new TypeError(`the action is run by ${runs.using}`);
  await using folder = await tempDir();
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(folder.join(name), text);
    return folder.join(name);
  };
  await mkdir(folder.join('workspace'));
  const inputs = Object.entries(declared).map(([name, { default: fallback = '' }]): [string, string] => {
    const given = run.inputs?.[name] ?? fallback.replace(/\$\{\{ github\.token \}\}/, () => run.token);
    return [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, given];
  });
  const [output, summary] = [await file('output', ''), await file('summary', '')];
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder.path,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: folder.join('workspace'),
    GITHUB_EVENT_NAME: run.event.name,
    GITHUB_EVENT_PATH: await file('event.json', JSON.stringify(run.event.body)),
    GITHUB_SERVER_URL: run.server,
    GITHUB_API_URL: run.api,
    GITHUB_REPOSITORY: run.repo,
    GITHUB_RUN_ID: '1',
    GITHUB_OUTPUT: output,
    GITHUB_STEP_SUMMARY: summary,
    ...Object.fromEntries(inputs),
    ...run.env,
  };
  const ran = await new Promise<Pick<ActionResult, 'code' | 'stdout' | 'stderr'>>((done) => {
    const options = { env, cwd: folder.join('workspace'), maxBuffer: 1 << 26 };
    const child = execFile(process.execPath, [resolve(run.action, runs.main)], options, (_, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
  const lines = (await readFile(output, 'utf8')).split('\n').filter(Boolean);
  const outputs = lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  return { ...ran, outputs: Object.fromEntries(outputs), summary: await readFile(summary, 'utf8') };
}

/** A copy of the action with its program and nothing else: no source, no node_modules. */
export async function actionAlone(folder: string, program: Uint8Array, description: string): Promise<string> {
  const action = join(folder, '.github/actions/validate');
  const main = resolve(action, '../../../dist/action/main.mjs');
  await mkdir(action, { recursive: true });
  await mkdir(dirname(main), { recursive: true });
  await writeFile(main, program);
  await writeFile(join(action, 'action.yml'), await readFile(description));
  return action;
}
