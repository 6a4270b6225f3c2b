import { formatBlock, parseBlock } from '../../shared/address.ts';
import {
  allocateColumn,
  type ColumnArray,
  FACT_COLUMNS,
  type FactColumn,
  type FlowRecord,
  LABEL_EVIDENCE,
  type LabelColumn,
  type LabelEvidence,
  NAME_ORIGINS,
  SUBJECT_SIDES,
  transportName,
} from '../../shared/flow.ts';
import { labelDetail, withConflict } from '../../shared/label-detail.ts';
import type { Profile } from '../../shared/profile.ts';
import type { TableSays } from '../../shared/table-says.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import type { LayeredTables } from '../reference/layered-tables.ts';
import type { BehaviourLookup } from './behaviour/behaviours.ts';
import {
  FlowLabeller,
  type LabelSources,
  type NameLookup,
  type SegmentFactsView,
  type SegmentLabels,
} from './flow-labeller.ts';
import type { CatalogueLayer, LayeredCatalogue } from './overlays.ts';

/**
 * Why flows bear their labels. Nothing is decided here: the labeller labels the flows again and again, each time with the
 * evidence that decided before taken away, so what it says next is what would have been said without.
 */

/** What one piece of evidence says of a flow. */
export interface LabelCandidate {
  readonly labelEvidence: LabelEvidence;
  readonly protocol: string;
  readonly service: string | null;
  readonly category: string;
  /** 0..1. */
  readonly confidence: number;
  /** As in the flow record. */
  readonly detail: string;
  /** The name that was looked at, and where it came from. */
  readonly hostname: string | null;
  readonly nameOrigin: string | null;
  /** Name, suffix or block of the catalogue that it met; null when none. */
  readonly pattern: string | null;
  /** Who holds that pattern: the catalogue or an overlay, its version or date, its SHA-256, and whence it has the fact. */
  readonly table: {
    readonly name: string;
    readonly date: string | null;
    readonly sha256: string;
    readonly source: string | null;
  } | null;
}

export interface FlowExplanation {
  /** What the label rests on. */
  readonly decided: LabelCandidate;
  /** What other evidence would have said, the strongest first. */
  readonly lost: readonly LabelCandidate[];
  readonly payloadRule: string | null;
  /** A hint; evidence for a category alone, where nobody saw a payload. */
  readonly port: string | null;
  /** What each table says of the peer, the one in force first; empty for flows without a subject. */
  readonly country: readonly TableSays[];
  readonly network: readonly TableSays[];
  /** False when the stored label is another: the case was labelled with other tables, and `reclassify` would change it. */
  readonly current: boolean;
}

export interface ExplainSources {
  readonly catalogue: LayeredCatalogue;
  readonly reference: LayeredTables;
  readonly memory: NameLookup;
  readonly behaviours?: BehaviourLookup;
  readonly profile: Profile;
  /** Id of a term of the case. */
  termId(number: number): string | null;
}

/** Facts that evidence is made of; what is listed is taken away together. */
const OWN_NAME: readonly FactColumn[] = ['name', 'nameOrigin'];
const LOG: readonly FactColumn[] = ['uid'];
/** The rule alone: a form of payload that one service speaks; the protocol stays. */
const FORM: readonly FactColumn[] = ['payloadRule'];
const PAYLOAD: readonly FactColumn[] = ['payloadProtocol', 'payloadRule'];

/** Steps by which evidence is taken away, from the strongest to the weakest. */
interface Withheld {
  readonly facts: readonly FactColumn[];
  readonly answers: boolean;
  readonly blocks: boolean;
  readonly overlays: boolean;
}

const EVERYTHING: Withheld = { facts: [], answers: false, blocks: false, overlays: false };
const STEPS: readonly Withheld[] = [
  EVERYTHING,
  { ...EVERYTHING, overlays: true },
  { ...EVERYTHING, facts: OWN_NAME },
  { ...EVERYTHING, facts: [...OWN_NAME, ...LOG] },
  { ...EVERYTHING, facts: [...OWN_NAME, ...LOG, ...FORM] },
  { ...EVERYTHING, facts: [...OWN_NAME, ...LOG, ...FORM], answers: true },
  { ...EVERYTHING, facts: [...OWN_NAME, ...LOG, ...FORM], answers: true, blocks: true },
  { facts: [...OWN_NAME, ...LOG, ...PAYLOAD], answers: true, blocks: true, overlays: false },
];

