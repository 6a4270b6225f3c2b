import { formatAddress } from '../../shared/address.ts';
import type { CaseReader } from '../casefile/case-reader.ts';
import { countryCode } from '../casefile/flow-records.ts';
import type { FlowSelection } from '../casefile/flow-selection.ts';
import { PairIndex } from '../casefile/pair-index.ts';
import { SelectedRows } from '../casefile/selected-rows.ts';

/** Whom flows were opened to. */

export interface Peer {
  readonly address: string;
  /** As recorded. */
  readonly flows: number;
  /** Both ways, multiplied by `sampling`. */
  readonly bytes: number;
  /** As its last flow has them; null where not known. */
  readonly country: string | null;
  readonly organisation: string | null;
}

/** The `most` responders of the matching flows, most flows first, ties in the order of their first flows; and how many there are. */
export function peersOf(reader: CaseReader, selection: FlowSelection, most: number): { peers: Peer[]; all: number } {
  const [upper, prefixes, addresses] = [new PairIndex(), new PairIndex(), new PairIndex()];
  const flows: number[] = [];
  const bytes: number[] = [];
  const places: { country: number; asn: number }[] = [];
  const selected = new SelectedRows(selection);
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    const rowNumbers = selected.rowNumbers();
    const words = reader.column(segment, 'responder');
    const [out, back] = [reader.column(segment, 'bytesOut'), reader.column(segment, 'bytesIn')];
    const [country, asn] = [reader.column(segment, 'country'), reader.column(segment, 'asn')];
    const rates = reader.column(segment, 'sampling');
    for (let n = 0; n < selected.rows; n++) {
      const row = rowNumbers === null ? n : rowNumbers[n];
      const at = row * 4;
      const prefix = prefixes.number(upper.number(words[at], words[at + 1]), words[at + 2]);
      const peer = addresses.number(prefix, words[at + 3]);
      flows[peer] = (flows[peer] ?? 0) + 1;
      bytes[peer] = (bytes[peer] ?? 0) + (out[row] + back[row]) * (rates[row] || 1);
      places[peer] = { country: country[row], asn: asn[row] };
    }
  }
  const order = [...flows.keys()].toSorted((a, b) => flows[b] - flows[a] || a - b);
  const peers = order.slice(0, most).map((peer): Peer => {
    const prefix = addresses.first(peer);
    const first = prefixes.first(prefix);
    return {
      address: formatAddress(upper.first(first), upper.second(first), prefixes.second(prefix), addresses.second(peer)),
      flows: flows[peer],
      bytes: bytes[peer],
      country: countryCode(places[peer].country),
      organisation: reader.organisation(places[peer].asn),
    };
  });
  return { peers, all: order.length };
}
