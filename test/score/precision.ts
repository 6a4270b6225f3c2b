import { existsSync } from 'node:fs';
import path from 'node:path';
import { PayloadRecogniser } from '../../electron/classify/payload/recogniser.ts';
import type { PayloadInspector } from '../../shared/payload.ts';
import { PROTOCOLS } from '../../shared/vocabulary.ts';
import { compareProtocol } from './compare.ts';
import { type ExpectedFlow, readExpected, tupleKey } from './expected.ts';
import { expectedLabel, type NameTable, readVocabulary } from './expected-label.ts';
import { type RuleHit, ruleHits } from './rule-hits.ts';
import { share } from './tally.ts';
import { textTable } from './text-table.ts';

/**
 * `npm run score:precision -- DIR`: every payload rule over every capture of which DIR/expected.jsonl has flows; how often other
 * engines (detected, not guessed) agree.
 */

/** What other engines say of a flow that a rule named. `family`: another protocol of the same category. */
export type Judgement = 'agree' | 'family' | 'other-family' | 'no-opinion';

export interface JudgedHit {
  path: string;
  rule: string;
  protocol: string;
  flow: string;
  judgement: Judgement;
  /** The names given instead, without repetition. */
  theirs: string[];
}

/** Holds one named flow against what engines say of its five-tuple. A kind of, or a carrier of, the same thing agrees. */
function judge(hit: RuleHit, expected: readonly ExpectedFlow[], table: NameTable): [Judgement, string[]] {
  let judgement: Judgement = 'no-opinion';
  const theirs = new Set<string>();
  for (const flow of expected) {
    if (flow.guessed) continue;
    const label = expectedLabel(flow, table);
    const verdict = compareProtocol(label, hit.protocol);
    if (verdict === null || verdict.outcome === 'not-in-vocabulary' || verdict.expected === 'unknown') continue;
    if (verdict.outcome !== 'differ') return ['agree', []];
    theirs.add(verdict.expected);
    const isKin = label.protocols.some((each) => PROTOCOLS[each] === PROTOCOLS[hit.protocol]);
    if (judgement !== 'family') judgement = isKin ? 'family' : 'other-family';
  }
  return [judgement, [...theirs]];
}

/** Every flow of the captures in `folder` that a rule of the inspector named, and what others say of it. */
export async function judgeCorpus(folder: string, inspector: PayloadInspector): Promise<JudgedHit[]> {
  const table = readVocabulary(path.join(folder, '../vocabulary.tsv'));
  const judged: JudgedHit[] = [];
  for (const [evidence, expected] of readExpected(path.join(folder, 'expected.jsonl'))) {
    const file = path.join(folder, evidence);
    if (!existsSync(file)) continue;
    const byTuple = Map.groupBy(expected, ({ tuple }) => (tuple === null ? '' : tupleKey(tuple)));
    for (const hit of await ruleHits(file, inspector)) {
      if (hit.protocol === '') continue;
      const { rule, protocol, tuple } = hit;
      const [judgement, theirs] = judge(hit, byTuple.get(tupleKey(tuple)) ?? [], table);
      const flow = `${tuple.transport} ${tuple.sourcePort} → ${tuple.destinationPort}`;
      judged.push({ path: evidence, rule, protocol, flow, judgement, theirs });
    }
  }
  return judged;
}

/** One line a rule: its hits, and the share of those with an opinion that other engines agree to. */
export function precisionTable(judged: readonly JudgedHit[]): string {
  const rows = [...Map.groupBy(judged, ({ rule }) => rule)].toSorted(([x], [y]) => (x < y ? -1 : 1));
  return textTable(
    ['rule', 'protocol', 'flows', 'files', 'no opinion', 'precision', 'same family', 'other family', 'others said'],
    rows.map(([rule, hits]) => {
      const count = (judgement: Judgement): number => hits.filter((hit) => hit.judgement === judgement).length;
      return [
        rule,
        hits[0]?.protocol ?? '',
        hits.length,
        new Set(hits.map((hit) => hit.path)).size,
        count('no-opinion'),
        share(count('agree'), hits.length - count('no-opinion')),
        count('family'),
        count('other-family'),
        [...new Set(hits.flatMap((hit) => hit.theirs))].slice(0, 4).join(', '),
      ];
    }),
  );
}

if (import.meta.main) {
  const [, , folder] = process.argv;
  if (folder === undefined) {
    process.stderr.write('usage: npm run score:precision -- DIR\n');
    process.exitCode = 1;
  } else {
    const judged = await judgeCorpus(folder, new PayloadRecogniser(() => undefined));
    const captures = new Set(judged.map((hit) => hit.path)).size;
    process.stdout.write(
      'PAYLOAD RULES (precision: share of the flows on which an engine has an opinion of its own, not guessed; no engine is ground truth)\n\n' +
        `${precisionTable(judged)}\n\n${judged.length} flows named in ${captures} captures\n`,
    );
  }
}
