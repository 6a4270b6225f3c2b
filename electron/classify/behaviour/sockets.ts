import { CATEGORIES, type Category } from '../../../shared/vocabulary.ts';
import type { BehaviourMark } from './behaviour-mark.ts';

/**
 * Flows of one UDP socket: a program sends all of a call's checks and media (ICE, RFC 8445; RFC 7983), or its questions to a game's many servers,
 * from one port of its own. What it spoke, and was answered, on a registered port tells of its flows on other ports at that time. The pair of
 * address and port as what an application is known by: Karagiannis, Broido, Faloutsos, claffy, IMC 2004, 4.2.
 */

/** A socket lives at most so long for us (microseconds): other programs are given its port later. Flows of neighbouring spans count as well. */
export const SOCKET_SPAN = 600e6;

const ALL = Object.keys(CATEGORIES) as Category[];
const CATEGORY_BITS: ReadonlyMap<Category, number> = new Map(ALL.map((category, bit) => [category, (1 << bit) >>> 0]));

/** Names and time are asked from anybody's ports; a VPN by behaviour is told by its session (`tunnels.ts`), and findings say so. */
const NOT_OF_SOCKETS: readonly Category[] = ['infra', 'vpn'];

/** The bit of a category; 0 for those that tell nothing of a socket's other flows. */
export function categoryBit(category: Category): number {
  return NOT_OF_SOCKETS.includes(category) ? 0 : (CATEGORY_BITS.get(category) ?? 0);
}

/** Marks the flows of a socket that spoke what is of one category. @param categories bits; @param port the least registered one of the far ends */
export function sameSocket(categories: number, port: number): BehaviourMark | null {
  const category = ALL.find((one) => CATEGORY_BITS.get(one) === categories);
  if (category === undefined) return null;
  return {
    behaviour: 'same-socket',
    category,
    confidence: 40,
    detail: `UDP of a socket that was answered on port ${port}, registered for ${category}, within some minutes (RFC 8445; address and port as one application, Karagiannis 2004)`,
  };
}
