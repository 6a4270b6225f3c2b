import type { CaseReader } from '../casefile/case-reader.ts';
import type { FlowRecords } from '../casefile/flow-records.ts';
import type { Write } from '../casefile/table-writers.ts';
import { FlowExplainer } from '../classify/explain-flows.ts';
import { locatorUnit } from '../../shared/flow.ts';
import { visibleJson } from '../../shared/visible-text.ts';
import { behavioursOf, factsOf, type LabelTables, nameMemoryOf, tablesOf } from './label-case.ts';

/** Flows explained at once: bounds the memory of their explanations. */
const AT_ONCE = 1024;

/**
 * Writes flow records as ndjson, each with an `explanation` of its labels by the tables as they are now. Returns how many.
 */
export async function writeExplained(
  reader: CaseReader,
  records: FlowRecords,
  tables: LabelTables,
  write: Write,
): Promise<number> {
  const explainer = new FlowExplainer({
    ...tablesOf(reader, tables),
    memory: nameMemoryOf(reader),
    behaviours: behavioursOf(reader),
    profile: reader.profile,
    termId: (number) => reader.term(number),
  });
  const formats = new Map(reader.evidence().map(({ id, format }) => [id, format]));
  let written = 0;
  for (const { segment, rows, record } of records.segments()) {
    const facts = factsOf(reader, segment);
    const unit = locatorUnit(formats.get(segment.evidence) ?? '');
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      const some = rows.subarray(from, from + AT_ONCE);
      const told = Array.from(some, record);
      const explanations = explainer.explain(facts, some, told, unit);
      const lines = told.map((flow, i) => `${visibleJson({ ...flow, explanation: explanations[i] })}\n`);
      await write(lines.join(''));
      written += some.length;
    }
  }
  return written;
}
