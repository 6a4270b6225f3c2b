import type { Aspect, FileComparison, FlowComparison, Outcome } from './compare.ts';
import { type KeptCategories, precisionByEvidence } from './flow-only.ts';
import { type Judgement, judgementOf, type Right } from './judged.ts';
import type { SeenProtocols } from './suricata-checks.ts';

/** The few figures by which names, services and protocols are judged, as a table in Markdown. */

/** One measure: an aspect over the flows of some engines of which the engine states it. */
interface Measure {
  readonly what: string;
  readonly aspect: Aspect;
  readonly engines: RegExp;
  /** Labels that rest on ports or addresses alone are left out. */
  readonly detectedOnly: boolean;
  readonly bound: string;
}

const ANY = /./;
const NDPI = /^nDPI/;

const MEASURES: readonly Measure[] = [
  { what: 'host name, all engines', aspect: 'hostname', engines: ANY, detectedOnly: false, bound: '≥ 99 %' },
  { what: 'JA3, all engines', aspect: 'ja3', engines: ANY, detectedOnly: false, bound: '100 %' },
  { what: 'JA4, all engines', aspect: 'ja4', engines: ANY, detectedOnly: false, bound: '100 %' },
  { what: 'service, nDPI and nDPId', aspect: 'service', engines: NDPI, detectedOnly: true, bound: '≥ 95 %' },
  { what: 'protocol, nDPI and nDPId', aspect: 'protocol', engines: NDPI, detectedOnly: true, bound: '≥ 97 %' },
  { what: 'protocol, Arkime', aspect: 'protocol', engines: /^arkime/, detectedOnly: true, bound: '≥ 97 %' },
  { what: 'protocol, Zeek', aspect: 'protocol', engines: /^zeek/, detectedOnly: true, bound: '≥ 97 %' },
];

const KIN: ReadonlySet<Outcome> = new Set(['other-form', 'more-specific', 'less-specific']);
const RIGHTS: readonly Right[] = ['we', 'neither', 'they', 'open'];

/** Outcomes of one measure. `stated`: flows of which the engine says something that the vocabulary has a word for. */
export interface MeasureCounts {
  stated: number;
  equal: number;
  kin: number;
  differ: number;
  missing: number;
  /** Of what differs or is missing, who is right. */
  judged: Record<Right, number>;
  /** Of what differs alone, that which no judgement says to be right, or as right as theirs. */
  wrong: number;
  unjudged: string[];
}

/** Whether the engine itself states the aspect: it may be silent where we are not. */
function isStated(verdict: { outcome: Outcome; expected: string }): boolean {
  if (verdict.outcome === 'not-in-vocabulary') return false;
  return !(verdict.outcome === 'more-specific' && ['none', 'unknown'].includes(verdict.expected));
}

export function countMeasure(flows: readonly FlowComparison[], measure: Measure): MeasureCounts {
  const counts: MeasureCounts = {
    stated: 0,
    equal: 0,
    kin: 0,
    differ: 0,
    missing: 0,
    judged: { we: 0, neither: 0, they: 0, open: 0 },
    wrong: 0,
    unjudged: [],
  };
  for (const flow of flows) {
    const verdict = flow.verdicts[measure.aspect];
    if (verdict === undefined || !measure.engines.test(flow.engine)) continue;
    if ((measure.detectedOnly && flow.guessed) || !isStated(verdict)) continue;
    counts.stated++;
    if (verdict.outcome === 'agree') counts.equal++;
    else if (KIN.has(verdict.outcome)) counts.kin++;
    else {
      if (verdict.outcome === 'differ') counts.differ++;
      else counts.missing++;
      const judgement: Judgement | null = judgementOf(flow, measure.aspect);
      if (judgement !== null) counts.judged[judgement.right]++;
      else
        counts.unjudged.push(`${flow.path}: ${flow.flow}: ${measure.aspect} ${verdict.expected}, ours ${verdict.ours}`);
      const isRight = judgement !== null && (judgement.right === 'we' || judgement.right === 'neither');
      if (verdict.outcome === 'differ' && !isRight) counts.wrong++;
    }
  }
  return counts;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
}

