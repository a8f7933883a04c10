/** What a broker supports: its version ranges and features, by ApiVersions. */
import { UpstreamError } from '../../../core/errors/sluice-error.ts';
import type { BrokerFeatures } from '../enforce/context.ts';
import type { BrokerConnection } from '../upstream/broker-connection.ts';
import { formatAddress } from '../upstream/dial.ts';
import type { AnyApi } from '../wire/api.ts';
import { KafkaError, kafkaErrorName } from '../wire/error-codes.ts';
import { defaultApiVersionsRequest } from '../wire/generated/api-versions.ts';
import { apis } from '../wire/generated/apis.ts';
import { sharedVersions } from '../wire/version-range.ts';

/** The version of ApiVersions that every supported broker has (3.9 to 4.4) and that tells of features. */
const version = 3;

/** Asks a broker. It may be asked once before the login, and at any time after it. */
export async function readBrokerFeatures(connection: BrokerConnection): Promise<BrokerFeatures> {
  const answer = await connection.request(apis.ApiVersions, version, {
    ...defaultApiVersionsRequest,
    clientSoftwareName: 'sluice',
    clientSoftwareVersion: '1',
  });
  if (answer.errorCode !== KafkaError.none) {
    throw refused(connection, `it answered ApiVersions with ${kafkaErrorName(answer.errorCode)}`);
  }
  return {
    versions: new Map(answer.apiKeys.map((api) => [api.apiKey, { min: api.minVersion, max: api.maxVersion }])),
    supported: answer.supportedFeatures,
    finalized: answer.finalizedFeatures,
    finalizedEpoch: answer.finalizedFeaturesEpoch,
  };
}

/** The newest version that the broker and Sluice share; UpstreamError('BrokerRefused') where there is none. */
export function newestShared(api: AnyApi, features: BrokerFeatures, connection: BrokerConnection): number {
  const range = sharedVersions(api, features.versions.get(api.key));
  if (!range) throw refused(connection, `it has no version of ${api.name} that Sluice knows`);
  return range.max;
}

function refused(connection: BrokerConnection, why: string): UpstreamError {
  const at = formatAddress(connection.address);
  return new UpstreamError('BrokerRefused', `the broker at ${at} cannot be used`, { why, at });
}
