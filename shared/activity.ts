import type { Profile } from './profile.ts';
import { visibleText } from './visible-text.ts';

/** From so many packets of answers on, somebody must have asked: the capture lacks one direction. */
const UNASKED_PACKETS = 4;

/**
 * Activity: what the people of a network did, as far as flows can tell. Flows opened from inside the profile's ranges,
 * without its excluded and server addresses (at either end) and without scans; without flows that other evidence holds as a
 * whole, where the examiner chose so. Answers that nobody asked for (backscatter: up to three packets from outside and none from
 * inside) were opened by no one; records of one direction, which look alike, are kept. The one definition, used both to select the
 * flows and as the `where` of every finding about users.
 */
export function activityFilter(profile: Profile, leaveOutDuplicates = false): string {
  const kept = [
    'subjectSide = initiator',
    'not category = scan',
    `not (packetsOut = 0 and packetsIn < ${UNASKED_PACKETS} and not assembly ~ "one way")`,
  ];
  const blocks = [...profile.excluded.map((entry) => entry.cidr), ...profile.servers];
  if (blocks.length > 0) kept.push(`not address in (${blocks.join(', ')})`);
  if (leaveOutDuplicates) kept.push('not duplicate = same');
  return kept.join(' and ');
}

/** Activity in words, for the `population` of findings. */
export function activityInWords(leaveOutDuplicates = false): string {
  const words =
    'activity: flows opened from inside the ranges of the profile, without its excluded and server addresses';
  return leaveOutDuplicates
    ? `${words}, without scans, unasked answers and without flows that other evidence of the case holds too`
    : `${words}, without scans and unasked answers`;
}

/** A value in a filter: bare when it is a plain id, else quoted, in one line of visible characters. */
export function filterValue(text: string): string {
  const reserved = ['and', 'or', 'not', 'in', 'last'];
  if (/^[a-z][a-z0-9-]*$/.test(text) && !reserved.includes(text)) return text;
  return `"${visibleText(text.replace(/[\\"]/g, '\\$&'))}"`;
}
