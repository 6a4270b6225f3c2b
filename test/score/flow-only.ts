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
}

const none = (): KeptCount => ({ labelled: 0, kept: 0, lost: 0, other: 0 });

export function noKeptCategories(): KeptCategories {
  return { all: none(), withoutDns: none(), byCategory: new Map() };
}

const DNS: ReadonlySet<string> = new Set(['dns', 'mdns', 'llmnr']);

/** Adds the flows of one file, labelled with and without payload; they are the same flows, told by their ids. */
export function addKept(
  total: KeptCategories,
  whole: readonly Pick<FlowRecord, 'id' | 'protocol' | 'category' | 'labelEvidence'>[],
  stripped: readonly Pick<FlowRecord, 'id' | 'category'>[],
): void {
  const without = new Map(stripped.map(({ id, category }) => [id, category]));
  for (const { id, protocol, category, labelEvidence } of whole) {
    // By its port alone a flow has a category when there was no payload to take away.
    if (category === UNKNOWN || labelEvidence === 'port') continue;
    const now = without.get(id) ?? UNKNOWN;
    const ofCategory = total.byCategory.get(category) ?? none();
    total.byCategory.set(category, ofCategory);
    for (const count of DNS.has(protocol) ? [total.all, ofCategory] : [total.all, total.withoutDns, ofCategory]) {
      count.labelled++;
      if (now === category) count.kept++;
      else if (now === UNKNOWN) count.lost++;
      else count.other++;
    }
  }
}
