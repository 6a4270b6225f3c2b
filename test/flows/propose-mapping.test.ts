import { describe, expect, it } from 'vitest';
import { proposeMapping, SURE } from '../../electron/flows/text/propose-mapping.ts';

const fieldsOf = (proposal: ReturnType<typeof proposeMapping>): unknown => proposal.mapping?.fields;

describe('a proposed mapping', () => {
  it('is sure where names and values agree', () => {
    const proposal = proposeMapping(
      [
        'Src IP',
        'src_port',
        'DstIP',
        'dstPort',
        'Protocol',
        'Start-Time',
        'durationMs',
        'Total Fwd Packets',
        'bytes',
        'note',
      ],
      [
        ['192.0.2.1', '50000', '198.51.100.2', '443', '6', '1494982923', '1250', '9', '1200', 'x'],
        ['192.0.2.2', '50001', '198.51.100.3', '53', '17', '1494982924', '0', '1', '80', ''],
      ],
    );
    expect(fieldsOf(proposal)).toEqual({
      start: { from: 'Start-Time', type: 'unix-s' },
      duration: { from: 'durationMs', type: 'ms' },
      initiator: { from: 'Src IP' },
      responder: { from: 'DstIP' },
      initiatorPort: { from: 'src_port' },
      responderPort: { from: 'dstPort' },
      transport: { from: 'Protocol' },
      packetsOut: { from: 'Total Fwd Packets' },
      bytesOut: { from: 'bytes' },
    });
    expect(proposal.mapping).toMatchObject({ direction: 'one-way', bytes: 'unknown', header: true });
    expect(proposal.confidence).toBeGreaterThanOrEqual(SURE);
    expect(proposal.why).toContain('initiator: "Src IP", by name and values: IP addresses');
  });

  it('does not believe a name against its values', () => {
    const rows = [['192.0.2.1', '198.51.100.2', 'tcp', '2017-05-17T01:02:03Z', 'many', '99999']];
    const proposal = proposeMapping(['src', 'dst', 'proto', 'start', 'bytes', 'sport'], rows);
    expect(proposal.mapping?.fields).not.toHaveProperty('bytesOut');
    expect(proposal.mapping?.fields).not.toHaveProperty('initiatorPort');
    expect(proposal.confidence).toBeLessThan(SURE);
  });

  it('finds times and addresses without names, but is not sure', () => {
    const rows = [
      ['7', '2017-05-17 01:02:03.5', '192.0.2.1:50000', '198.51.100.2:443', 'tcp', '1200'],
      ['8', '2017-05-17 01:02:04.5', '192.0.2.2:50001', '198.51.100.3:53', 'udp', '80'],
    ];
    const proposal = proposeMapping(null, rows, { format: 'space' });
    expect(proposal.mapping).toMatchObject({ format: 'space', header: false });
    expect(fieldsOf(proposal)).toMatchObject({ start: { from: 2 }, initiator: { from: 3 }, responder: { from: 4 } });
    expect(proposal.confidence).toBeLessThan(SURE);
  });

  it('tells units of time by their size, and says when day and month cannot be told apart', () => {
    const typeOf = (...times: string[]): [string | undefined, boolean] => {
      const rows = times.map((time) => ['192.0.2.1', '1', '198.51.100.2', '2', '6', time, '9']);
      const proposal = proposeMapping(['src', 'sport', 'dst', 'dport', 'proto', 'start', 'bytes'], rows);
      return [proposal.mapping?.fields.start.type, proposal.confidence >= SURE];
    };
    expect(typeOf('1494982923.125')).toEqual(['unix-s', true]);
    expect(typeOf('1494982923125')).toEqual(['unix-ms', true]);
    expect(typeOf('1494982923125000')).toEqual(['unix-us', true]);
    expect(typeOf('1494982923125000000')).toEqual(['unix-ns', true]);
    expect(typeOf('17/05/2017 01:02:03', '03/04/2017 01:02:03')).toEqual(['%d/%m/%Y %H:%M:%S', true]);
    expect(typeOf('05/17/2017 1:02:03 PM')).toEqual(['%m/%d/%Y %I:%M:%S %p', true]);
    expect(typeOf('03/04/2017 01:02:03')).toEqual(['%d/%m/%Y %H:%M:%S', false]);
    expect(typeOf('22:13:20.5')).toEqual([undefined, false]);
  });

  it('reads the unit of a duration from its name', () => {
    const unitOf = (name: string, value: string): [string | undefined, boolean] => {
      const rows = [['192.0.2.1', '1', '198.51.100.2', '2', '6', '1494982923', '9', value]];
      const proposal = proposeMapping(['src', 'sport', 'dst', 'dport', 'proto', 'start', 'bytes', name], rows);
      return [proposal.mapping?.fields.duration?.type, proposal.confidence >= SURE];
    };
    expect(unitOf('Duration (s)', '5')).toEqual(['s', true]);
    expect(unitOf('duration', '5.25')).toEqual(['s', true]);
    expect(unitOf('FLOW_DURATION_MILLISECONDS', '5')).toEqual(['ms', true]);
    expect(unitOf('duration_us', '5')).toEqual(['us', true]);
    expect(unitOf('duration', '5')).toEqual(['s', false]);
  });

  it('sees counts of both directions, and which way is not told by a single count', () => {
    const propose = (...counts: string[]): ReturnType<typeof proposeMapping> =>
      proposeMapping(
        [
          'source.ip',
          'source.port',
          'destination.ip',
          'destination.port',
          'network.transport',
          'event.start',
          ...counts,
        ],
        [['192.0.2.1', '1', '198.51.100.2', '2', 'tcp', '2017-05-17T01:02:03Z', ...counts.map(() => '7')]],
        { format: 'ndjson' },
      );
    expect(propose('source.bytes', 'destination.bytes').mapping).toMatchObject({
      direction: 'two-way',
      fields: { bytesOut: { from: 'source.bytes' }, bytesIn: { from: 'destination.bytes' } },
    });
    const single = propose('rcvdbyte');
    expect(single.mapping?.fields.bytesOut).toEqual({ from: 'rcvdbyte' });
    expect(single.confidence).toBeLessThan(SURE);
  });

  it('says why there is none', () => {
    expect(proposeMapping(['a', 'b'], [['1', '2']])).toEqual({
      mapping: null,
      confidence: 0,
      why: ['no column holds times with a date', 'no two columns hold IP addresses'],
    });
    expect(proposeMapping([], [])).toMatchObject({ mapping: null, confidence: 0 });
    expect(proposeMapping(null, [])).toMatchObject({ mapping: null, confidence: 0 });
  });
});
