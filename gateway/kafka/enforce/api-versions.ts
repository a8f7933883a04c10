import { KafkaError } from '../wire/error-codes.ts';
import {
  type ApiVersionsRequest,
  type ApiVersionsResponse,
  defaultApiVersionsResponse,
} from '../wire/generated/api-versions.ts';
import { apis } from '../wire/generated/apis.ts';
import type { BrokerFeatures } from './context.ts';
import { table } from './table.ts';

/** Versions of what the gateway answers itself, without the table. */
export const own = [
  { apiKey: apis.SaslHandshake.key, minVersion: 0, maxVersion: 1 },
  { apiKey: apis.ApiVersions.key, minVersion: 0, maxVersion: 4 },
  { apiKey: apis.SaslAuthenticate.key, minVersion: 0, maxVersion: 2 },
] as const;

export const apiVersionsRange = { min: 0, max: 4 } as const;

/**
 * What a client may use: the enforcement table cut to what the broker has. Produce says minimum 0 though 3 is the least
 * that works, because old librdkafka switches compression off otherwise (KAFKA-18659).
 */
export function advertised(features: BrokerFeatures): ApiVersionsResponse {
  const apiKeys: { apiKey: number; minVersion: number; maxVersion: number }[] = [...own];
  for (const entry of table.values()) {
    const broker = features.versions.get(entry.api.key);
    if (!broker) continue;
    const minVersion = Math.max(entry.min, broker.min);
    const maxVersion = Math.min(entry.max, broker.max);
    if (minVersion > maxVersion) continue;
    apiKeys.push({ apiKey: entry.api.key, minVersion: entry.api === apis.Produce ? 0 : minVersion, maxVersion });
  }
  return {
    ...defaultApiVersionsResponse,
    apiKeys: apiKeys.sort((a, b) => a.apiKey - b.apiKey),
    supportedFeatures: features.supported,
    finalizedFeaturesEpoch: features.finalizedEpoch,
    finalizedFeatures: features.finalized.filter(
      ({ name, maxVersionLevel }) =>
        name !== 'transaction.version' || maxVersionLevel < 2 || offersTransactions2(apiKeys),
    ),
  };
}

/**
 * Whether clients may leave AddPartitionsToTxn out (KIP-890, transaction.version 2). They believe the finalized feature,
 * whatever versions are offered; without these, batches would come for partitions that are in no transaction.
 */
function offersTransactions2(offered: readonly { readonly apiKey: number; readonly maxVersion: number }[]): boolean {
  const most = (api: { readonly key: number }): number =>
    offered.find(({ apiKey }) => apiKey === api.key)?.maxVersion ?? -1;
  return most(apis.Produce) >= 12 && most(apis.TxnOffsetCommit) >= 5 && most(apis.EndTxn) >= 5;
}

/** For a version of ApiVersions that is not known: error 35 in the layout of version 0, naming the range of this API. */
export function unsupportedApiVersions(): ApiVersionsResponse {
  return {
    ...defaultApiVersionsResponse,
    errorCode: KafkaError.unsupportedVersion,
    apiKeys: [{ apiKey: apis.ApiVersions.key, minVersion: apiVersionsRange.min, maxVersion: apiVersionsRange.max }],
  };
}

/** The first version of ApiVersions with the name and version of the client (KIP-511). */
export const namesSoftwareFrom = 3;
const software = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;
const longestSoftware = 256;

/** Whether a client's name and version are what a broker takes. */
export function isSoftware({ clientSoftwareName, clientSoftwareVersion }: ApiVersionsRequest): boolean {
  return [clientSoftwareName, clientSoftwareVersion].every(
    (text) => text.length <= longestSoftware && software.test(text),
  );
}

/** For names that are not: 42, and the connection goes on. */
export const invalidApiVersions: ApiVersionsResponse = {
  ...defaultApiVersionsResponse,
  errorCode: KafkaError.invalidRequest,
};
