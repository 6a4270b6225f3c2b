import { CaseReader, PASS_CACHE_BYTES, type SegmentInfo } from '../casefile/case-reader.ts';
import type { CaseWriter } from '../casefile/case-writer.ts';
import { Catalogue } from '../classify/catalogue.ts';
import { FlowLabeller, type SegmentFactsView } from '../classify/flow-labeller.ts';
import { type AnswerChunk, type LogNameChunk, NameMemory } from '../classify/name-memory.ts';
import { layOver } from '../classify/overlays.ts';
import { ReferenceTables } from '../reference/reference-tables.ts';
import type { FilledSegment } from '../flows/segment-builder.ts';
import { LEAVE_OUT_DUPLICATES } from '../../shared/duplicate-counts.ts';
import { allocateColumn, FACT_COLUMNS } from '../../shared/flow.ts';
import type { LabelChanges } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { cancelledError } from './cancelled.ts';
import { findDuplicateFlows } from './duplicate-flows.ts';
import { LabelChangeCounter } from './label-changes.ts';

/** The final labelling pass over a whole case. */

/** What labels are made from besides the case; loaded once a thread. */
export interface LabelTables {
  catalogue: Catalogue;
  reference: ReferenceTables;
}

export function loadLabelTables(): LabelTables {
  return { catalogue: Catalogue.load(), reference: ReferenceTables.load() };
}

type Columns = Map<string, Buffer>;

function words32(columns: Columns, name: string): Uint32Array {
  return new Uint32Array(copyOf(columns, name));
}

/** A BLOB lies unaligned in SQLite's memory. */
function copyOf(columns: Columns, name: string): ArrayBuffer {
  const data = columns.get(name) ?? Buffer.alloc(0);
  const copy = new ArrayBuffer(data.byteLength);
  new Uint8Array(copy).set(data);
  return copy;
}

function texts(columns: Columns, name: string): string[] {
  const data = columns.get(`${name}.dictionary`);
  const parsed: unknown = data ? JSON.parse(data.toString('utf8')) : [];
  return Array.isArray(parsed) ? parsed.map(String) : [];
}

function* answerChunks(reader: CaseReader): Generator<AnswerChunk> {
  for (const { rows, columns } of reader.nameChunks('dns-answer')) {
    yield {
      rows,
      client: words32(columns, 'client'),
      address: words32(columns, 'address'),
      name: words32(columns, 'name'),
      from: new Float64Array(copyOf(columns, 'from')),
      until: new Float64Array(copyOf(columns, 'until')),
      names: texts(columns, 'name'),
    };
  }
}

function* logNameChunks(reader: CaseReader): Generator<LogNameChunk> {
  for (const { rows, columns } of reader.nameChunks('log-name')) {
    yield {
      rows,
      uid: words32(columns, 'uid'),
      name: words32(columns, 'name'),
      origin: new Uint8Array(copyOf(columns, 'origin')),
      protocol: words32(columns, 'protocol'),
      userAgent: words32(columns, 'userAgent'),
      names: texts(columns, 'name'),
      protocols: texts(columns, 'protocol'),
      userAgents: texts(columns, 'userAgent'),
    };
  }
}

/** What the case learnt about names beside its flows. */
export function nameMemoryOf(reader: CaseReader): NameMemory {
  return new NameMemory(answerChunks(reader), logNameChunks(reader));
}

/** The facts of a segment as labelling and explaining see them. */
export function factsOf(reader: CaseReader, segment: SegmentInfo): SegmentFactsView {
  return {
    rows: segment.rows,
    column: (name) => reader.column(segment, name),
    dictionary: (name) => (FACT_COLUMNS[name].coding === 'dictionary' ? reader.dictionary(segment, name) : []),
  };
}

/** Catalogue and tables under the overlays of the case. */
export function tablesOf(reader: CaseReader, tables: LabelTables): ReturnType<typeof layOver> {
  const stored = reader.overlays().map((overlay) => {
    const data = reader.overlayData(overlay.id);
    if (data === null)
      throw new EnclaveError('overlay-damaged', 'an overlay lacks its data', overlay.name, 'remove it');
    return { overlay, data };
  });
  return layOver(tables, stored);
}