/** Explains flows by the same tables that label them; made once a case. */
export class FlowExplainer {
  readonly #sources: ExplainSources;
  readonly #terms: string[] = [];
  readonly #termNumbers = new Map<string, number>();
  readonly #labellers: readonly { readonly withheld: Withheld; readonly labeller: FlowLabeller }[];

  constructor(sources: ExplainSources) {
    this.#sources = sources;
    const hasOverlays = sources.catalogue.layers.length > 1;
    this.#labellers = STEPS.filter(({ overlays }) => hasOverlays || !overlays).map((withheld) => ({
      withheld,
      labeller: new FlowLabeller(this.#without(withheld)),
    }));
  }

  #without({ answers, blocks, overlays }: Withheld): LabelSources {
    const { catalogue, reference, memory, behaviours, profile, termId } = this.#sources;
    const names = overlays ? (catalogue.layers.at(-1)?.catalogue ?? catalogue) : catalogue;
    return {
      catalogue: {
        byName: (hostname) => names.byName(hostname),
        byAddress: (a, b, c, d, timeUs) => (blocks ? null : names.byAddress(a, b, c, d, timeUs)),
        changeTimes: names.changeTimes,
      },
      reference,
      memory: answers
        ? {
            hasAnswers: false,
            hasLogNames: memory.hasLogNames,
            byUid: (high, low) => memory.byUid(high, low),
            byAddress: () => false,
          }
        : memory,
      ...(behaviours === undefined ? {} : { behaviours }),
      profile,
      termNumber: (id) => this.#termNumber(id),
      termId,
    };
  }

  #termNumber(id: string): number {
    const known = this.#termNumbers.get(id);
    if (known !== undefined) return known;
    this.#terms.push(id);
    this.#termNumbers.set(id, this.#terms.length);
    return this.#terms.length;
  }

  /**
   * Explains some rows of a segment, in their order. @param records their records, to tell whether the stored labels are those
   * that would be made now @param unit what locators of the evidence count
   */
  explain(
    facts: SegmentFactsView,
    rows: Uint32Array,
    records: readonly FlowRecord[],
    unit = 'packet',
  ): FlowExplanation[] {
    const chosen = chosenRows(facts, rows);
    const said = this.#labellers.map(({ withheld, labeller }) => ({
      withheld,
      labels: labeller.label(withholding(chosen, withheld.facts)),
    }));
    return [...rows.keys()].map((row) => {
      const record = records[row];
      const candidates: LabelCandidate[] = [];
      const met = new Set<string>();
      for (const { withheld, labels } of said) {
        const candidate = this.#candidate(chosen, row, labels, withheld, record, unit);
        const { labelEvidence, protocol, service, category, hostname, pattern } = candidate;
        const label = [labelEvidence, protocol, service, category, pattern];
        const key = JSON.stringify([...label, hostname]);
        if (met.has(key) || (candidates.length > 0 && labelEvidence === 'none')) continue;
        // The same label without the host's name has lost nothing to anybody.
        met.add(key).add(JSON.stringify([...label, null]));
        candidates.push(candidate);
      }
      const [decided, ...lost] = candidates;
      const current =
        record?.service === decided.service &&
        record.protocol === decided.protocol &&
        record.category === decided.category &&
        record.labelEvidence === decided.labelEvidence;
      return { decided, lost, current, ...this.#circumstances(chosen, row, said[0].labels) };
    });
  }

  #candidate(
    facts: SegmentFactsView,
    row: number,
    labels: SegmentLabels,
    withheld: Withheld,
    record: FlowRecord | undefined,
    unit: string,
  ): LabelCandidate {
    const value = (column: LabelColumn): number => labels.columns[column]?.[row] ?? 0;
    const text = (column: LabelColumn): string | null => labels.dictionaries[column]?.[value(column) - 1] ?? null;
    const term = (column: LabelColumn): string | null => this.#terms[value(column) - 1] ?? null;
    const ownName = withheld.facts.includes('name')
      ? null
      : (facts.dictionary('name')[facts.column('name')[row] - 1] ?? null);
    const hostname = ownName ?? text('linkedName');
    const origin = ownName === null ? value('linkedOrigin') : facts.column('nameOrigin')[row];
    const labelEvidence = LABEL_EVIDENCE[value('labelEvidence')] ?? 'none';
    const match = text('match');
    const service = term('service');
    const table = match === null ? null : this.#tableOf(facts, row, labelEvidence, hostname, service, match, withheld);
    const seenAt = labelEvidence === 'payload' ? record?.payloadAt : ownName === null ? null : record?.nameAt;
    const basis = {
      labelEvidence,
      hostname,
      nameOrigin: NAME_ORIGINS[origin] ?? 'none',
      match,
      payloadRule: this.#sources.termId(facts.column('payloadRule')[row]),
      protocol: term('protocol') ?? UNKNOWN,
      service,
      category: term('category') ?? UNKNOWN,
      transport: transportName(facts.column('transport')[row]),
      responderPort: facts.column('responderPort')[row],
      seenIn: typeof seenAt === 'number' ? `${unit} ${seenAt}` : null,
      tables: table?.name ?? null,
    };
    return {
      labelEvidence,
      protocol: basis.protocol,
      service,
      category: basis.category,
      confidence: value('confidence') / 100,
      detail: withConflict(labelDetail(basis), text('conflict')),
      hostname,
      nameOrigin: hostname === null ? null : basis.nameOrigin,
      pattern: match,
      table,
    };
  }

  /** The layer that knew the name or address: the first in their order. */
  #tableOf(
    facts: SegmentFactsView,
    row: number,
    evidence: LabelEvidence,
    hostname: string | null,
    service: string | null,
    pattern: string,
    withheld: Withheld,
  ): LabelCandidate['table'] {
    const { layers } = this.#sources.catalogue;
    const at = row * 4;
    const responder = facts.column('responder');
    const time = facts.column('start')[row];
    const knows = ({ catalogue }: CatalogueLayer): boolean =>
      evidence === 'address'
        ? catalogue.byAddress(responder[at], responder[at + 1], responder[at + 2], responder[at + 3], time) !== null
        : hostname !== null && catalogue.byName(hostname) !== null;
    const layer = (withheld.overlays ? layers.slice(-1) : layers).find(knows);
    if (layer === undefined) return null;
    const { name, date, sha256, catalogue } = layer;
    const entry = service === null ? null : catalogue.service(service);
    // Each block has a source of its own.
    const block = evidence === 'address' ? entry?.prefixes.find(({ cidr }) => canonicalBlock(cidr) === pattern) : null;
    return { name, date, sha256, source: block?.source ?? entry?.source ?? null };
  }

  #circumstances(
    facts: SegmentFactsView,
    row: number,
    labels: SegmentLabels,
  ): Pick<FlowExplanation, 'payloadRule' | 'port' | 'country' | 'network'> {
    const side = SUBJECT_SIDES[labels.columns.subjectSide?.[row] ?? 0] ?? 'none';
    const peer = facts.column(side === 'responder' ? 'initiator' : 'responder');
    const at = row * 4;
    const where = [peer[at], peer[at + 1], peer[at + 2], peer[at + 3], facts.column('start')[row]] as const;
    const transport = transportName(facts.column('transport')[row]);
    const port = facts.column('responderPort')[row];
    const { reference, termId } = this.#sources;
    return {
      payloadRule: termId(facts.column('payloadRule')[row]),
      port: ['tcp', 'udp', 'sctp', 'dccp', 'udplite'].includes(transport) ? `${transport}/${port}` : null,
      country: side === 'none' ? [] : reference.countries(...where),
      network: side === 'none' ? [] : reference.networks(...where),
    };
  }
}

/** A block as matches write it; the text itself when it is none. */
function canonicalBlock(cidr: string): string {
  const block = parseBlock(cidr);
  return block === null ? cidr : formatBlock(block);
}

/** The facts of some rows only. */
function chosenRows(facts: SegmentFactsView, rows: Uint32Array): SegmentFactsView {
  const columns = new Map<FactColumn, ColumnArray>();
  return {
    rows: rows.length,
    column(name) {
      let column = columns.get(name);
      if (column === undefined) {
        const { width } = FACT_COLUMNS[name];
        const all = facts.column(name);
        column = allocateColumn(FACT_COLUMNS[name], rows.length);
        for (const [place, row] of rows.entries()) {
          for (let word = 0; word < width; word++) column[place * width + word] = all[row * width + word];
        }
        columns.set(name, column);
      }
      return column;
    },
    dictionary: (name) => facts.dictionary(name),
  };
}

function withholding(facts: SegmentFactsView, withheld: readonly FactColumn[]): SegmentFactsView {
  return {
    rows: facts.rows,
    column: (name) => (withheld.includes(name) ? allocateColumn(FACT_COLUMNS[name], facts.rows) : facts.column(name)),
    dictionary: (name) => facts.dictionary(name),
  };
}
