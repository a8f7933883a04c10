import {
  type AlterConfigsRequest,
  type AlterConfigsResponse,
  defaultAlterConfigsResponse,
} from '../wire/generated/alter-configs.ts';
import { apis } from '../wire/generated/apis.ts';
import {
  defaultIncrementalAlterConfigsResponse,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
} from '../wire/generated/incremental-alter-configs.ts';
import { decidesTrust } from './config-names.ts';
import {
  type ConfigRefusal,
  type ConfigResource,
  configError,
  configRefusal,
  configResource,
} from './config-resources.ts';
import type { FrameContext } from './context.ts';
import { enforcement, type RequestOutcome, type ResponseOutcome } from './enforcement.ts';
import { denied } from './errors.ts';

interface Change extends ConfigResource {
  readonly configs: readonly { readonly name: string }[];
}

interface Answer {
  readonly throttleTimeMs: number;
  readonly responses: readonly ConfigRefusal[];
}

const notAllowed = 'Sluice: changing this configuration is not allowed.';
const trustMessage = 'Sluice: what decides whom a broker trusts is not changed through the gateway.';
const wholeMessage =
  'Sluice: only single settings of a broker are changed through the gateway (IncrementalAlterConfigs).';

/** Alter on topics (29) and groups (30), administration for brokers and the like (31), less what decides trust. */
function judge<Request extends { readonly resources: readonly Change[] }, Response extends Answer>(
  request: Request,
  blank: Response,
  whole: boolean,
  context: FrameContext,
): RequestOutcome<Request, Response, readonly ConfigRefusal[]> {
  const refused: ConfigRefusal[] = [];
  const resources = request.resources.filter((resource) => {
    const refusal = refusalOf(resource, whole, context);
    if (refusal) refused.push(refusal);
    return refusal === undefined;
  });
  if (resources.length === 0) return { kind: 'reply', response: { ...blank, responses: refused } };
  if (refused.length === 0) return { kind: 'forward', pending: refused };
  return { kind: 'send', request: { ...request, resources }, pending: refused };
}

function refusalOf(resource: Change, whole: boolean, context: FrameContext): ConfigRefusal | undefined {
  const error = configError('alter', resource, context);
  if (error !== 0) return configRefusal(resource, error, notAllowed);
  if (resource.resourceType !== configResource.broker) return undefined;
  // What such a request does not name is reset, and that may be anything.
  if (whole) return configRefusal(resource, denied.cluster, wholeMessage);
  if (!resource.configs.some(({ name }) => decidesTrust(name))) return undefined;
  const what = { operation: 'admin', resource: 'cluster', name: context.access.cluster } as const;
  context.events.push({ kind: 'deny', ...what, code: 'NeverAllowed', error: denied.cluster });
  return configRefusal(resource, denied.cluster, trustMessage);
}

function putBack<Response extends Answer>(
  response: Response,
  refused: readonly ConfigRefusal[],
): ResponseOutcome<Response> {
  if (refused.length === 0) return { kind: 'forward' };
  return { kind: 'send', response: { ...response, responses: [...response.responses, ...refused] } };
}

export const alterConfigs = enforcement<AlterConfigsRequest, AlterConfigsResponse, readonly ConfigRefusal[]>(
  apis.AlterConfigs,
  {
    min: 0,
    max: 2,
    request: (request, _version, context) => judge(request, defaultAlterConfigsResponse, true, context),
    response: (response, _version, refused) => putBack(response, refused),
  },
);

export const incrementalAlterConfigs = enforcement<
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
  readonly ConfigRefusal[]
>(apis.IncrementalAlterConfigs, {
  min: 0,
  max: 1,
  request: (request, _version, context) => judge(request, defaultIncrementalAlterConfigsResponse, false, context),
  response: (response, _version, refused) => putBack(response, refused),
});
