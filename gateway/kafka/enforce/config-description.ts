import { apis } from '../wire/generated/apis.ts';
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
  type DescribeConfigsResponseDescribeConfigsResourceResult,
  type DescribeConfigsResponseDescribeConfigsResult,
  defaultDescribeConfigsResponse,
  defaultDescribeConfigsResponseDescribeConfigsResult,
} from '../wire/generated/describe-configs.ts';
import { holdsAddress } from './config-names.ts';
import { configError, configRefusal, configResource } from './config-resources.ts';
import { enforcement } from './enforcement.ts';

type Results = readonly DescribeConfigsResponseDescribeConfigsResult[];

/**
 * Describe on topics (29) and groups (30), administration for brokers and the like (31), else the code in that item.
 * Where brokers are is withheld from administrators too: such values come as sensitive ones, which have none.
 */
export const describeConfigs = enforcement<DescribeConfigsRequest, DescribeConfigsResponse, Results>(
  apis.DescribeConfigs,
  {
    min: 1,
    max: 4,
    request(request, _version, context) {
      const refused: DescribeConfigsResponseDescribeConfigsResult[] = [];
      const resources = request.resources.filter((resource) => {
        const error = configError('describe', resource, context);
        if (error === 0) return true;
        const refusal = configRefusal(resource, error, 'Sluice: this configuration may not be described.');
        refused.push({ ...defaultDescribeConfigsResponseDescribeConfigsResult, ...refusal });
        return false;
      });
      if (resources.length === 0) {
        return { kind: 'reply', response: { ...defaultDescribeConfigsResponse, results: refused } };
      }
      if (refused.length === 0) return { kind: 'forward', pending: refused };
      return { kind: 'send', request: { ...request, resources }, pending: refused };
    },
    response(response, _version, refused) {
      const results = response.results.map((result) =>
        result.resourceType === configResource.broker ? { ...result, configs: result.configs.map(withheld) } : result,
      );
      return { kind: 'send', response: { ...response, results: [...results, ...refused] } };
    },
  },
);

type Config = DescribeConfigsResponseDescribeConfigsResourceResult;

function withheld(config: Config): Config {
  const { name, value, synonyms } = config;
  const told = [{ name, value }, ...synonyms];
  if (!told.some((one) => holdsAddress(one.name, one.value))) return config;
  return { ...config, value: null, isSensitive: true, synonyms: synonyms.map((one) => ({ ...one, value: null })) };
}
