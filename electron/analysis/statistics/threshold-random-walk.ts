/**
 * Sequential test of first contacts (Jung, Paxson, Berger, Balakrishnan, "Fast Portscan Detection Using Sequential Hypothesis
 * Testing", IEEE S&P 2004), in the form that may begin anew at any contact, so that a scan that follows years of good habits is
 * seen (Schechter, Jung, Berger, "Fast Detection of Scanning Worm Infections", RAID 2004).
 */

/** Chance that a first contact succeeds: of a benign source, and of a scanner (the values of the paper). */
export const BENIGN_SUCCESS = 0.8;
export const SCANNER_SUCCESS = 0.2;

const UP = Math.log((1 - SCANNER_SUCCESS) / (1 - BENIGN_SUCCESS));
const DOWN = Math.log(BENIGN_SUCCESS / SCANNER_SUCCESS);

/**
 * Number of contacts, from the first, after which the walk takes the source for a scanner; null when it never does.
 *
 * @param hasFailed outcome of each first contact in order of time
 * @param falseAlarm chance, 0..1, that a benign source is taken for a scanner in one walk
 * @param miss chance, 0..1, that a scanner is not
 */
export function contactsUntilScanner(hasFailed: Iterable<boolean>, falseAlarm: number, miss: number): number | null {
  const bound = Math.log((1 - miss) / falseAlarm);
  let walk = 0;
  let contacts = 0;
  for (const failed of hasFailed) {
    contacts++;
    walk = Math.max(0, walk + (failed ? UP : -DOWN));
    if (walk >= bound) return contacts;
  }
  return null;
}
