import { uidWords } from '../classify/name-memory.ts';
import type { EvidenceSink, ExportedFlow, LogName } from '../flows/flow-sink.ts';
import type { SegmentBuilder } from '../flows/segment-builder.ts';
import type { AddressWords } from '../../shared/address.ts';
import { type ColumnArray, CONN_STATES, NAME_ORIGINS } from '../../shared/flow.ts';
import type { ProblemCounter } from '../../shared/problem.ts';
import type { AnswerCollector, LogNameCollector } from './name-collectors.ts';

/** Flows and names of a flow export into columns. */
export class ExportPath implements EvidenceSink {
  readonly #builder: SegmentBuilder;
  readonly #answers: AnswerCollector;
  readonly #logNames: LogNameCollector;
  readonly #problems: Pick<ProblemCounter, 'add'>;
  readonly #clockOffset: number;

  /** @param clockOffset microseconds added to every time */
  constructor(
    builder: SegmentBuilder,
    answers: AnswerCollector,
    logNames: LogNameCollector,
    problems: Pick<ProblemCounter, 'add'>,
    clockOffset: number,
  ) {
    this.#clockOffset = clockOffset;
    this.#builder = builder;
    this.#answers = answers;
    this.#logNames = logNames;
    this.#problems = problems;
  }

  flow(flow: ExportedFlow): void {
    const builder = this.#builder;
    const { arrays, rows: row } = builder;
    arrays.start[row] = flow.start + this.#clockOffset;
    arrays.end[row] = flow.end + this.#clockOffset;
    setAddress(arrays.initiator, row * 4, flow.initiator);
    setAddress(arrays.responder, row * 4, flow.responder);
    arrays.initiatorPort[row] = flow.initiatorPort;
    arrays.responderPort[row] = flow.responderPort;
    arrays.transport[row] = flow.transport;
    arrays.packetsOut[row] = flow.packetsOut;
    arrays.bytesOut[row] = flow.bytesOut;
    arrays.packetsIn[row] = flow.packetsIn;
    arrays.bytesIn[row] = flow.bytesIn;
    arrays.tcpFlags[row] = flow.tcpFlags ?? 0;
    if (flow.state !== undefined && flow.state !== null) arrays.state[row] = CONN_STATES.indexOf(flow.state);
    arrays.locator[row] = flow.locator;
    if (flow.sampling !== undefined && flow.sampling > 1) arrays.sampling[row] = flow.sampling;
    if (flow.protocol !== undefined) {
      arrays.payloadProtocol[row] = builder.term(flow.protocol);
      arrays.payloadRule[row] = builder.term(flow.rule ?? 'exporter');
    }
    if (flow.name !== undefined && flow.nameOrigin !== undefined) {
      arrays.name[row] = builder.dictionaries.name.number(flow.name);
      arrays.nameOrigin[row] = NAME_ORIGINS.indexOf(flow.nameOrigin);
    }
    if (flow.userAgent !== undefined) arrays.userAgent[row] = builder.dictionaries.userAgent.number(flow.userAgent);
    if (flow.ja3 !== undefined) arrays.ja3[row] = builder.dictionaries.ja3.number(flow.ja3);
    if (flow.ja4 !== undefined) arrays.ja4[row] = builder.dictionaries.ja4.number(flow.ja4);
    if (flow.exporter !== undefined) setAddress(arrays.exporter, row * 4, flow.exporter);
    if (flow.nextHop !== undefined) setAddress(arrays.nextHop, row * 4, flow.nextHop);
    if (flow.inputInterface) arrays.inputInterface[row] = flow.inputInterface;
    if (flow.outputInterface) arrays.outputInterface[row] = flow.outputInterface;
    if (flow.assembly) arrays.assembly[row] = flow.assembly;
    if (flow.enterpriseFields !== undefined) {
      arrays.enterpriseFields[row] = builder.dictionaries.enterpriseFields.number(flow.enterpriseFields);
    }
    if (flow.uid !== undefined) {
      const words = uidWords(flow.uid);
      arrays.uid[row * 2] = words[0];
      arrays.uid[row * 2 + 1] = words[1];
    }
    builder.commitRow();
  }

  answer(client: AddressWords, address: AddressWords, name: string, from: number, until: number): void {
    this.#answers.add(client, address, name, from + this.#clockOffset, until + this.#clockOffset);
  }

  logName(name: LogName): void {
    this.#logNames.add(name);
  }

  problem(kind: string, offset: number, message: string, count?: number): void {
    this.#problems.add(kind, offset, message, count);
  }
}

/** One by one: `set` of a plain array takes ten times as long. */
function setAddress(column: ColumnArray, at: number, words: AddressWords): void {
  column[at] = words[0];
  column[at + 1] = words[1];
  column[at + 2] = words[2];
  column[at + 3] = words[3];
}
