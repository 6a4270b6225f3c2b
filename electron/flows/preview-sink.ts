import type { EvidenceSink, ExportedFlow } from './flow-sink.ts';

/** Takes the flows of an export that is looked at before anything is imported: the first of them, and what problems there are. */
export class PreviewSink implements EvidenceSink {
  readonly flows: ExportedFlow[] = [];
  readonly #problems = new Map<string, { kind: string; count: number; line: number; message: string }>();
  readonly #limit: number;

  /** @param limit flows that are kept at most */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** One entry a kind: how often, and the first line (of Parquet, row) and message. */
  get problems(): { kind: string; count: number; line: number; message: string }[] {
    return [...this.#problems.values()];
  }

  flow(flow: ExportedFlow): void {
    if (this.flows.length >= this.#limit) return;
    const copy: ExportedFlow = { ...flow, initiator: [...flow.initiator], responder: [...flow.responder] };
    if (flow.exporter !== undefined) copy.exporter = [...flow.exporter];
    if (flow.nextHop !== undefined) copy.nextHop = [...flow.nextHop];
    this.flows.push(copy);
  }

  answer(): void {
    // Names are not shown.
  }

  logName(): void {
    // As above.
  }

  problem(kind: string, line: number, message: string, count = 1): void {
    const known = this.#problems.get(kind);
    if (known === undefined) this.#problems.set(kind, { kind, count, line, message });
    else known.count += count;
  }
}
