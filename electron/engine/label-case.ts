import { CaseReader, PASS_CACHE_BYTES, type SegmentInfo, type StoredService } from '../casefile/case-reader.ts';
import type { CaseWriter } from '../casefile/case-writer.ts';
import { replaceProfile } from '../casefile/profile-writer.ts';
import { changeSetting } from '../casefile/record-writer.ts';
import { type Behaviours, gatherBehaviours } from '../classify/behaviour/behaviours.ts';
import { Catalogue } from '../classify/catalogue.ts';
import { FlowLabeller, type SegmentFactsView } from '../classify/flow-labeller.ts';
import type { LogNameChunk } from '../classify/log-names.ts';
import { type AnswerChunk, NameMemory } from '../classify/name-memory.ts';
import { layOver, layTablesOver, type StoredOverlay } from '../classify/overlays.ts';
import { ReferenceTables } from '../reference/reference-tables.ts';
import { LEAVE_OUT_DUPLICATES } from '../../shared/duplicate-counts.ts';
import { FACT_COLUMNS } from '../../shared/flow.ts';
import type { LabelChanges } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import type { CountryTables } from '../../shared/table-says.ts';
import type { Profile } from '../../shared/profile.ts';
import { cancelledError } from './cancelled.ts';
import { findDuplicateFlows } from './duplicate-flows.ts';
import type { EarlyContacts } from './early-contacts.ts';
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
      ...(columns.has('ja3') ? { ja3: words32(columns, 'ja3'), ja3s: texts(columns, 'ja3') } : {}),
      ...(columns.has('ja4') ? { ja4: words32(columns, 'ja4'), ja4s: texts(columns, 'ja4') } : {}),
      ...(columns.has('certificate') ? { certificate: words32(columns, 'certificate') } : {}),
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

/** What the flows of the case show beside each other. @param check called once a segment; throws to stop */
export function behavioursOf(reader: CaseReader, check: () => void = () => undefined): Behaviours {
  return gatherBehaviours(
    reader.segments().map((segment) => factsOf(reader, segment)),
    check,
  );
}

function storedOverlays(reader: CaseReader): StoredOverlay[] {
  return reader.overlays().map((overlay) => {
    const data = reader.overlayData(overlay.id);
    if (data === null)
      throw new EnclaveError('overlay-damaged', 'an overlay lacks its data', overlay.name, 'remove it');
    return { overlay, data };
  });
}

/** Catalogue and tables under the overlays of the case. */
export function tablesOf(reader: CaseReader, tables: LabelTables): ReturnType<typeof layOver> {
  return layOver(tables, storedOverlays(reader));
}

/** The country tables of the case, for what asks each of them. */
export function countryTablesOf(reader: CaseReader): CountryTables {
  return layTablesOver(ReferenceTables.load(), storedOverlays(reader));
}

/** Labels made segment by segment, of what each holds in itself, and stored as provisional ones; see `EarlyLabels`. */
export interface LabelsSoFar {
  /** Whether these are the segments that were labelled, all of them, and none has reason to be labelled anew. */
  hold(segments: readonly SegmentInfo[]): boolean;
  readonly organisations: FlowLabeller['organisations'];
  readonly institutions: FlowLabeller['institutions'];
  /** The case's number of each number of a term in the labels of the segment at this place; null where they are the same. */
  caseNumbers(place: number): Uint16Array | null;
}

/** What was made of the case's flows while evidence was read. */
export interface EarlyWork {
  labels: LabelsSoFar | null;
  contacts: EarlyContacts;
}

/**
 * Labels every flow of the case anew, from facts and names that the case holds. Returns the number of flows and, where
 * asked for, what changed.
 *
 * @param check called at least once a segment; throws to stop, and the labels before stay in force
 * @param leaveOutDuplicates whether analyses shall leave out flows that other evidence holds too; undefined: as before
 * @param countChanges whether to compare the new labels with those in force
 * @param early what was made while evidence was read; used where nothing can have changed since
 * @param newProfile takes the place of the case's profile in the same transaction
 */
