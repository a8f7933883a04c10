import type { Api } from '../wire/api.ts';
import type { FrameContext } from './context.ts';
import { type Enforcement, enforcement, type ResponseOutcome } from './enforcement.ts';
import { denied } from './errors.ts';

/** What a client is told beside error 31. */
export const adminMessage = 'Sluice: administration of this cluster is not allowed.';
/** What a client is told about what is never allowed. */
export const neverMessage = 'Sluice: who may do what on this cluster is only changed in the policy repo.';

/** Administration of the cluster that the frame is for. */
export function mayAdminister(context: FrameContext): boolean {
  return context.allows('admin', 'cluster', context.access.cluster, denied.cluster);
}

interface AdminRule<Request, Response> {
  readonly min: number;
  readonly max: number;
  /** The answer with error 31 everywhere that clients look for one. */
  refuse(request: Request, version: number): Response;
  response?(response: Response): ResponseOutcome<Response>;
}

/** Administration of the cluster, else 31. */
export function adminOnly<Request, Response>(
  api: Api<Request, Response>,
  { min, max, refuse, response }: AdminRule<Request, Response>,
): Enforcement {
  return enforcement<Request, Response>(api, {
    min,
    max,
    request: (request, version, context) =>
      mayAdminister(context)
        ? { kind: 'forward', pending: undefined }
        : { kind: 'reply', response: refuse(request, version) },
    ...(response ? { response: (answer: Response) => response(answer) } : {}),
  });
}

/**
 * Refused whoever asks: it would make a credential for the brokers, or change rights there, past the policy repo. The
 * broker never sees it; the attempt is on record.
 */
export function neverAllowed<Request, Response>(
  api: Api<Request, Response>,
  { min, max, error, refuse }: Omit<AdminRule<Request, Response>, 'response'> & { readonly error: number },
): Enforcement {
  return enforcement<Request, Response>(api, {
    min,
    max,
    request(request, version, context) {
      const { cluster: name } = context.access;
      context.events.push({ kind: 'deny', operation: 'admin', resource: 'cluster', name, code: 'NeverAllowed', error });
      return { kind: 'reply', response: refuse(request, version) };
    },
  });
}
