import { caseContents } from '../export/case-contents.ts';
import { caseGraph } from '../export/case-graph.ts';
import {
  type AnyTable,
  evidenceTable,
  findingTable,
  hostTable,
  noteTable,
  ownFindingTable,
} from '../export/case-tables.ts';
import { markdownSummary } from '../export/markdown-summary.ts';
import { stixBundle } from '../export/stix-bundle.ts';
import type { CaseReader } from '../casefile/case-reader.ts';
import { compileFilter } from '../casefile/flow-selection.ts';
import { hostList } from '../casefile/host-list.ts';
import { type TableFormat, type Write, writeTable } from '../casefile/table-writers.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { ExportTable, WholeExport } from '../../shared/jobs.ts';
import { visibleJson } from '../../shared/visible-text.ts';
import { ENCLAVE_VERSION } from './version.ts';

/** What of a case goes out as a file of its own. */

/** Writes a table of the case and returns its rows. */
export function writeCaseTable(
  reader: CaseReader,
  what: ExportTable,
  format: TableFormat,
  write: Write,
): Promise<number> {
  const { form, rows }: AnyTable = tableOf(reader, what);
  return writeTable<string>(format, form, rows, write);
}

function tableOf(reader: CaseReader, what: ExportTable): AnyTable {
  switch (what) {
    case 'findings':
      return findingTable(reader.findings());
    case 'own-findings':
      return ownFindingTable(reader.ownFindings());
    case 'hosts':
      return hostTable(hostList(reader, compileFilter(parseFilter(''), reader), Infinity).hosts, reader.findings());
    case 'evidence':
      return evidenceTable(reader.evidence());
    case 'notes':
      return noteTable(reader.notes());
  }
}

/** The whole case as one text. Control, direction and invisible characters of JSON stand as `\uXXXX`. */
export function wholeCase(reader: CaseReader, format: WholeExport): string {
  const contents = caseContents(reader, ENCLAVE_VERSION);
  switch (format) {
    case 'markdown':
      return markdownSummary(contents);
    case 'stix':
      return `${visibleJson(stixBundle(contents))}\n`;
    case 'case':
      return `${visibleJson(caseGraph(contents))}\n`;
  }
}