export function labelCase(
  writer: CaseWriter,
  tables: LabelTables,
  check: (done: number, of: number) => void,
  leaveOutDuplicates = leavesOutDuplicates(writer),
  countChanges = false,
  early: EarlyWork | null = null,
  newProfile: Profile | null = null,
): { flows: number; changes: LabelChanges | null } {
  const reader = new CaseReader(writer.path, PASS_CACHE_BYTES);
  try {
    const segments = reader.segments();
    const flows = segments.reduce((sum, segment) => sum + segment.rows, 0);
    const terms = new Map<number, string>();
    const memory = nameMemoryOf(reader);
    const sofar = early?.labels ?? null;
    const kept = sofar?.hold(segments) === true && !memory.hasAnswers && !memory.hasLogNames ? sofar : null;
    const behaviours = early?.contacts.behaviours(segments) ?? behavioursOf(reader, () => check(0, flows));
    const labeller = new FlowLabeller({
      ...tablesOf(reader, tables),
      memory,
      behaviours,
      profile: newProfile ?? reader.profile,
      termNumber(id) {
        const number = writer.term(id);
        terms.set(number, id);
        return number;
      },
      termId: (number) => reader.term(number),
    });
    const changes = countChanges ? new LabelChangeCounter(reader, (number) => terms.get(number) ?? null) : null;
    const overlays = reader.overlays().map(({ name, kind, date, sha256 }) => ({ name, kind, date, sha256 }));
    const duplicates = findDuplicateFlows(reader, () => check(0, flows));
    const basis = {
      catalogue: { version: tables.catalogue.version, sha256: tables.catalogue.sha256 },
      tables: tables.reference.basis,
      ...(overlays.length === 0 ? {} : { overlays }),
      ...(duplicates.counts === null && !leaveOutDuplicates && writer.meta(LEAVE_OUT_DUPLICATES) === null
        ? {}
        : { duplicates: { leftOut: leaveOutDuplicates, ...duplicates.counts } }),
      ...(behaviours.isSample ? { behaviours: { oneIn: behaviours.sampleOf } } : {}),
    };
    let done = 0;
    const { organisations, institutions } = kept ?? labeller;
    const serviceOf = (id: string): StoredService | null => {
      const service = tables.catalogue.service(id);
      return service && { subcategory: service.subcategory ?? null, country: service.country ?? null };
    };
    writer.relabel(basis, organisations, institutions, serviceOf, (store, keep) => {
      if (newProfile !== null) replaceProfile(writer, newProfile);
      if (leaveOutDuplicates !== leavesOutDuplicates(writer)) {
        changeSetting(writer, LEAVE_OUT_DUPLICATES, leaveOutDuplicates ? 'yes' : 'no');
      }
      for (const [place, segment] of segments.entries()) {
        check(done, flows);
        const facts = factsOf(reader, segment);
        const duplicate = duplicates.columns.get(segment.segment);
        const added = duplicate === undefined ? {} : { duplicate };
        if (kept !== null && !marksAny(behaviours, facts)) {
          keep(segment.segment, kept.caseNumbers(place), added);
        } else {
          const labels = labeller.label(facts);
          changes?.compare(segment, labels);
          store(segment.segment, { ...labels.columns, ...added }, labels.dictionaries);
        }
        done += segment.rows;
      }
    });
    return { flows, changes: changes?.changes() ?? null };
  } finally {
    reader.close();
  }
}

/** Whether behaviours say something of a flow of the segment. */
function marksAny(behaviours: Behaviours, facts: SegmentFactsView): boolean {
  const columns = behaviours.columnsOf(facts);
  if (columns === null) return false;
  for (let row = 0; row < facts.rows; row++) if (behaviours.markOf(columns, row) !== null) return true;
  return false;
}

/** Whether analyses of the case leave out flows that other evidence holds too. */
export function leavesOutDuplicates(writer: CaseWriter): boolean {
  return writer.meta(LEAVE_OUT_DUPLICATES) === 'yes';
}

/** A check for `labelCase` that stops when the shared flag is set. */
export function stopWhen(isCancelled: () => boolean, tell: (done: number, of: number) => void) {
  return (done: number, of: number): void => {
    if (isCancelled()) throw cancelledError();
    tell(done, of);
  };
}
