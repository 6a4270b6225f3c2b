import { SIGNIFICANCE } from '../../electron/analysis/analysis-frame.ts';
import type { EvidenceForm } from '../../electron/sample/evidence.ts';
import { type Finding, FINDING_KINDS } from '../../shared/finding.ts';
import { markdownTable } from './result-table.ts';

/** How the findings of one kind, made from the same flows in another form of evidence, agree with those made from logs. */
export interface FormAgreement {
  readonly kind: Finding['kind'];
  /** Findings of the logs, and those of them that the other form makes too. */
  readonly findings: number;
  readonly made: number;
  /**
   * Of these: with the verdict of the logs; with `insufficient-data` in place of another; and with a p on the same side of 0.05 that the
   * correction for the tests of the run, which are others here, put on the other side. The rest contradict.
   */
  readonly same: number;
  readonly withheld: number;
  readonly corrected: number;
}

/** Kinds that go by names and payloads: evidence without either cannot tell them, and must say so. */
export const NAMED_KINDS: ReadonlySet<string> = new Set([
  'claim-check',
  'service-ranking',
  'foreign-presence',
  'cryptocurrency',
  'watch-list',
]);

/** Findings are the same when their ids are, which stand for kind, subject and parameters. */
export function compareForms(logs: readonly Finding[], other: readonly Finding[]): FormAgreement[] {
  const told = new Map(other.map((finding) => [finding.id, finding]));
  return (Object.keys(FINDING_KINDS) as Finding['kind'][]).flatMap((kind) => {
    const findings = logs.filter((finding) => finding.kind === kind);
    if (findings.length === 0) return [];
    const pairs = findings.flatMap((finding) => {
      const made = told.get(finding.id);
      return made === undefined ? [] : [{ finding, made }];
    });
    const differing = pairs.filter(({ finding, made }) => finding.verdict !== made.verdict);
    const withheld = differing.filter(({ made }) => made.verdict === 'insufficient-data');
    const corrected = differing.filter((pair) => !withheld.includes(pair) && isAlikeBefore(pair.finding, pair.made));
    return [
      {
        kind,
        findings: findings.length,
        made: pairs.length,
        same: pairs.length - differing.length,
        withheld: withheld.length,
        corrected: corrected.length,
      },
    ];
  });
}

/** Whether two tests come to the same before their p-values are corrected for all tests of their runs. */
function isAlikeBefore({ pValue: one }: Finding, { pValue: other }: Finding): boolean {
  return one !== null && other !== null && one <= SIGNIFICANCE === other <= SIGNIFICANCE;
}

const keyOf = ({ form, kind }: { form: string; kind: string }): string => `${form}\t${kind}`;

/** One row a form and kind, added up over worlds; of a form, kinds that are as the logs have them share one. */
export function formTable(agreements: readonly (FormAgreement & { readonly form: EvidenceForm })[]): string {
  const differing = new Set(agreements.filter((each) => each.same < each.findings).map(keyOf));
  const groups = Map.groupBy(agreements, (each) =>
    differing.has(keyOf(each)) ? keyOf(each) : `${each.form}\tother kinds`,
  );
  const rows = [...groups].map(([key, group]) => {
    const sum = (field: 'findings' | 'made' | 'same' | 'withheld' | 'corrected'): number =>
      group.reduce((total, each) => total + each[field], 0);
    const [made, same, withheld, corrected] = [sum('made'), sum('same'), sum('withheld'), sum('corrected')];
    const contradict = made - same - withheld - corrected;
    return [...key.split('\t'), ...[sum('findings'), made, same, withheld, corrected, contradict].map(String)];
  });
  const head = [
    'form',
    'kind',
    'findings of the logs',
    'made too',
    'same verdict',
    'cannot be told',
    'by correction',
    'contradict',
  ];
  return markdownTable(head, rows);
}
