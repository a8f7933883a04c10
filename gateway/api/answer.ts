import type { Context } from 'hono';
import { SluiceError } from '../../core/errors/sluice-error.ts';

/** Answers with what a job comes to; 409 with what, why and what to do when it is not done. Who can open the socket may know. */
export async function answer(c: Context, job: () => Promise<object>): Promise<Response> {
  try {
    return c.json(await job());
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return c.json({ code: error.code, error: error.message, why: error.why, fix: error.fix }, 409);
  }
}
