import type { FlowRecord } from '../../shared/flow.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';

/** What is left of the categories when the payload is taken away and DNS stays, as in a flow export with DNS logs beside it. */

/** Flows with a category by payload, and what they have without it. */
export interface KeptCount {
  labelled: number;
  kept: number;
  /** Without the payload `unknown`. */
  lost: number;
  other: number;
}

export interface KeptCategories {
  all: KeptCount;
  withoutDns: KeptCount;
  byCategory: Map<string, KeptCount>;
  /** By what tells the category without payload; of ports each its own (`port udp/123`). */
  byEvidence: Map<string, KeptCount>;
}

const none = (): KeptCount => ({ labelled: 0, kept: 0, lost: 0, other: 0 });

export function noKeptCategories(): KeptCategories {
  return { all: none(), withoutDns: none(), byCategory: new Map(), byEvidence: new Map() };
}

const DNS: ReadonlySet<string> = new Set(['dns', 'mdns', 'llmnr']);

type Stripped = Pick<FlowRecord, 'id' | 'category' | 'labelEvidence' | 'transport' | 'responderPort'>;

/** Adds the flows of one file, labelled with and without payload; they are the same flows, told by their ids. */
export function addKept(
  total: KeptCategories,
  whole: readonly Pick<FlowRecord, 'id' | 'protocol' | 'category' | 'labelEvidence'>[],
  stripped: readonly Stripped[],
): void {
  const without = new Map(stripped.map((flow) => [flow.id, flow]));
  for (const { id, protocol, category, labelEvidence } of whole) {
    // By port or behaviour alone a flow has a category when there was no payload to take away.
    if (category === UNKNOWN || labelEvidence === 'port' || labelEvidence === 'behaviour') continue;
    const left = without.get(id);
    const now = left?.category ?? UNKNOWN;
    const counts = [total.all, countOf(total.byCategory, category), countOf(total.byEvidence, evidenceOf(left))];
    if (!DNS.has(protocol)) counts.push(total.withoutDns);
    for (const count of counts) {
      count.labelled++;
      if (now === category) count.kept++;
      else if (now === UNKNOWN) count.lost++;
      else count.other++;
    }
  }
}

function countOf(counts: Map<string, KeptCount>, key: string): KeptCount {
  const known = counts.get(key) ?? none();
  counts.set(key, known);
  return known;
}

function evidenceOf(flow: Stripped | undefined): string {
  if (flow === undefined) return 'none';
  const { labelEvidence, transport, responderPort } = flow;
  return labelEvidence === 'port' ? `port ${transport}/${responderPort}` : labelEvidence;
}

/** How often each kind of evidence was right: the category by payload is told by it too. Ports together, or each its own. */
export function precisionByEvidence(kept: KeptCategories, isEachPort: boolean): [evidence: string, count: KeptCount][] {
  const counts = new Map<string, KeptCount>();
  for (const [evidence, { labelled, kept: right, lost, other }] of kept.byEvidence) {
    // DNS keeps its payload, so it tells nothing here.
    if (evidence === 'payload' || evidence === 'none') continue;
    const count = countOf(counts, isEachPort ? evidence : evidence.replace(/^port .*/, 'port'));
    count.labelled += labelled;
    count.kept += right;
    count.lost += lost;
    count.other += other;
  }
  return [...counts].toSorted(([x], [y]) => (x < y ? -1 : 1));
}
