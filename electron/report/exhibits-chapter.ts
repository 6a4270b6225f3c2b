import { basename } from 'node:path';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { Finding } from '../../shared/finding.ts';
import { type FlowRecord, SEGMENT_ROWS } from '../../shared/flow.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { REPORT_CHAPTERS } from '../../shared/report-settings.ts';
import type { CaseReader, EvidenceInfo, SegmentInfo } from '../casefile/case-reader.ts';
import { flowRecords } from '../casefile/flow-records.ts';
import { type FlowSelection, compileFilter } from '../casefile/flow-selection.ts';
import type { Chapter } from './chapter.ts';
import { breakable, escapeHtml } from './markup.ts';
import type { ReportCase } from './report-case.ts';

/** Some flows behind each finding that is borne out, with the places in the evidence where anybody can look them up. */

const FLOWS_EACH = 3;
/** Findings with exhibits; the rest are counted. */
const MOST_FINDINGS = 40;

/** Findings whose flows are no more telling than any: all activity, or all flows. */
const GENERAL: ReadonlySet<Finding['kind']> = new Set<Finding['kind']>([
  'claim-check',
  'coverage',
  'daily-rhythm',
  'weekly-rhythm',
  'period-comparison',
]);

/** Null when there is nothing to show. */
export function exhibitsChapter(
  reader: ReportCase,
  findings: readonly Finding[],
  evidence: readonly EvidenceInfo[],
): Chapter | null {
  const filters = new Set<string>();
  // Shares by several metrics rest on the same flows.
  const telling = findings.filter(({ kind, verdict, where }) => {
    if (verdict !== 'supported' || GENERAL.has(kind) || where === '' || filters.has(where)) return false;
    filters.add(where);
    return true;
  });
  const files = new Map(evidence.map((file) => [file.id, file]));
  const shown = telling.slice(0, MOST_FINDINGS);
  const flowsOf = firstFlows(
    reader.counted,
    shown.map((finding) => reader.originalOf(finding).where),
  );
  let number = 0;
  const groups = shown.flatMap((finding, index) => {
    const flows = flowsOf(index).filter(
      ({ initiator, responder }) => !reader.leavesOut(initiator) && !reader.leavesOut(responder),
    );
    if (flows.length === 0) return [];
    number += 1;
    const rows = flows.map((flow, i) => exhibit(reader, flow, files.get(flow.evidence), `${number}.${i + 1}`));
    return [
      `<tbody class="entry"><tr><td colspan="5"><strong>${escapeHtml(finding.title.replace(/, by [a-z-]+$/, ''))}</strong> ` +
        `<span class="mono quiet">${escapeHtml(finding.id)}</span></td></tr>${rows.join('')}</tbody>`,
    ];
  });
  if (groups.length === 0) return null;
  const left = telling.length - shown.length;
  const rest = left > 0 ? `<p class="quiet">Of ${formatCount(left)} further findings none are shown.</p>` : '';
  return {
    title: REPORT_CHAPTERS.exhibits,
    ownPage: true,
    markup: `<p>The first ${FLOWS_EACH} flows, in the order of the evidence, behind each finding that is borne out. A flow’s id is made of the first
16 digits of its file’s SHA-256, its place in the file, and how deep in tunnels it lies; the place is a packet number of a capture, or a
line or record number of another file, from 1. <code>enclave carve</code> cuts the packets of a flow out of the original.</p>
<table class="exhibits"><thead><tr><th>No.</th><th>Flow, and where it begins</th><th>Start (UTC)</th><th>From and to</th><th class="number">Packets, bytes</th></tr></thead>${groups.join('')}</table>${rest}`,
  };
}

/** The first FLOWS_EACH flows of each filter, by its index. The records of all are made in one go, which is what costs. */
function firstFlows(reader: CaseReader, filters: readonly string[]): (index: number) => FlowRecord[] {
  const mask = new Uint8Array(SEGMENT_ROWS);
  const wanted = new Map<SegmentInfo, Set<number>>();
  const places = filters.map((where) => {
    const selection = compileFilter(parseFilter(where), reader);
    const found: { segment: SegmentInfo; row: number }[] = [];
    for (const segment of reader.segments()) {
      if (found.length >= FLOWS_EACH) break;
      if (selection.mark(segment, mask) === 0) continue;
      for (let row = mask.indexOf(1); row >= 0 && row < segment.rows; row = mask.indexOf(1, row + 1)) {
        found.push({ segment, row });
        wanted.set(segment, (wanted.get(segment) ?? new Set()).add(row));
        if (found.length >= FLOWS_EACH) break;
      }
    }
    return found;
  });
  const selection: FlowSelection = {
    mark(segment, marks) {
      marks.fill(0, 0, segment.rows);
      for (const row of wanted.get(segment) ?? []) marks[row] = 1;
      return wanted.get(segment)?.size ?? 0;
    },
  };
  const records = new Map<SegmentInfo, Map<number, FlowRecord>>();
  for (const { segment, rows, record } of flowRecords(reader, { selection }).segments()) {
    records.set(segment, new Map(Array.from(rows, (row) => [row, record(row)])));
  }
  return (index) => places[index].flatMap(({ segment, row }) => records.get(segment)?.get(row) ?? []);
}

function exhibit(reader: ReportCase, flow: FlowRecord, file: EvidenceInfo | undefined, number: string): string {
  const place = `${(file?.packets ?? 0) > 0 ? 'packet' : 'line or record'} ${flow.locator}`;
  const name = file === undefined ? '' : `${breakable(basename(file.path))}, `;
  const end = (address: string, port: number): string =>
    `<span class="address">${escapeHtml(reader.text(address))}</span> port ${port}`;
  const what = [flow.transport, flow.protocol, flow.service ?? ''].filter(
    (part, i, all) => part !== '' && all.indexOf(part) === i,
  );
  const cells = [
    `${breakable(flow.id)}<br><span class="quiet">${name}${escapeHtml(place)}</span>`,
    `${escapeHtml(flow.start.replace('T', ' ').replace('Z', ''))}<br><span class="quiet">${escapeHtml(what.join(', '))}</span>`,
    `${end(flow.initiator, flow.initiatorPort)}<br>to ${end(flow.responder, flow.responderPort)}`,
  ];
  return (
    `<tr><td class="word">${number}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}` +
    `<td class="number">${formatCount(flow.packetsOut + flow.packetsIn)}<br>${formatBytes(flow.bytesOut + flow.bytesIn)}</td></tr>`
  );
}
