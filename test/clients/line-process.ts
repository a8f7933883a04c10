/** A client in a process of its own that is asked in JSON lines, and answers in them. */
import type { ChildProcess } from 'node:child_process';
import { type Client, ClientFailure, type OnRecord, type Operation, type Operations } from './operations.ts';

interface Line {
  readonly id: number;
  readonly record?: { readonly topic: string; readonly value: string };
  readonly result?: unknown;
  readonly failed?: string;
  readonly message?: string;
}

/** `child` has pipes for its three streams. Disposing of the client ends it. */
export function lineProcess(child: ChildProcess): Client {
  const waiting = new Map<number, { done: (line: Line) => void; onRecord: OnRecord | undefined }>();
  let ids = 0;
  let text = '';
  let stderr = '';
  let gone = false;
  const ended = new Promise<void>((resolve) => {
    const over = (): void => {
      gone = true;
      for (const [id, { done }] of waiting) done({ id, failed: 'CLIENT_GONE', message: stderr });
      resolve();
    };
    child.once('close', over).once('error', over);
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-4000);
  });
  child.stdin?.on('error', () => undefined);
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
      const line = JSON.parse(text.slice(0, at)) as Line;
      text = text.slice(at + 1);
      if (line.record) waiting.get(line.id)?.onRecord?.(line.record);
      else waiting.get(line.id)?.done(line);
    }
  });
  return {
    async run<O extends Operation>(operation: O, what: Operations[O][0], onRecord?: OnRecord) {
      const id = ++ids;
      const line = await new Promise<Line>((done) => {
        if (gone) done({ id, failed: 'CLIENT_GONE', message: stderr });
        waiting.set(id, { done, onRecord });
        child.stdin?.write(`${JSON.stringify({ id, operation, ...what })}\n`);
      });
      waiting.delete(id);
      if (line.failed !== undefined) throw new ClientFailure(line.failed, line.message ?? '');
      return line.result as Operations[O][1];
    },
    async [Symbol.asyncDispose]() {
      child.stdin?.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(timer);
    },
  };
}
