import type { EvidenceForm } from '../../electron/sample/evidence.ts';
import { type Finding, FINDING_KINDS } from '../../shared/finding.ts';
import { markdownTable } from './result-table.ts';

/** How the findings of one kind, made from the same flows in another form of evidence, agree with those made from logs. */
export interface FormAgreement {
  readonly kind: Finding['kind'];
  /** Findings of the logs, and those of them that the other form makes too. */
  readonly findings: number;
  readonly made: number;
  /** Of these: with the verdict of the logs, and with `insufficient-data` in place of another. The rest contradict. */
  readonly same: number;
  readonly withheld: number;
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
  const verdicts = new Map(other.map(({ id, verdict }) => [id, verdict]));
  return (Object.keys(FINDING_KINDS) as Finding['kind'][]).flatMap((kind) => {
    const findings = logs.filter((finding) => finding.kind === kind);
    if (findings.length === 0) return [];
    const made = findings.filter(({ id }) => verdicts.has(id));
    const same = made.filter(({ id, verdict }) => verdicts.get(id) === verdict);
    const withheld = made.filter(({ id }) => verdicts.get(id) === 'insufficient-data');
    return [
      {
        kind,
        findings: findings.length,
        made: made.length,
        same: same.length,
        withheld: withheld.filter((finding) => !same.includes(finding)).length,
      },
    ];
  });
}

const keyOf = ({ form, kind }: { form: string; kind: string }): string => `${form}\t${kind}`;

/** One row a form and kind, added up over worlds; of a form, kinds that are as the logs have them share one. */
export function formTable(agreements: readonly (FormAgreement & { readonly form: EvidenceForm })[]): string {
  const differing = new Set(agreements.filter((each) => each.same < each.findings).map(keyOf));
  const groups = Map.groupBy(agreements, (each) =>
    differing.has(keyOf(each)) ? keyOf(each) : `${each.form}\tother kinds`,
  );
  const rows = [...groups].map(([key, group]) => {
    const sum = (field: 'findings' | 'made' | 'same' | 'withheld'): number =>
      group.reduce((total, each) => total + each[field], 0);
    const [made, same, withheld] = [sum('made'), sum('same'), sum('withheld')];
    return [...key.split('\t'), ...[sum('findings'), made, same, withheld, made - same - withheld].map(String)];
  });
  const head = ['form', 'kind', 'findings of the logs', 'made too', 'same verdict', 'cannot be told', 'contradict'];
  return markdownTable(head, rows);
}