/** A table with its head and rows in Markdown. */
function markdownTable(rows: readonly (readonly (string | number)[])[]): string {
  const [head = [], ...body] = rows.map((row) => `| ${row.join(' | ')} |`);
  return [head, `|${' --- |'.repeat(rows[0]?.length ?? 0)}`, ...body].join('\n');
}

export interface Summary {
  /** Markdown. */
  text: string;
  /** Differences that no judgement covers. */
  unjudged: string[];
}

/** The summary of a whole run. */
export function summarise(
  files: readonly FileComparison[],
  kept: KeptCategories | null,
  suricata: SeenProtocols | null,
): Summary {
  const flows = files.flatMap((file) => file.flows);
  const counted = MEASURES.map((measure) => ({ measure, counts: countMeasure(flows, measure) }));
  const rows: (string | number)[][] = [
    [
      '',
      'flows',
      'equal',
      'kin',
      'differ',
      'missing',
      'equal or kin',
      'judged: we, neither, they',
      'after judging',
      'wanted',
    ],
  ];
  for (const { measure, counts } of counted) {
    const { stated, equal, kin, differ, missing, judged } = counts;
    rows.push([
      measure.what, stated, equal, kin, differ, missing, percent(equal + kin, stated),
      `${judged.we}, ${judged.neither}, ${judged.they}`, percent(equal + kin + judged.we + judged.neither, stated), measure.bound,
    ]); // prettier-ignore
  }
  const lines = [markdownTable(rows), ''];
  const service = counted.find(({ measure }) => measure.aspect === 'service')?.counts;
  if (service !== undefined) {
    const named = service.equal + service.kin + service.differ;
    lines.push(
      `Services named otherwise than nDPI: ${service.differ} of ${named} that both name (${percent(service.differ, named)}); ` +
        `wrong after judging: ${service.wrong} (${percent(service.wrong, named)}; wanted ≤ 0.5 %).`,
      '',
    );
  }
  const judged = RIGHTS.map(
    (right) => `${right} ${counted.reduce((sum, { counts }) => sum + counts.judged[right], 0)}`,
  );
  const unjudged = counted.flatMap(({ counts }) => counts.unjudged);
  lines.push(`Differences judged: ${judged.join(', ')}; not judged: ${unjudged.length}.`, '');
  if (suricata !== null) {
    lines.push(
      `Suricata names no flows, but what its tests expect in a file: of ${suricata.expected} pairs of file and protocol we see ` +
        `${suricata.seen} (${percent(suricata.seen, suricata.expected)}).`,
      '',
    );
  }
  if (kept !== null) {
    const { all, withoutDns } = kept;
    lines.push(
      `Payload removed, DNS kept: of ${all.labelled} flows with a category ${all.kept} keep it ` +
        `(${percent(all.kept, all.labelled)}; wanted ≥ 70 %), ${all.lost} have none, ${all.other} another; without the DNS flows ` +
        `themselves ${withoutDns.kept} of ${withoutDns.labelled} (${percent(withoutDns.kept, withoutDns.labelled)}).`,
      '',
      markdownTable([
        ['category', 'flows', 'kept', 'none', 'another'],
        ...[...kept.byCategory]
          .toSorted(([a, x], [b, y]) => y.labelled - x.labelled || (a < b ? -1 : 1))
          .map(([category, one]) => [category, one.labelled, percent(one.kept, one.labelled), one.lost, one.other]),
      ]),
      '',
      markdownTable([
        ['told without payload by', 'flows', 'as by payload', 'another'],
        ...precisionByEvidence(kept, false).map(([evidence, one]) => [
          evidence,
          one.labelled,
          percent(one.kept, one.labelled),
          one.other,
        ]),
      ]),
      '',
    );
  }
  return { text: lines.join('\n').trimEnd(), unjudged };
}
