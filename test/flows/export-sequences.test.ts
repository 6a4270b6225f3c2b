import { describe, expect, it } from 'vitest';
import { MOST_STREAMS } from '../../electron/flows/netflow/export-sequences.ts';
import { NetflowCollector } from '../../electron/flows/netflow/netflow-collector.ts';
import type { AddressWords } from '../../shared/address.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import {
  collect,
  CollectedFlows,
  datagrams,
  EXPORT_SECONDS,
  fixedNetflow,
  ipfix,
  ipv4,
  netflow9,
  numbered,
  optionsTemplate,
  set,
  template,
  uint,
} from './netflow-messages.ts';

const EXPORTER: AddressWords = [0, 0, 0xffff, 0x0a000009];
const ENDS = [...ipv4('10.0.0.1'), ...ipv4('10.0.0.2')];
const FIELDS = [
  [8, 4],
  [12, 4],
] as const;

/** The problems that these tests are about. */
const SEQUENCE_KINDS = /missing$|^sequence/;

interface Sent {
  bytes: Uint8Array;
  exporter?: AddressWords;
  port?: number;
}

function problemsOf(...messages: readonly (Uint8Array | Sent)[]): Record<string, [count: number, message: string]> {
  const found = new CollectedFlows();
  const collector = new NetflowCollector(found, 'packets');
  for (const [i, message] of messages.entries()) {
    const { bytes, exporter = EXPORTER, port = 2055 } = message instanceof Uint8Array ? { bytes: message } : message;
    collector.message(bytes, 0, bytes.length, exporter, port, EXPORT_SECONDS * 1e6, i + 1);
  }
  collector.end();
  const told = found.problems.list().filter(({ kind }) => SEQUENCE_KINDS.test(kind));
  return Object.fromEntries(told.map(({ kind, count, message }) => [kind, [count, message]]));
}

const two = [
  { source: '10.0.0.1', destination: '10.0.0.2' },
  { source: '10.0.0.3', destination: '10.0.0.4' },
];
/** Two flow records each. */
const v5 = (sequence: number): Uint8Array => numbered(fixedNetflow(5, two), sequence);
const v9 = (sequence: number, source = 0): Uint8Array =>
  numbered(netflow9([set(0, template(300, FIELDS)), set(300, ENDS, ENDS)], source), sequence);
const v10 = (sequence: number, ...sets: number[][]): Uint8Array =>
  numbered(ipfix(sets.length > 0 ? sets : [set(2, template(300, FIELDS)), set(300, ENDS, ENDS, ENDS)]), sequence);

