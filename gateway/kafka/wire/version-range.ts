/** Version ranges as ApiVersions carries them, and what two sides have in common. */
import type { AnyApi } from './api.ts';
import { KafkaError } from './error-codes.ts';
import { type ApiVersionsResponse, defaultApiVersionsResponse } from './generated/api-versions.ts';
import { ApiKey, apis } from './generated/apis.ts';

/** Inclusive. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** What a peer's range and our own definitions share; undefined where that is nothing. */
export function sharedVersions(
  api: Pick<AnyApi, 'min' | 'max'>,
  peer: VersionRange | undefined,
): VersionRange | undefined {
  if (!peer) return undefined;
  const range = { min: Math.max(api.min, peer.min), max: Math.min(api.max, peer.max) };
  return range.min <= range.max ? range : undefined;
}

/**
 * The answer to an ApiVersions request of a version that is not spoken. It is to be written in version 0, lists the
 * range of ApiVersions alone, and the client asks again on the same connection.
 */
export function unsupportedApiVersions(): ApiVersionsResponse {
  return {
    ...defaultApiVersionsResponse,
    errorCode: KafkaError.unsupportedVersion,
    apiKeys: [{ apiKey: ApiKey.ApiVersions, minVersion: apis.ApiVersions.min, maxVersion: apis.ApiVersions.max }],
  };
}
