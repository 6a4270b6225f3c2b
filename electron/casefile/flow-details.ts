import {
  ASSEMBLY,
  type FlowColumn,
  LABEL_EVIDENCE,
  NAME_ORIGINS,
  locatorUnit,
  transportName,
} from '../../shared/flow.ts';
import { labelDetail, withConflict } from '../../shared/label-detail.ts';
import { formatCounted } from '../../shared/number-format.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { TextCache } from './flow-texts.ts';

/** Why the flows of a case bear their labels, and where that was seen. */

/** Stands in a sentence for the number of the packet; `labelDetail` makes it visible where evidence wrote it. */
const NUMBER = '\0';

const PAYLOAD = LABEL_EVIDENCE.indexOf('payload');

export interface SegmentDetails {
  /** `labelDetail` of a row's record. */
  detail(row: number): string;
  /** `nameAt` and `payloadAt` of a row's record. */
  nameAt(row: number): number | null;
  payloadAt(row: number): number | null;
}

export class FlowDetails {
  readonly #reader: CaseReader;
  readonly #formats: ReadonlyMap<string, string>;
  readonly #tables: string | null;
  /** Sentences by what they are made from, their number apart. */
  readonly #sentences = new TextCache(14);

  constructor(reader: CaseReader) {
    this.#reader = reader;
    this.#formats = new Map(reader.evidence().map(({ id, format }) => [id, format]));
    this.#tables = labelTables(reader.labelBasis());
  }

  ofSegment(segment: SegmentInfo): SegmentDetails {
    const reader = this.#reader;
    const column = (name: FlowColumn): ReturnType<CaseReader['column']> => reader.column(segment, name);
    const dictionary = (name: FlowColumn): readonly (string | null)[] => [null, ...reader.dictionary(segment, name)];
    const unit = locatorUnit(this.#formats.get(segment.evidence) ?? '');
    const [labelEvidence, match, conflict] = [column('labelEvidence'), column('match'), column('conflict')];
    const [name, nameOrigin, nameAt] = [column('name'), column('nameOrigin'), column('nameAt')];
    const [linkedName, linkedOrigin] = [column('linkedName'), column('linkedOrigin')];
    const [payloadRule, payloadAt] = [column('payloadRule'), column('payloadAt')];
    const [protocol, service, category] = [column('protocol'), column('service'), column('category')];
    const [transport, responderPort] = [column('transport'), column('responderPort')];
    const [locator, assembly] = [column('locator'), column('assembly')];
    const [names, linkedNames] = [dictionary('name'), dictionary('linkedName')];
    const [matches, conflicts] = [dictionary('match'), dictionary('conflict')];

    /** A log tells all of a flow in one place, so that it stores none; of a flow of several records nobody knows which. */
    const placeOf = (row: number, fact: number, stored: number): number => {
      if (stored !== 0 || fact === 0 || unit === 'packet') return stored;
      return (assembly[row] & (ASSEMBLY.paired | ASSEMBLY.joined)) === 0 ? locator[row] : 0;
    };
    const ofName = (row: number): number => placeOf(row, name[row], nameAt[row]);
    const ofPayload = (row: number): number => placeOf(row, payloadRule[row], payloadAt[row]);

    const { key } = this.#sentences;
    const sentence = (row: number, isPlaced: boolean): string => {
      key[0] = segment.segment;
      key[1] = labelEvidence[row];
      key[2] = name[row];
      key[3] = linkedName[row];
      const origin = name[row] === 0 ? linkedOrigin[row] : nameOrigin[row];
      key[4] = origin;
      key[5] = match[row];
      key[6] = payloadRule[row];
      key[7] = protocol[row];
      key[8] = service[row];
      key[9] = category[row];
      key[10] = transport[row];
      key[11] = responderPort[row];
      key[12] = conflict[row];
      key[13] = isPlaced ? 1 : 0;
      const known = this.#sentences.find();
      if (known !== undefined) return known;
      const detail = labelDetail({
        labelEvidence: LABEL_EVIDENCE[labelEvidence[row]] ?? 'none',
        hostname: names[name[row]] ?? linkedNames[linkedName[row]] ?? null,
        nameOrigin: NAME_ORIGINS[origin] ?? 'none',
        match: matches[match[row]] ?? null,
        payloadRule: reader.term(payloadRule[row]),
        protocol: reader.term(protocol[row]) ?? UNKNOWN,
        service: reader.term(service[row]),
        category: reader.term(category[row]) ?? UNKNOWN,
        transport: transportName(transport[row]),
        responderPort: responderPort[row],
        seenIn: isPlaced ? `${unit} ${NUMBER}` : null,
        tables: this.#tables,
      });
      return this.#sentences.keep(withConflict(detail, conflicts[conflict[row]] ?? null));
    };

    return {
      nameAt: (row) => ofName(row) || null,
      payloadAt: (row) => ofPayload(row) || null,
      detail(row) {
        const place = labelEvidence[row] === PAYLOAD ? ofPayload(row) : ofName(row);
        const text = sentence(row, place !== 0);
        return place === 0 ? text : text.replace(NUMBER, String(place));
      },
    };
  }
}

/** `catalogue 2026.11.5`, with the number of overlays that were laid over it; null of a case without labels. */
function labelTables(basis: Record<string, unknown> | null): string | null {
  const { catalogue, overlays } = (basis ?? {}) as { catalogue?: { version?: unknown }; overlays?: unknown[] };
  if (typeof catalogue?.version !== 'string') return null;
  const laidOver = overlays === undefined ? '' : ` with ${formatCounted(overlays.length, 'overlay')}`;
  return `catalogue ${catalogue.version}${laidOver}`;
}
