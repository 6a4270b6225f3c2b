import { describe, expect, it } from 'vitest';
import { Catalogue } from '../../electron/classify/catalogue.ts';
import { FlowLabeller, type LabelSources, type SegmentFactsView } from '../../electron/classify/flow-labeller.ts';
import { allocateColumn, FACT_COLUMNS, type FactColumn, LABEL_EVIDENCE, NAME_ORIGINS } from '../../shared/flow.ts';

/** What forms of payload, registered ports and resolvers' names add to a label, and what is stronger. */

interface Facts {
  protocol?: string;
  rule?: string;
  name?: string;
  /** A DNS answer to the same client. */
  answer?: string;
  /** The last word of an IPv4 responder. */
  responder?: number;
  port?: number;
  more?: Partial<Record<FactColumn, number[]>>;
}

const catalogue = Catalogue.load();

/** Protocol, service, category and evidence of one flow. */
function labelOf(flow: Facts): unknown[] {
  const { protocol = '', rule = '', name = '', answer = '', responder = 0, port = 50_000, more = {} } = flow;
  const terms: string[] = [];
  const termNumber = (id: string): number => (terms.includes(id) ? terms.indexOf(id) + 1 : terms.push(id));
  const given: Partial<Record<FactColumn, number[]>> = {
    transport: [17],
    responder: [0, 0, 0xffff, responder],
    responderPort: [port],
    payloadProtocol: [protocol === '' ? 0 : termNumber(protocol)],
    payloadRule: [rule === '' ? 0 : termNumber(rule)],
    name: [name === '' ? 0 : 1],
    ...more,
  };
  const facts: SegmentFactsView = {
    rows: 1,
    column(column) {
      const array = allocateColumn(FACT_COLUMNS[column], 1);
      array.set(given[column] ?? []);
      return array;
    },
    dictionary: () => [name],
  };
  const sources: LabelSources = {
    catalogue,
    reference: { country: () => 0, network: () => 0, organisation: () => null, changeTimes: [] },
    memory: {
      hasAnswers: answer !== '',
      hasLogNames: false,
      byUid: () => null,
      byAddress(_initiator, _at, _responder, _to, _time, found) {
        Object.assign(found, { name: answer, origin: NAME_ORIGINS.indexOf('dns-answer-client') });
        return true;
      },
    },
    profile: {
      name: 'plain',
      timeZone: 'UTC',
      ranges: [],
      excluded: [],
      servers: [],
      events: [],
      watchLists: {},
      globalServices: [],
      groups: {},
      claims: [],
      mappings: [],
    },
    termNumber,
    termId: (number) => terms[number - 1] ?? null,
  };
  const { columns } = new FlowLabeller(sources).label(facts);
  const term = (column: 'protocol' | 'service' | 'category'): string | null =>
    terms[(columns[column]?.[0] ?? 0) - 1] ?? null;
  return [term('protocol'), term('service'), term('category'), LABEL_EVIDENCE[columns.labelEvidence?.[0] ?? 0]];
}

const FACEBOOK = 0x1f0d5624;

it('a form names its service, with or without a protocol', () => {
  expect(labelOf({ rule: 'dropbox-lan-search' })).toEqual(['unknown', 'dropbox', 'cloud', 'payload']);
  expect(labelOf({ protocol: 'stun', rule: 'zoom-connectivity-test' })).toEqual(['stun', 'zoom', 'comms', 'payload']);
  expect(labelOf({ protocol: 'stun', rule: 'stun-message' })).toEqual(['stun', null, 'comms', 'payload']);
});

it('a form is stronger than answers and addresses, weaker than the flow’s own name', () => {
  const call = { protocol: 'stun', rule: 'whatsapp-call' };
  expect(labelOf({ ...call, responder: FACEBOOK })).toEqual(['stun', 'whatsapp', 'comms', 'payload']);
  expect(labelOf({ ...call, answer: 'www.facebook.com' })).toEqual(['stun', 'whatsapp', 'comms', 'payload']);
  expect(labelOf({ ...call, name: 'turner.facebook' })).toEqual(['stun', 'facebook-messenger', 'comms', 'hostname']);
  expect(labelOf({ ...call, name: 'a.example' })).toEqual(['stun', 'whatsapp', 'comms', 'payload']);
});

it('a block names calls, not what speaks for itself', () => {
  expect(labelOf({ protocol: 'stun', responder: FACEBOOK })).toEqual(['stun', 'facebook', 'social', 'address']);
  expect(labelOf({ protocol: 'ssh', responder: FACEBOOK })).toEqual(['ssh', null, 'remote', 'payload']);
});