describe('sequence numbers of exports', () => {
  it('counts the records that NetFlow v5 lacks', () => {
    expect(problemsOf(v5(100), v5(102), v5(110), v5(112))).toEqual({
      'records-missing': [
        6,
        '6 of 14 exported records (42.9 %) are missing by the sequence numbers of 1 exporters, the first before packet 3',
      ],
    });
    expect(problemsOf(v5(2 ** 32 - 3), v5(2 ** 32 - 1), v5(1), v5(4))).toEqual({
      'records-missing': [1, expect.anything()],
    });
  });

  it('counts the messages that NetFlow v9 lacks, each source id by itself', () => {
    expect(problemsOf(v9(7), v9(900, 1), v9(8), v9(901, 1), v9(11), v9(902, 1))).toEqual({
      'messages-missing': [
        2,
        '2 of 8 export messages (25.0 %) are missing by the sequence numbers of 1 exporters, the first before packet 5',
      ],
    });
  });

  it('counts the data records that IPFIX lacks, those of options among what came', () => {
    const options = [
      set(
        3,
        optionsTemplate(400, 1, [
          [149, 4],
          [34, 4],
        ]),
      ),
      set(400, uint(1, 4), uint(2, 4)),
    ];
    const templates = [set(2, template(300, FIELDS))];
    expect(problemsOf(v10(50), v10(53, ...options), v10(54, ...templates), v10(54), v10(57))).toEqual({});
    expect(problemsOf(v10(50), v10(53), v10(66), v10(69))).toMatchObject({
      'records-missing': [10, expect.anything()],
    });
  });

  it('concludes nothing from a message whose records cannot be counted', () => {
    const unknown = v10(53, set(999, ENDS, ENDS));
    expect(problemsOf(v10(50), unknown, v10(70), v10(73))).toEqual({});
  });

  it('takes what comes late out of its gap, and what comes twice for nothing', () => {
    expect(problemsOf(v5(0), v5(4), v5(2), v5(6), v5(6), v5(8))).toEqual({});
    expect(problemsOf(v5(0), v5(8), v5(4), v5(10))).toMatchObject({ 'records-missing': [4, expect.anything()] });
    expect(problemsOf(v9(1), v9(2), v9(1), v9(2), v9(3))).toEqual({});
  });

  it('takes a new beginning for no gap', () => {
    expect(problemsOf(v5(90_000), v5(90_002), v5(0), v5(2), v5(4))).toEqual({});
    expect(problemsOf(v9(5), v9(6), v9(3_000_000_000), v9(3_000_000_001), v9(3_000_000_002))).toEqual({});
    expect(problemsOf(v9(5), v9(6), v9(3_000_000_000), v9(7), v9(8))).toEqual({});
  });

  it('follows exporters that count otherwise than prescribed', () => {
    // Records instead of messages (softflowd 0.9), messages instead of records, and the number behind the message.
    expect(problemsOf(v9(0), v9(2), v9(4), v9(10), v9(12))).toEqual({ 'records-missing': [4, expect.anything()] });
    expect(problemsOf(v10(1), v10(2), v10(3), v10(5), v10(6))).toEqual({ 'messages-missing': [1, expect.anything()] });
    const shorter = v10(17, set(300, ENDS));
    expect(problemsOf(v10(3), v10(6), v10(9), shorter, v10(20), v10(23))).toEqual({
      'records-missing': [7, expect.anything()],
    });
  });

  it('says when the numbers follow no count', () => {
    const constant = Array.from({ length: 20 }, () => v9(77));
    expect(problemsOf(...constant)).toEqual({
      'sequence-unclear': [20, expect.stringContaining('what is missing cannot be told')],
    });
  });

  it('bounds the exporters that it follows, and says so', () => {
    const many = Array.from({ length: MOST_STREAMS + 3 }, (_, port) => ({ bytes: v5(1), port }));
    expect(problemsOf(...many)).toEqual({ 'sequences-over-budget': [3, expect.anything()] });
  });

  it('keeps no more than some open gaps, however they are cut up', () => {
    const gaps = Array.from({ length: 5000 }, (_, i) => v9(4 * i));
    const late = Array.from({ length: 5000 }, (_, i) => v9(4 * i + 2));
    const [missing = 0] = problemsOf(...gaps, ...late, v9(20_000), v9(20_001))['sequence-unclear'] ?? [];
    expect(missing).toBe(10_002);
  });
});

describe.skipIf(!corpusIsThere)('captures of exporters (skipped without ../shared/corpus)', () => {
  it.each([
    ['v5', 'records-missing'],
    ['v9', 'messages-missing'],
    ['ipfix', 'records-missing'],
  ])('softflowd, %s: nothing is missing, and what is taken out is missed', (version, kind) => {
    const path = `${CORPUS}generated/softflowd-${version}.pcap`;
    const whole = collect(path).found.problemCounts;
    expect(Object.keys(whole).filter((each) => SEQUENCE_KINDS.test(each))).toEqual([]);
    const sent = datagrams(path);
    const gone = Math.floor(sent.length / 2);
    const found = new CollectedFlows();
    const collector = new NetflowCollector(found, 'packets');
    for (const { bytes, exporter, port, time, packet } of sent.toSpliced(gone, 1)) {
      collector.message(bytes, 0, bytes.length, exporter, port, time, packet);
    }
    collector.end();
    const told = found.problems.list().filter((problem) => SEQUENCE_KINDS.test(problem.kind));
    const { records } = collect(path).collector;
    const missing = kind === 'records-missing' ? records - collector.records : 1;
    expect(told).toEqual([
      { kind, count: missing, firstOffset: sent[gone + 1]?.packet, message: expect.stringContaining(`${missing} of`) },
    ]);
  });
});
