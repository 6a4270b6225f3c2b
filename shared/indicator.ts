import type { Problem } from './problem.ts';

/**
 * Indicators that an examiner adds to a case from a file. A flow that meets one is *listed in that file*: nothing more is
 * said of it.
 */

/**
 * - `address`: an address or CIDR block, of either end of a flow;
 * - `domain`: the flow's host name or one above it;
 * - `host`: the flow's host name itself;
 * - `url-host`: the host of a listed URL, whose path no flow tells;
 * - `ja3`, `ja4`: the client's TLS fingerprint.
 */
export const INDICATOR_KINDS = ['address', 'domain', 'host', 'url-host', 'ja3', 'ja4'] as const;
export type IndicatorKind = (typeof INDICATOR_KINDS)[number];

export interface Indicator {
  readonly kind: IndicatorKind;
  /** Canonical: CIDR of a block (an address alone without length), names and fingerprints in lower case. */
  readonly value: string;
  /** What the file calls it; empty when it has no name. At most 200 characters. */
  readonly label: string;
  /** When the file says that it holds: microseconds since the epoch, `validUntil` exclusive; null = not told. */
  readonly validFrom: number | null;
  readonly validUntil: number | null;
}

export const INDICATOR_FORMATS = ['stix', 'misp', 'list'] as const;
export type IndicatorFormat = (typeof INDICATOR_FORMATS)[number];

/** A file of indicators in a case. */
export interface IndicatorFile {
  /** First 16 hex digits of `sha256`. */
  readonly id: string;
  readonly name: string;
  readonly format: IndicatorFormat;
  /** Of the file as it was read. */
  readonly sha256: string;
  readonly bytes: number;
  /** ISO 8601, UTC. */
  readonly addedAt: string;
  /** Indicators that were taken from it. */
  readonly indicators: number;
  /** What was not used, and why, with the first place (line, or number of the object from 1). */
  readonly notUsed: readonly Problem[];
}