it('TLS to a program’s relays is the program’s protocol, to its site TLS', () => {
  expect(labelOf({ protocol: 'tls', name: 'relay-1.net.anydesk.com' })).toEqual(['anydesk', 'anydesk', 'remote', 'hostname']); // prettier-ignore
  expect(labelOf({ protocol: 'tls', name: 'www.anydesk.com' })).toEqual(['tls', 'anydesk', 'remote', 'hostname']);
});

it('TLS on a port registered for one protocol is that, a resolver’s name is encrypted DNS', () => {
  expect(labelOf({ protocol: 'tls', port: 993 })).toEqual(['imaps', null, 'email', 'payload']);
  expect(labelOf({ protocol: 'http', port: 993 })).toEqual(['http', null, 'web', 'payload']);
  expect(labelOf({ port: 993 })).toEqual(['unknown', null, 'unknown', 'none']);
  expect(labelOf({ protocol: 'quic', name: 'dns.google', port: 443 })).toEqual([
    'encrypted-dns',
    'google-dns',
    'vpn',
    'hostname',
  ]);
  expect(labelOf({ protocol: 'tls', name: 'doh.a.example', port: 443 })).toEqual([
    'encrypted-dns',
    null,
    'vpn',
    'payload',
  ]);
  expect(labelOf({ protocol: 'tls', answer: 'doh.a.example', port: 443 })).toEqual(['tls', null, 'web', 'payload']);
});

describe('where nobody saw a payload', () => {
  const spoken = { transport: [6], packetsOut: [6], packetsIn: [5], bytesOut: [900], bytesIn: [4000] };

  it('the registered port gives a category to what both ends said, no protocol and no service', () => {
    expect(labelOf({ port: 22, more: spoken })).toEqual(['unknown', null, 'remote', 'port']);
    expect(labelOf({ port: 993, more: spoken, answer: 'a.example' })).toEqual(['unknown', null, 'email', 'port']);
    expect(labelOf({ port: 123, more: { packetsOut: [1], packetsIn: [1] } })[2]).toBe('infra');
    expect(labelOf({ port: 1900, responder: 0xeffffffa, more: { packetsOut: [1] } })[2]).toBe('infra');
  });

  it('handshakes, refusals and questions without an answer stay unlabelled', () => {
    const nothing = ['unknown', null, 'unknown', 'none'];
    const refused = { transport: [6], packetsOut: [1], packetsIn: [1], bytesOut: [60], bytesIn: [40] };
    expect(labelOf({ port: 22, more: refused })).toEqual(nothing);
    expect(labelOf({ port: 22, more: { ...spoken, bytesOut: [360], packetsIn: [0], bytesIn: [0] } })).toEqual(nothing);
    expect(labelOf({ port: 123, more: { packetsOut: [3] } })).toEqual(nothing);
  });

  it('who sends data over TCP was answered, whichever way the answers took', () => {
    const oneWay = { ...spoken, packetsIn: [0], bytesIn: [0] };
    expect(labelOf({ port: 22, more: oneWay })).toEqual(['unknown', null, 'remote', 'port']);
  });

  it('ports of the web, of coins and file sharing say nothing', () => {
    for (const port of [80, 443, 8333, 18_080, 27_015, 6881, 9001, 3333])
      expect([port, labelOf({ port, more: spoken })[2]]).toEqual([port, 'unknown']);
  });

  it('those of the web say so of a name that no catalogue knows', () => {
    expect(labelOf({ port: 443, more: spoken, answer: 'a.example' })).toEqual(['unknown', null, 'web', 'port']);
    expect(labelOf({ port: 8443, more: spoken, answer: 'a.example' })[2]).toBe('unknown');
  });

  it('those of tunnels that do not hide say so', () => {
    expect(labelOf({ port: 1194, more: spoken })).toEqual(['unknown', null, 'vpn', 'port']);
    expect(labelOf({ port: 500, more: { packetsOut: [2], packetsIn: [2] } })[2]).toBe('vpn');
    expect(labelOf({ port: 500, more: { packetsOut: [2] } })[2]).toBe('unknown');
  });

  it('nor does any port where a capture or a log’s analyser looked, or a name tells more', () => {
    expect(labelOf({ port: 22, more: { ...spoken, initiatorTtl: [64] } })[3]).toBe('none');
    expect(labelOf({ port: 22, more: { ...spoken, uid: [1, 2] } })[3]).toBe('none');
    expect(labelOf({ port: 993, more: spoken, answer: 'www.youku.com' })).toEqual([
      'unknown',
      'youku',
      'streaming',
      'dns',
    ]);
  });
});
