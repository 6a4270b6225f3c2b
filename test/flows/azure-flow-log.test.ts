import { describe, expect, it } from 'vitest';
import { FlowAssembly } from '../../electron/flows/flow-assembly.ts';
import type { ExportedFlow } from '../../electron/flows/flow-sink.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import { AzureFlowLogReader, detectAzureFlowLog } from '../../electron/flows/text/azure-flow-log.ts';
import { formatAddress } from '../../shared/address.ts';
import { ProblemCounter } from '../../shared/problem.ts';

/** A log as Azure writes it, with these tuples in two rules. */
const logOf = (...tuples: string[]): Buffer => {
  const flows = [tuples.slice(0, 1), tuples.slice(1)].map((flowTuples, i) => ({
    rule: `Rule_"${i}"_[x]`,
    flows: [{ mac: '000D3AF87856', flowTuples }],
  }));
  const properties = { Version: 2, flows };
  return Buffer.from(JSON.stringify({ records: [{ time: '2018-11-13T12:00:35.3899262Z', properties }] }, null, 1));
};

function read(log: Buffer, piece = log.length, assembled = false) {
  const flows: string[] = [];
  const problems = new ProblemCounter();
  const sink = {
    flow: (flow: ExportedFlow) =>
      flows.push(
        `${flow.locator} ${flow.start / 1e6}-${flow.end / 1e6} ${flow.transport} ` +
          `${formatAddress(...flow.initiator)} ${flow.initiatorPort} ${formatAddress(...flow.responder)} ${flow.responderPort} ` +
          `${flow.packetsOut}/${flow.bytesOut} ${flow.packetsIn}/${flow.bytesIn}`,
      ),
    answer: () => undefined,
    logName: () => undefined,
    problem: (kind: string, offset: number, message: string) => problems.add(kind, offset, message),
  };
  const assembly = new FlowAssembly(sink, DEFAULT_TIMEOUTS);
  const reader = new AzureFlowLogReader(assembled ? assembly : sink);
  for (let at = 0; at < log.length; at += piece) reader.push(log.subarray(at, at + piece));
  reader.end();
  assembly.end();
  return { flows, reader, told: problems.list().map(({ kind, firstOffset }) => [kind, firstOffset]) };
}

const BEGUN = '1542110377,10.5.16.4,192.0.2.143,59831,443,T,O,A,B,,,,';
const ENDED = '1542110400,10.5.16.4,192.0.2.143,59831,443,T,O,A,E,3,767,2,1580';

describe('flow logs of Azure', () => {
  it('of network security groups: seconds, letters of transports, counts where there are some', () => {
    const log = logOf(ENDED, BEGUN, '1542110402,192.0.2.190,10.5.16.4,28746,53,U,I,D');
    expect(detectAzureFlowLog(log)).toBe(true);
    for (const piece of [log.length, 7, 1]) {
      const { flows, reader, told } = read(log, piece);
      expect(flows).toEqual([
        '1 1542110400-1542110400 6 10.5.16.4 59831 192.0.2.143 443 3/767 2/1580',
        '2 1542110377-1542110377 6 10.5.16.4 59831 192.0.2.143 443 0/0 0/0',
        '3 1542110402-1542110402 17 192.0.2.190 28746 10.5.16.4 53 0/0 0/0',
      ]);
      expect(told).toEqual([]);
      expect(reader).toMatchObject({ records: 3, firstSeen: 1_542_110_377e6, lastSeen: 1_542_110_402e6 });
    }
  });

  it('of virtual networks: milliseconds, numbers of transports, IPv6', () => {
    const { flows } = read(logOf('1663146003599,2001:db8::6,2001:db8::b4,23956,443,6,O,E,NX,3,767,2,1580'));
    expect(flows).toEqual(['1 1663146003.599-1663146003.599 6 2001:db8::6 23956 2001:db8::b4 443 3/767 2/1580']);
  });

  it('make one flow of its beginning and its end', () => {
    expect(read(logOf(BEGUN, ENDED), 100, true).flows).toEqual([
      '1 1542110377-1542110400 6 10.5.16.4 59831 192.0.2.143 443 3/767 2/1580',
    ]);
  });

  it('lose what is wrong alone, under its place', () => {
    const wrong = [
      '1542110377,10.5.16.4',
      ENDED.replace('1542110400', '-1'),
      ENDED.replace('10.5.16.4', 'host'),
      ENDED.replace('443', '70000'),
      ENDED.replace('767', '7.5'),
      ENDED.replace(',T,', ',X,'),
      'x'.repeat(1000),
      String.raw`\"`,
    ];
    const log = logOf(...wrong, ENDED);
    const { flows, reader, told } = read(log);
    expect([flows.length, reader.records]).toEqual([1, 1]);
    expect(told).toEqual([
      ['wrong-columns', log.indexOf(wrong[0] ?? '')],
      ['bad-time', log.indexOf(wrong[1] ?? '')],
      ['bad-address', log.indexOf(wrong[2] ?? '')],
      ['bad-number', log.indexOf(wrong[3] ?? '')],
      ['unknown-transport', log.indexOf(wrong[5] ?? '')],
    ]);
    expect(read(log.subarray(0, -20)).told.at(-1)?.[0]).toBe('unknown-transport');
    expect(read(log.subarray(0, log.indexOf(ENDED) + 9)).told.at(-1)).toEqual(['bad-json', log.indexOf(ENDED) + 9]);
  });

  it('are told from other JSON', () => {
    expect(detectAzureFlowLog(Buffer.from('{"ts":1,"flowTuples":"x"}'))).toBe(false);
    expect(detectAzureFlowLog(Buffer.from('a,"flowTuples":["x"]'))).toBe(false);
  });
});
