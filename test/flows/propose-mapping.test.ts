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

  describe('of data sets and devices that many use', () => {
    /** `column = value` of one record, with commas between. */
    const propose = (record: string, ...further: string[]): ReturnType<typeof proposeMapping> => {
      const cells = [record, ...further].map((row) => row.split(', ').map((cell) => cell.split(' = ')));
      const header = cells[0]?.map(([name]) => name ?? '') ?? [];
      return proposeMapping(
        header,
        cells.map((row) => row.map(([, value]) => value ?? '')),
      );
    };
    const read = (proposal: ReturnType<typeof proposeMapping>): unknown =>
      proposal.confidence >= SURE &&
      Object.fromEntries(
        Object.entries(proposal.mapping?.fields ?? {}).map(([field, spec]) => [
          field,
          spec !== undefined && 'from' in spec ? spec.from : spec,
        ]),
      );

    it('UNSW-NB15, Palo Alto, NFStream, YAF, CIDDS', () => {
      const ends = 'srcip = 192.0.2.1, sport = 1390, dstip = 198.51.100.2, dsport = 53, proto = udp';
      expect(
        read(
          propose(`${ends}, sbytes = 132, dbytes = 164, Spkts = 2, Dpkts = 3, Stime = 1421927414, Ltime = 1421927415`),
        ),
      ).toMatchObject({
        responderPort: 'dsport',
        start: 'Stime',
        end: 'Ltime',
        bytesOut: 'sbytes',
        packetsIn: 'Dpkts',
      });
      const device = `${ends}, Start Time = 2020/03/04 10:10:31, Elapsed Time (sec) = 20, Bytes = 700`;
      expect(read(propose(`${device}, Bytes Sent = 300, Bytes Received = 400`))).toMatchObject({
        bytesOut: 'Bytes Sent',
        bytesIn: 'Bytes Received',
        duration: 'Elapsed Time (sec)',
      });
      expect(
        read(
          propose(
            `${ends}, bidirectional_first_seen_ms = 1421927414000, bidirectional_duration_ms = 1000, bidirectional_bytes = 700, src2dst_bytes = 300, dst2src_bytes = 400`,
          ),
        ),
      ).toMatchObject({ bytesOut: 'src2dst_bytes', bytesIn: 'dst2src_bytes', bytesTotal: 'bidirectional_bytes' });
      expect(
        read(
          propose(
            `${ends}, flowStartMilliseconds = 2009-02-12 00:00:01.123, octetTotalCount = 3, reverseOctetTotalCount = 4`,
          ),
        ),
      ).toMatchObject({ bytesOut: 'octetTotalCount', bytesIn: 'reverseOctetTotalCount' });
      expect(read(propose(`${ends}, Date first seen = 2017-03-14 17:43:30.770, Bytes = 3`))).toMatchObject({
        start: 'Date first seen',
      });
    });

    it('CIC-IDS: the unit of the duration by the packets a second, payload bytes; not whether day or month comes first', () => {
      const flow = (day: string, microseconds: number): string =>
        `Src IP = 192.0.2.1, Src Port = 1390, Dst IP = 198.51.100.2, Dst Port = 53, Protocol = 17, Timestamp = ${day}/2018 08:31:01, ` +
        `Flow Duration = ${microseconds}, Tot Fwd Pkts = 3, Tot Bwd Pkts = 1, TotLen Fwd Pkts = 120, TotLen Bwd Pkts = 300, ` +
        `Flow Pkts/s = ${4e6 / microseconds}`;
      const sure = propose(flow('14/02', 11_000_123), flow('14/02', 7), flow('14/02', 0));
      expect(sure.confidence).toBeGreaterThanOrEqual(SURE);
      expect(sure.mapping).toMatchObject({ bytes: 'payload', fields: { duration: { type: 'us' } } });
      const unsure = propose(flow('03/02', 11_000_123));
      expect(unsure.confidence).toBeLessThan(SURE);
      expect(unsure.doubts).toEqual(['"Timestamp" may as well be written as %m/%d/%Y %H:%M:%S']);
    });

    it('asks where a count may be of one direction or of both, or the device counts from its own point of view', () => {
      const ends =
        'src = 192.0.2.1, sport = 1, dst = 198.51.100.2, dport = 2, proto = tcp, start = 2017-05-17T01:02:03Z';
      expect(propose(`${ends}, bytes = 7, bytes received = 3`).doubts).toEqual([
        'whether "bytes" counts one direction or both is not told',
      ]);
      const seen = propose(`${ends}, bytes_in = 7, bytes_out = 3`);
      expect([seen.confidence < SURE, seen.doubts]).toEqual([
        true,
        ['from whose point of view "bytes_in" counts is not told'],
      ]);
    });
  });

  it('says why there is none', () => {
    expect(proposeMapping(['a', 'b'], [['1', '2']])).toEqual({
      mapping: null,
      confidence: 0,
      why: ['no column holds times with a date', 'no two columns hold IP addresses'],
      doubts: ['no column holds times with a date', 'no two columns hold IP addresses'],
    });
    expect(proposeMapping([], [])).toMatchObject({ mapping: null, confidence: 0 });
    expect(proposeMapping(null, [])).toMatchObject({ mapping: null, confidence: 0 });
  });
});
