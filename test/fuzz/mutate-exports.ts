import { LONGEST, oneOf, pick, type Random, WHOLE } from './bend.ts';
import { argusMutant } from './mutate-argus.ts';
import { datagramMutant, ipfixFileMutant } from './mutate-datagrams.ts';
import { nfcapdMutant } from './mutate-nfcapd.ts';
import { parquetMutant } from './mutate-parquet.ts';
import { textMutant } from './mutate-text.ts';

/** Flow exports that are almost right. */

export interface ExportSeeds {
  /** Datagrams of one capture each, in their order: payloads of NetFlow, IPFIX, sFlow. */
  readonly datagrams: readonly (readonly Buffer[])[];
  readonly ipfix: readonly Buffer[];
  readonly nfcapd: readonly Buffer[];
  readonly argus: readonly Buffer[];
  readonly parquet: readonly Buffer[];
  readonly text: readonly Buffer[];
}

export type ExportKind = keyof ExportSeeds;

/** Kinds by how often they come up. Parquet is not read inside archives, so that it comes by itself. */
const IN_ARCHIVES = [
  'datagrams',
  'datagrams',
  'datagrams',
  'ipfix',
  'nfcapd',
  'nfcapd',
  'argus',
  'text',
  'text',
  'text',
] as const;
const ALONE = ['parquet', 'parquet', 'parquet', 'parquet', ...IN_ARCHIVES] as const;

const NONE = Buffer.alloc(0);
/** Share of the inputs that are bent as a whole besides. */
const BENT_AS_A_WHOLE = 0.15;

/** An export made of one of the seeds by the mutations of its kind. */
export function exportMutant(seeds: ExportSeeds, random: Random, isAlone: boolean): Buffer {
  const kind = isAlone ? pick(random, ALONE) : pick(random, IN_ARCHIVES);
  const bytes = mutantOf(seeds, kind, random);
  const isBent = random() < BENT_AS_A_WHOLE && bytes.length > 0;
  return (isBent ? pick(random, WHOLE)(bytes, random, bytes) : bytes).subarray(0, LONGEST);
}

/** An export of one kind, bent where that kind has its numbers. */
export function mutantOf(seeds: ExportSeeds, kind: ExportKind, random: Random): Buffer {
  if (kind === 'datagrams') {
    return datagramMutant(oneOf(random, seeds.datagrams) ?? [], random, oneOf(random, seeds.datagrams) ?? []);
  }
  const seed = oneOf(random, seeds[kind]) ?? NONE;
  switch (kind) {
    case 'ipfix':
      return ipfixFileMutant(seed, random, oneOf(random, seeds.ipfix) ?? NONE);
    case 'nfcapd':
      // Not to be unpacked (an unknown layout): as it is, for the mutations of the whole.
      return nfcapdMutant(seed, random) ?? pick(random, WHOLE)(seed, random, seed);
    case 'argus':
      return argusMutant(seed, random);
    case 'parquet':
      return parquetMutant(seed, random);
    case 'text':
      return textMutant(seed, random);
  }
}