/**
 * Labels every flow of the case anew, from facts and names that the case holds. Returns the number of flows and, where
 * asked for, what changed.
 *
 * @param check called at least once a segment; throws to stop, and the labels before stay in force
 * @param leaveOutDuplicates whether analyses shall leave out flows that other evidence holds too; undefined: as before
 * @param countChanges whether to compare the new labels with those in force
 */
export function labelCase(
  writer: CaseWriter,
  tables: LabelTables,
  check: (done: number, of: number) => void,
  leaveOutDuplicates = leavesOutDuplicates(writer),
  countChanges = false,
): { flows: number; changes: LabelChanges | null } {
  const reader = new CaseReader(writer.path, PASS_CACHE_BYTES);
  try {
    const terms = new Map<number, string>();
    const labeller = new FlowLabeller({
      ...tablesOf(reader, tables),
      memory: nameMemoryOf(reader),
      profile: reader.profile,
      termNumber(id) {
        const number = writer.term(id);
        terms.set(number, id);
        return number;
      },
      termId: (number) => reader.term(number),
    });
    const changes = countChanges ? new LabelChangeCounter(reader, (number) => terms.get(number) ?? null) : null;
    const overlays = reader.overlays().map(({ name, kind, date, sha256 }) => ({ name, kind, date, sha256 }));
    const segments = reader.segments();
    const flows = segments.reduce((sum, segment) => sum + segment.rows, 0);
    const duplicates = findDuplicateFlows(reader, () => check(0, flows));
    const basis = {
      catalogue: { version: tables.catalogue.version, sha256: tables.catalogue.sha256 },
      tables: tables.reference.basis,
      ...(overlays.length === 0 ? {} : { overlays }),
      ...(duplicates.counts === null && !leaveOutDuplicates && writer.meta(LEAVE_OUT_DUPLICATES) === null
        ? {}
        : { duplicates: { leftOut: leaveOutDuplicates, ...duplicates.counts } }),
    };
    let done = 0;
    writer.relabel(basis, labeller.organisations, labeller.institutions, (store) => {
      if (leaveOutDuplicates !== leavesOutDuplicates(writer)) {
        writer.setMeta(LEAVE_OUT_DUPLICATES, leaveOutDuplicates ? 'yes' : 'no');
      }
      for (const segment of segments) {
        check(done, flows);
        const labels = labeller.label(factsOf(reader, segment));
        changes?.compare(segment, labels);
        const { columns, dictionaries } = labels;
        const duplicate = duplicates.columns.get(segment.segment);
        store(segment.segment, duplicate === undefined ? columns : { ...columns, duplicate }, dictionaries);
        done += segment.rows;
      }
    });
    return { flows, changes: changes?.changes() ?? null };
  } finally {
    reader.close();
  }
}

/** Whether analyses of the case leave out flows that other evidence holds too. */
export function leavesOutDuplicates(writer: CaseWriter): boolean {
  return writer.meta(LEAVE_OUT_DUPLICATES) === 'yes';
}

/** Labels segments as they come, from what each holds in itself: neither DNS answers nor other logs are known yet. */
export function provisionalLabeller(
  writer: CaseWriter,
  tables: LabelTables,
): (segment: number, facts: FilledSegment) => void {
  const reader = new CaseReader(writer.path, PASS_CACHE_BYTES);
  const { profile } = reader;
  const layered = tablesOf(reader, tables);
  reader.close();
  const terms = new Map<number, string>();
  const termNumber = (id: string): number => {
    const number = writer.term(id);
    terms.set(number, id);
    return number;
  };
  const labeller = new FlowLabeller({
    ...layered,
    memory: new NameMemory([], []),
    profile,
    termNumber,
    termId: (number) => terms.get(number) ?? null,
  });
  return (segment, { rows, columns, dictionaries, terms: ids }) => {
    for (const id of ids) termNumber(id);
    const labels = labeller.label({
      rows,
      column: (name) => columns[name] ?? allocateColumn(FACT_COLUMNS[name], rows),
      dictionary: (name) => dictionaries[name] ?? [],
    });
    writer.addProvisionalLabels(segment, labels.columns, labels.dictionaries);
  };
}

/** A check for `labelCase` that stops when the shared flag is set. */
export function stopWhen(isCancelled: () => boolean, tell: (done: number, of: number) => void) {
  return (done: number, of: number): void => {
    if (isCancelled()) throw cancelledError();
    tell(done, of);
  };
}
