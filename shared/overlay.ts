import type { Problem } from './problem.ts';

/** Tables that an examiner lays over the shipped catalogue and address tables of a case. */

/**
 * - `services`: services with names and blocks, written like a file of the catalogue;
 * - `list`: names and blocks, one a line, with service, category and country;
 * - `geo`: countries of blocks; `networks`: AS numbers and organisations of blocks; `geo+networks`: both.
 */
export const OVERLAY_KINDS = ['services', 'list', 'geo', 'networks', 'geo+networks'] as const;
export type OverlayKind = (typeof OVERLAY_KINDS)[number];

export const OVERLAY_FORMATS = ['json', 'csv', 'mmdb', 'rir-delegated'] as const;
export type OverlayFormat = (typeof OVERLAY_FORMATS)[number];

/** An overlay of a case. */
export interface Overlay {
  /** First 16 hex digits of `sha256`. */
  readonly id: string;
  readonly name: string;
  readonly kind: OverlayKind;
  readonly format: OverlayFormat;
  /** Of the file as it was read. */
  readonly sha256: string;
  readonly bytes: number;
  /** Day that the data describe (ISO 8601), as the file or the examiner says; null when neither does. */
  readonly date: string | null;
  /** ISO 8601, UTC. */
  readonly addedAt: string;
  /** Names and blocks that were taken from it. */
  readonly entries: number;
  /** What was not used, and why, with the first place (line, byte or number of the entry from 1). */
  readonly notUsed: readonly Problem[];
}
