/**
 * Locators of what shares a packet's number: records of an export datagram that was captured, and packets behind the first one
 * of an aggregated wireless frame. Both lie between the packet's number and the next: `17.0003`, `17.9001`.
 */

const PLACES = 10_000;
/** From here on they are packets of an aggregate. A UDP datagram has no room for so many records of eight bytes. */
const FIRST_FURTHER = 9000;
/** Packets behind the first one that a frame can be given locators for. */
export const MOST_FURTHER = PLACES - FIRST_FURTHER - 1;

/** Of the `record`th record, from 1, of the datagram in a packet. */
export function recordLocator(packet: number, record: number): number {
  return (packet * PLACES + record) / PLACES;
}

/** Of the `further`th packet, from 1, behind the first one of a frame. */
export function furtherLocator(packet: number, further: number): number {
  return recordLocator(packet, FIRST_FURTHER + further);
}

/** Whether a record of a captured export datagram is meant. */
export function isRecordLocator(locator: number): boolean {
  const place = placeNumber(locator) % PLACES;
  return place > 0 && place <= FIRST_FURTHER;
}

/** A locator as a whole number, so that those that mean the same are equal. */
export function placeNumber(locator: number): number {
  return Math.round(locator * PLACES);
}

/** A locator of a run of files as one of the file before which `before` packets and lines are numbered. */
export function locatorInFile(locator: number, before: number): number {
  return Math.round((locator - before) * PLACES) / PLACES;
}

/** Number of the packet in which a locator lies. */
export function packetOf(locator: number): number {
  return Math.floor(locator);
}
