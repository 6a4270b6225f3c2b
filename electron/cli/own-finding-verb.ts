import { resolve } from 'node:path';
import type { CountedOwnFinding, OwnFinding, PickedExhibit } from '../../shared/own-finding.ts';
import { EXAMINER_OPTION, inSession, JSON_OPTION, printJson, type Session } from './session.ts';
import { bytes, count, out, safe, table, wrap } from './terminal.ts';
import { readArguments, usageError } from './usage.ts';

/** `enclave finding`: the examiner's own findings; `enclave findings --own` lists them. */

const exhibitOf = (where: string): PickedExhibit => ({ label: where === '' ? 'every flow' : 'filter', where });

export async function ownFindingVerb(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    'finding',
    args,
    {
      title: { type: 'string' },
      statement: { type: 'string' },
      where: { type: 'string', multiple: true, default: [] },
      'not-in-report': { type: 'boolean', default: false },
      'in-report': { type: 'boolean', default: false },
      edit: { type: 'string' },
      remove: { type: 'string' },
      ...EXAMINER_OPTION,
      ...JSON_OPTION,
    },
    { least: 1, most: 1 },
  );
  const { title, statement, where, edit, remove, 'in-report': inReport, 'not-in-report': notInReport } = values;
  if (inReport && notInReport) throw usageError('finding', '--in-report and --not-in-report contradict each other');
  if (edit !== undefined && remove !== undefined) throw usageError('finding', 'give --edit or --remove, not both');
  const path = resolve(positionals[0]);
  return inSession(values, async (session) => {
    if (remove !== undefined) {
      await session.run('removeOwnFinding', { case: path, id: remove });
      if (values.json) printJson({ removed: remove });
      else out(`${safe(remove)}: removed; what it said stays in the audit chain\n`);
      return 0;
    }
    const exhibits = where.map(exhibitOf);
    const kept =
      edit === undefined
        ? await session.run('addOwnFinding', {
            case: path,
            finding: { title: title ?? '', statement: statement ?? '', exhibits, inReport: !notInReport },
          })
        : await session.run('changeOwnFinding', {
            case: path,
            id: edit,
            change: {
              ...(title === undefined ? {} : { title }),
              ...(statement === undefined ? {} : { statement }),
              ...(exhibits.length === 0 ? {} : { exhibits }),
              ...(inReport || notInReport ? { inReport } : {}),
            },
          });
    if (values.json) printJson(kept);
    else out(ownFindingText(kept));
    return 0;
  });
}

/** Lists the own findings of a case. */
export async function listOwnFindings(session: Session, casePath: string, asJson: boolean): Promise<void> {
  const findings = await session.run('ownFindings', { case: casePath });
  if (asJson) printJson(findings);
  else if (findings.length === 0) out('the case holds no finding of an examiner’s own\n');
  else out(findings.map((finding) => ownFindingText(finding, finding.current)).join('\n'));
}

/** @param current what each exhibit comes to now; absent: as counted */
function ownFindingText(finding: OwnFinding, current?: CountedOwnFinding['current']): string {
  const { id, title, statement, exhibits, examiner, madeAt, changedAt, inReport } = finding;
  const rows = exhibits.map((exhibit, i) => {
    const { label, where, totals } = exhibit;
    const now = current?.[i] ?? totals;
    const amount = (name: 'flows' | 'bytes' | 'hostHours' | 'hosts' | 'days'): string => {
      const told = name === 'bytes' ? bytes : count;
      return told(totals[name]) + (now[name] === totals[name] ? '' : ` (now ${told(now[name])})`);
    };
    return [
      String(i + 1),
      label,
      where === '' ? 'every flow' : where,
      amount('flows'),
      amount('bytes'),
      amount('hostHours'),
      amount('hosts'),
      amount('days'),
    ];
  });
  const changed = changedAt === null ? '' : `, changed ${changedAt}`;
  return (
    `${safe(title)}\n${statement
      .split('\n')
      .map((line) => wrap(line, 110, '  '))
      .join('')}` +
    `  the examiner’s own: ${safe(examiner)}, ${madeAt}${changed}; ${inReport ? 'in the report' : 'not in the report'}; ${id}\n` +
    table(['#', 'Exhibit', 'Flows of', 'Flows', 'Bytes', 'Host-hours', 'Hosts', 'Days'], rows, [0, 3, 4, 5, 6, 7])
  );
}
