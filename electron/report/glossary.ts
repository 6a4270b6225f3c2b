import type { Chapter } from './chapter.ts';
import { escapeHtml, facts } from './markup.ts';

/** Terms of the report in words for a reader who is no network engineer. */
export const GLOSSARY: readonly (readonly [string, string])[] = [
  [
    'Activity',
    'Flows opened from inside the address ranges of the profile, without its excluded and server addresses and without ' +
      'scans and answers that nobody asked for. Findings about users count activity.',
  ],
  ['Bytes', 'Length of IP packets, headers included, both directions together. 1 kB is 1000 bytes.'],
  ['Category', 'What a flow is for, such as streaming or e-mail; “unknown” where no rule matched.'],
  [
    'Coverage',
    'The share of clock hours between the first and the last flow in which the evidence shows any flow at all.',
  ],
  [
    'Day-block bootstrap',
    'The way intervals are made: whole days are drawn again and again from the days observed, and the spread of the ' +
      'results is the interval. It respects that flows of one day hang together.',
  ],
  [
    'Flow',
    'Packets between two addresses and ports by one transport protocol, close in time: roughly one conversation between ' +
      'two programs.',
  ],
  ['Host', 'An address of the network in question. It may stand for one device or for many behind a gateway.'],
  ['Host-hour', 'One host seen active within one local clock hour, however much it did.'],
  [
    'Insufficient data',
    'The evidence is too short or too thin for the statement; a value is given for orientation only.',
  ],
  [
    'Interval',
    'A range that would hold the true value in 95 of 100 such studies, if other days are like the days observed.',
  ],
  [
    'Label',
    'Protocol, service and category given to a flow, with the evidence it rests on: payload, host name, DNS answer, ' +
      'address, port or behaviour.',
  ],
  ['Not supported', 'There was enough data to see the effect, and the evidence does not show it.'],
  [
    'p-value',
    'How often chance alone would show at least what was seen. “Adjusted” means corrected for the number of tests made ' +
      'in this analysis.',
  ],
  ['Profile', 'The definition of the network in question: its address ranges, time zone, exclusions and groups.'],
  [
    'Sampling',
    'Some devices record only one packet in N. Counts are then multiplied by N, and short flows may be missing.',
  ],
  ['Service', 'Who a flow was spoken to, such as a named site or company, where that can be told.'],
  ['Supported', 'The evidence is enough for the statement by the rule printed with its finding.'],
];

export function glossaryChapter(): Chapter {
  const rows = GLOSSARY.map(([term, meaning]): [string, string] => [term, escapeHtml(meaning)]);
  return { title: 'Terms', ownPage: false, markup: facts(rows, 'glossary') };
}
