import { UDP } from '../../../shared/flow.ts';
import type { BehaviourMark } from './behaviour-mark.ts';
import { told } from './behaviour-mark.ts';

/**
 * Scans by the threshold random walk: Jung, Paxson, Berger, Balakrishnan, "Fast Portscan Detection Using Sequential Hypothesis
 * Testing", IEEE S&P 2004. A first contact succeeds with probability 0.8 for a benign source and 0.2 for a scanner (their
 * values); the source is a scanner when the ratio of likelihoods passes (1 - β)/α. Where they walk contact by contact, we take
 * the walk's end on the UTC day, which does not depend on the order in which files were read, and walk for each port (to be exact:
 * each of 32 groups of ports) by itself, so that a scanner behind NAT is not hidden by its neighbours' browsing. Every answered flow counts as a success, so that
 * the test errs towards benign.
 */

const BENIGN_SUCCESS = 0.8;
const SCANNER_SUCCESS = 0.2;
/** α and 1 - power, stricter than the paper's 0.01 since so many sources are tested. */
const ERROR = 1e-4;
/** Ways of the walk up at a failure and down at a success, in natural logarithms. */
const UP = Math.log((1 - SCANNER_SUCCESS) / (1 - BENIGN_SUCCESS));
const DOWN = Math.log(BENIGN_SUCCESS / SCANNER_SUCCESS);
const BOUND = Math.log((1 - ERROR) / ERROR);

/** Failures without a success after which a source counts as a scanner: 7. */
export const LEAST_FAILURES = Math.ceil(BOUND / UP);

/**
 * Failures that a port needs besides. A page of the web names some dozens of hosts, and where IPv6 or a filter is broken all of
 * them fail: benign, on these ports.
 */
const WEB_PORTS: ReadonlySet<number> = new Set([80, 443, 8080]);
const LEAST_WEB_FAILURES = 50;
/** Of UDP: most answers for each failure. Peers of an overlay that have gone fail as often, but many others answer. */
const MOST_UDP_ANSWERS = 0.1;

/**
 * Whether so many targets that failed, and flows that were answered, on a group of ports are those of a scanner, of which a bare
 * probe went to this port.
 */
export function isScanOf(transport: number, port: number, failed: number, answered: number): boolean {
  if (transport === UDP && answered > MOST_UDP_ANSWERS * failed) return false;
  return isScanner(failed, answered) && (failed >= LEAST_WEB_FAILURES || !WEB_PORTS.has(port));
}

/** Whether a walk of so many failures and successes ends above the bound. */
export function isScanner(failed: number, answered: number): boolean {
  return failed * UP - answered * DOWN >= BOUND;
}

const METHOD = 'threshold random walk per port and day, Jung 2004';

export function horizontalScan(failed: number, answered: number): BehaviourMark {
  return {
    behaviour: 'horizontal-scan',
    category: 'scan',
    confidence: 45,
    detail: `bare probe of a source of which ${told(failed)} targets did not answer on this port or refused, against ${told(answered)} flows answered, that day (${METHOD})`,
  };
}

/** Ports of one target, as in the scan policy of Zeek 2 (`port_scan_threshold`). */
const LEAST_PORTS = 15;

/** @param failed distinct ports of one target that failed on a day, as far as a bitmap of 32 tells */
export function verticalScan(failed: number): BehaviourMark | null {
  if (failed < LEAST_PORTS) return null;
  return {
    behaviour: 'vertical-scan',
    category: 'scan',
    confidence: 45,
    detail: `bare probe of a source to which some ${told(failed)} ports of this target or more did not answer or refused that day (threshold of Zeek's scan policy)`,
  };
}
