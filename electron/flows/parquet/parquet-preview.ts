import type { Mapping } from '../../../shared/mapping.ts';
import type { ExportedFlow } from '../flow-sink.ts';
import { PreviewSink } from '../preview-sink.ts';
import { ParquetReader, type RandomAccessFile } from './parquet-file.ts';
import type { Lz4Block } from './parquet-values.ts';

/** Rows that are tried: those of which some make no flow too. */
const TRIED_ROWS = 1000;

/** What a mapping makes of the first rows of a Parquet file. */
export interface ParquetPreview {
  readonly columns: readonly string[];
  /** First rows as texts. */
  readonly rows: readonly (readonly string[])[];
  readonly mapping: Mapping | null;
  /** `shipped`: our own export; `refused`: an import would not read it, `why` says why. */
  readonly origin: 'given' | 'shipped' | 'proposed' | 'refused';
  /** 0..1: how sure the proposal is. */
  readonly confidence: number;
  readonly why: readonly string[];
  readonly flows: readonly ExportedFlow[];
  readonly problems: readonly { kind: string; count: number; line: number; message: string }[];
}

/**
 * Looks at the first rows of a Parquet file, reads them by a mapping, and imports nothing.
 *
 * @param given null: what Enclave would take unasked or, where it would refuse, its best guess
 * @param limit flows that are kept
 * @returns what is wrong with the file, in words, when nothing in it can be looked at
 */
export function previewParquet(
  file: RandomAccessFile,
  given: Mapping | null,
  limit: number,
  lz4Block: Lz4Block,
): ParquetPreview | string {
  const sink = new PreviewSink(limit);
  const reader = new ParquetReader(file, given, sink, lz4Block);
  const sample = reader.sample();
  if (sample === null) return sink.problems[0]?.message ?? 'its first rows cannot be read';
  const refusal = reader.isReadable ? null : (sink.problems[0]?.message ?? 'it cannot be read as flows');
  const { proposal } = reader;
  const confidence = proposal?.confidence ?? 0;
  const about = {
    ...sample,
    confidence,
    why: [...(refusal === null ? [] : [refusal]), ...(proposal?.why ?? [])],
  };
  if (refusal === null) {
    reader.read(() => undefined, TRIED_ROWS);
    const origin = given !== null ? 'given' : reader.isOwn ? 'shipped' : 'proposed';
    return { ...about, mapping: given ?? reader.mapping, origin, flows: sink.flows, problems: sink.problems };
  }
  const mapping = given ?? proposal?.mapping ?? null;
  const guessed = new PreviewSink(limit);
  if (given === null && mapping !== null)
    new ParquetReader(file, mapping, guessed, lz4Block).read(() => undefined, TRIED_ROWS);
  return { ...about, mapping, origin: 'refused', flows: guessed.flows, problems: guessed.problems };
}
