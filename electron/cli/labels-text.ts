import type { IndicatorFile } from '../../shared/indicator.ts';
import type { LabelChange, Relabelling } from '../../shared/jobs.ts';
import type { Overlay } from '../../shared/overlay.ts';
import type { Problem } from '../../shared/problem.ts';
import { count, safe, table } from './terminal.ts';

/** What the command line prints of labellings, overlays and indicators. */

/** Changes of a field that are printed; --json has more. */
const SHOWN = 20;

export function relabellingText({ flows, changes }: Relabelling): string {
  const head = `${count(flows)} flows labelled anew, ${count(changes.flows)} of them changed\n`;
  const { service, category, protocol, country, asn } = changes;
  const fields: [string, readonly LabelChange[]][] = [
    ['Service', service],
    ['Category', category],
    ['Protocol', protocol],
    ['Country', country],
    ['Network', asn],
  ];
  return head + fields.map(([name, of]) => changesText(name, of)).join('');
}

function changesText(name: string, changes: readonly LabelChange[]): string {
  if (changes.length === 0) return '';
  const rows = changes.slice(0, SHOWN).map(({ before, after, flows }) => [before ?? '–', after ?? '–', count(flows)]);
  const more = changes.length > SHOWN ? `and ${changes.length - SHOWN} changes more, see --json\n` : '';
  return `\n${table([`${name} before`, 'after', 'flows'], rows, [2])}${more}`;
}

export function overlaysText(overlays: readonly Overlay[]): string {
  if (overlays.length === 0) return 'the case has no overlays\n';
  return table(
    ['Id', 'File', 'Kind', 'Format', 'Date', 'Entries', 'Added'],
    overlays.map(({ id, name, kind, format, date, entries, addedAt }) => [
      id,
      name,
      kind,
      format,
      date ?? 'not told',
      count(entries),
      addedAt,
    ]),
    [5],
  );
}

export function indicatorFilesText(files: readonly IndicatorFile[]): string {
  if (files.length === 0) return 'the case has no indicators\n';
  return table(
    ['Id', 'File', 'Format', 'Indicators', 'Added'],
    files.map(({ id, name, format, indicators, addedAt }) => [id, name, format, count(indicators), addedAt]),
    [3],
  );
}

/** One line for each kind of entry that was not used. */
export function notUsedText(notUsed: readonly Problem[]): string {
  return notUsed
    .map(({ kind, count: times, firstOffset, message }) =>
      safe(
        `not used: ${kind}, ${times === 1 ? `at ${firstOffset}` : `${count(times)} times, first at ${firstOffset}`}: ${message}`,
      ),
    )
    .map((line) => `${line}\n`)
    .join('');
}
