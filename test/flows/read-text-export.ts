import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { EvidenceSink, ExportedFlow, LogName } from '../../electron/flows/flow-sink.ts';
import { detectText, type TextFormat, TextExportReader } from '../../electron/flows/text/text-exports.ts';
import { type AddressWords, formatAddress } from '../../shared/address.ts';
import { transportName } from '../../shared/flow.ts';
import type { Mapping } from '../../shared/mapping.ts';
import { ProblemCounter } from '../../shared/problem.ts';
import { formatUtc } from '../../shared/time.ts';

/** Reads text exports in tests. */

export interface Answer {
  client: string;
  address: string;
  name: string;
  from: string;
  until: string;
}

/** Keeps what a reader hands on; flows are copied, as a sink must. */
export class Collected implements EvidenceSink {
  readonly flows: ExportedFlow[] = [];
  readonly answers: Answer[] = [];
  readonly names: LogName[] = [];
  readonly problems = new ProblemCounter();

  flow(flow: ExportedFlow): void {
    const copy: ExportedFlow = { ...flow, initiator: [...flow.initiator], responder: [...flow.responder] };
    if (flow.exporter !== undefined) copy.exporter = [...flow.exporter];
    if (flow.nextHop !== undefined) copy.nextHop = [...flow.nextHop];
    this.flows.push(copy);
  }

  answer(client: AddressWords, address: AddressWords, name: string, from: number, until: number): void {
    const [c, a] = [formatAddress(...client), formatAddress(...address)];
    this.answers.push({ client: c, address: a, name, from: formatUtc(from), until: formatUtc(until) });
  }

  logName(name: LogName): void {
    this.names.push(name);
  }

  problem(kind: string, offset: number, message: string): void {
    this.problems.add(kind, offset, message);
  }

  /** Problems as [kind, count, first line]. */
  get told(): [string, number, number][] {
    return this.problems.list().map(({ kind, count, firstOffset }) => [kind, count, firstOffset]);
  }
}

/** Reads bytes in pieces of `piece` bytes. */
export function readText(
  bytes: Buffer,
  format: TextFormat,
  piece = 1000,
): { found: Collected; reader: TextExportReader } {
  const found = new Collected();
  const reader = new TextExportReader(format, found);
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
  reader.end();
  return { found, reader };
}

/** Reads text with a mapping. */
export function readMapped(text: string, mapping: Mapping, piece?: number): Collected {
  return readText(Buffer.from(text), { id: mapping.format, mapping, origin: 'given' }, piece).found;
}

export const FIXTURES = fileURLToPath(new URL('../fixtures/text-exports/', import.meta.url));

/** Detects and reads one of the fixtures. */
export function readFixture(name: string): { format: TextFormat; found: Collected; reader: TextExportReader } {
  const bytes = readFileSync(`${FIXTURES}${name}`);
  const format = detectText(bytes, null);
  if (format === null) throw new Error(`${name} was not recognised`);
  return { format, ...readText(bytes, format) };
}

/** A flow in one line: times, ends, transport, packets/bytes out, packets/bytes in. */
export function line(flow: ExportedFlow): string {
  const clock = (us: number): string =>
    formatUtc(us)
      .replace('2017-05-17T', '')
      .replace(/0{3}Z$/, '');
  const ends = `${formatAddress(...flow.initiator)}:${flow.initiatorPort} > ${formatAddress(...flow.responder)}:${flow.responderPort}`;
  const counts = `${flow.packetsOut}/${flow.bytesOut} ${flow.packetsIn}/${flow.bytesIn}`;
  return `${clock(flow.start)} ${clock(flow.end)} ${ends} ${transportName(flow.transport)} ${counts}`;
}
