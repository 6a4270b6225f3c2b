import { HEAD_BYTES, lookInto, readEvidence } from '../capture/evidence-file.ts';
import { unpackLz4Block } from '../capture/lz4.ts';
import type { ExportedFlow } from '../flows/flow-sink.ts';
import { isParquet } from '../flows/parquet/parquet-file.ts';
import { previewParquet } from '../flows/parquet/parquet-preview.ts';
import { proposeMapping } from '../flows/text/propose-mapping.ts';
import { explainText, previewText, sampleText } from '../flows/text/text-exports.ts';
import { formatAddress } from '../../shared/address.ts';
import { transportName } from '../../shared/flow.ts';
import type { TextPreview } from '../../shared/jobs.ts';
import type { Mapping } from '../../shared/mapping.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { formatUtc } from '../../shared/time.ts';
import { textFormatOf } from './export-readers.ts';

/** A text export or a Parquet file and its mapping, looked at before anything is imported. */

const ROWS = 20;
/** By so many Parquet is known. */
const MAGIC_BYTES = 4;

/** Ends the reading of a file once its beginning is there. */
class Seen extends Error {}

/** The first bytes of a file's content, decompressed; of an archive, of its first member. */
async function beginningOf(path: string): Promise<Uint8Array> {
  let beginning: Uint8Array = new Uint8Array(0);
  try {
    await readEvidence(path, {
      choose(head) {
        beginning = head.slice(0, HEAD_BYTES);
        return null;
      },
      problem: () => undefined,
      progress() {
        if (beginning.length > 0) throw new Seen();
      },
    });
  } catch (error) {
    if (!(error instanceof Seen)) throw error;
  }
  return beginning;
}

type ShownFlow = TextPreview['flows'][number];

function shownFlow(flow: ExportedFlow): ShownFlow {
  return {
    start: formatUtc(flow.start),
    end: formatUtc(flow.end),
    initiator: formatAddress(...flow.initiator),
    initiatorPort: flow.initiatorPort,
    responder: formatAddress(...flow.responder),
    responderPort: flow.responderPort,
    transport: transportName(flow.transport),
    packetsOut: flow.packetsOut,
    bytesOut: flow.bytesOut,
    packetsIn: flow.packetsIn,
    bytesIn: flow.bytesIn,
    name: flow.name ?? null,
  };
}

/**
 * Shows what a mapping makes of the beginning of a text export or a Parquet file.
 *
 * @param given null: what Enclave would take unasked, or, where it would refuse, its best guess
 * @throws EnclaveError when the file cannot be read, or has no columns
 */
export async function previewTextExport(path: string, given: Mapping | null): Promise<TextPreview> {
  const parquet = lookInto(path, (file) =>
    isParquet(file.read(0, MAGIC_BYTES)) ? previewParquet(file, given, ROWS, unpackLz4Block) : null,
  );
  if (typeof parquet === 'string') throw new EnclaveError('not-text', parquet, path, 'import it as it is', 1);
  if (parquet !== null) {
    const { columns, rows, mapping, origin, confidence, why, flows, problems } = parquet;
    return {
      kind: 'parquet',
      columns: [...columns],
      look: { format: 'ndjson', skipLines: 0 },
      rows: rows.slice(0, ROWS).map((row) => [...row]),
      mapping,
      origin,
      confidence,
      why: [...why],
      flows: flows.map(shownFlow),
      problems: [...problems],
    };
  }
  const head = await beginningOf(path);
  const sample = sampleText(head);
  if (sample === null) {
    throw new EnclaveError(
      'not-text',
      'the file holds neither a table of text nor JSON objects, nor is it Parquet',
      path,
      'import it as it is',
      1,
    );
  }
  const format = textFormatOf(head, { given, ofProfile: [] });
  const refusal = format === null ? explainText(head, given) : null;
  const proposal = proposeMapping(sample.header, sample.rows, sample.look);
  const mapping = format === null ? (given ?? proposal.mapping) : format.mapping;
  const shown =
    mapping === null && format === null
      ? { flows: [], problems: [] }
      : previewText(head, format ?? { id: 'csv', mapping, origin: 'proposed' }, ROWS);
  return {
    kind: 'text',
    columns: sample.header === null ? null : [...sample.header],
    look: {
      format: sample.look.format,
      skipLines: sample.look.skipLines ?? 0,
      ...(sample.look.delimiter === undefined ? {} : { delimiter: sample.look.delimiter }),
    },
    rows: sample.rows.slice(0, ROWS).map((row) => [...row]),
    mapping,
    origin: format?.origin ?? 'refused',
    confidence: proposal.confidence,
    why: refusal === null ? [...proposal.why] : [refusal.message, ...proposal.why],
    flows: shown.flows.map(shownFlow),
    problems: [...shown.problems],
  };
}
