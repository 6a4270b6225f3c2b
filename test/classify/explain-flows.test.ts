import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { Catalogue } from '../../electron/classify/catalogue.ts';
import { FlowExplainer, type FlowExplanation } from '../../electron/classify/explain-flows.ts';
import type { LogNameChunk } from '../../electron/classify/log-names.ts';
import { type AnswerChunk, NameMemory, uidWords } from '../../electron/classify/name-memory.ts';
import { layOver, readOverlay } from '../../electron/classify/overlays.ts';
import { factsOf } from '../../electron/engine/label-case.ts';
import { ReferenceTables } from '../../electron/reference/reference-tables.ts';
import { NAME_ORIGINS } from '../../shared/flow.ts';
import { parseAddress } from '../../shared/address.ts';
import { buildCase, type SyntheticFlow } from '../casefile/synthetic-case.ts';

/** The order of evidence, seen by taking the strongest away again and again. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-explain-'));
afterAll(() => rmSync(folder, { recursive: true }));

const START = Date.UTC(2017, 4, 17) * 1000;
const HOST = '175.45.176.1';
/** In a block that the catalogue gives to Facebook alone. */
const FACEBOOK = '31.13.86.52';
const shipped = { catalogue: Catalogue.load(), reference: ReferenceTables.load() };
const CATALOGUE = `catalogue ${shipped.catalogue.version}`;

function answer(client: string, address: string, name: string): AnswerChunk {
  return {
    rows: 1,
    client: Uint32Array.from(parseAddress(client) ?? []),
    address: Uint32Array.from(parseAddress(address) ?? []),
    name: Uint32Array.of(1),
    from: Float64Array.of(START - 1e6),
    until: Float64Array.of(START + 60e6),
    names: [name],
  };
}

function logName(uid: string, name: string): LogNameChunk {
  const log = {
    rows: 1,
    uid: Uint32Array.from(uidWords(uid)),
    name: Uint32Array.of(1),
    origin: Uint8Array.of(NAME_ORIGINS.indexOf('zeek-ssl')),
    protocol: Uint32Array.of(1),
    userAgent: Uint32Array.of(0),
    names: [name],
    protocols: ['tls'],
    userAgents: [],
  };
  return log;
}

let cases = 0;
function explain(
  flow: Partial<SyntheticFlow>,
  {
    answers = [],
    logs = [],
    overlay = null,
    uid = 'C1',
  }: { answers?: AnswerChunk[]; logs?: LogNameChunk[]; overlay?: string | null; uid?: string | null } = {},
): FlowExplanation {
  const path = join(folder, `${cases++}.enclave`);
  buildCase(path, [{ start: START, initiator: HOST, responder: FACEBOOK, responderPort: 443, ...flow }]);
  const reader = new CaseReader(path);
  try {
    const stored = overlay === null ? null : readOverlay(Buffer.from(overlay), 'own.csv', { kind: null, date: null });
    const info = { id: 'o', name: 'own.csv', sha256: 'ab', bytes: 1, addedAt: '' };
    const explainer = new FlowExplainer({
      ...layOver(shipped, stored === null ? [] : [{ overlay: { ...stored, ...info }, data: stored.data }]),
      memory: new NameMemory(answers, logs),
      profile: reader.profile,
      termId: (number) => reader.term(number),
    });
    const [segment] = reader.segments();
    if (segment === undefined) throw new Error('no segment');
    const facts = factsOf(reader, segment);
    const withUid = {
      ...facts,
      column: (name: Parameters<typeof facts.column>[0]) =>
        name === 'uid' && uid !== null ? Uint32Array.from(uidWords(uid)) : facts.column(name),
    };
    const [explanation] = explainer.explain(withUid, Uint32Array.of(0), [...flowRecords(reader)]);
    if (explanation === undefined) throw new Error('no explanation');
    return explanation;
  } finally {
    reader.close();
  }
}

const rank = ({ decided, lost }: FlowExplanation) =>
  [decided, ...lost].map(({ labelEvidence, nameOrigin, service }) => [labelEvidence, nameOrigin, service]);
const named: Partial<SyntheticFlow> = {
  name: 'video.youku.com',
  nameOrigin: 'tls-sni',
  payloadProtocol: 'tls',
  payloadRule: 'tls-client-hello',
};

describe('the order of evidence', () => {
  it('is own name, log, answer to the client, address block, payload', () => {
    const explanation = explain(named, {
      logs: [logName('C1', 'www.baidu.com')],
      answers: [answer(HOST, FACEBOOK, 'www.gmail.com')],
    });
    expect(rank(explanation)).toEqual([
      ['hostname', 'tls-sni', 'youku'],
      ['hostname', 'zeek-ssl', 'baidu'],
      ['dns', 'dns-answer-client', 'gmail'],
      ['address', null, 'facebook'],
      ['payload', null, null],
    ]);
    expect(explanation.decided).toMatchObject({
      detail: `TLS SNI video.youku.com → youku.com → youku; ${CATALOGUE}; but address block 31.13.64.0/18 → facebook`,
      pattern: 'youku.com',
      table: { name: CATALOGUE, sha256: shipped.catalogue.sha256 },
      confidence: 0.95,
    });
    expect(explanation).toMatchObject({ payloadRule: 'tls-client-hello', port: 'tcp/443', current: false });
  });

  it('puts an answer to the client before one to others', () => {
    const both = [answer('10.0.0.9', FACEBOOK, 'www.youku.com'), answer(HOST, FACEBOOK, 'www.gmail.com')];
    expect(rank(explain({}, { answers: both }))[0]).toEqual(['dns', 'dns-answer-client', 'gmail']);
    expect(rank(explain({}, { answers: both.slice(0, 1) }))[0]).toEqual(['dns', 'dns-answer-other-client', 'youku']);
  });

  it('tells an address that DNS gave under two names, and trusts it less where they are two services', () => {
    const asked = (...names: string[]) => explain({}, { answers: names.map((name) => answer(HOST, FACEBOOK, name)) });
    expect(asked('a.youku.com', 'v.youku.com').decided).toMatchObject({
      detail: `DNS answer to this client: v.youku.com → youku.com → youku; ${CATALOGUE}; but DNS gave this address for a.youku.com, too; and address block 31.13.64.0/18 → facebook`,
      confidence: 0.8,
    });
    const { detail, confidence } = asked('www.gmail.com', 'www.youku.com').decided;
    expect(detail).toContain('; but DNS gave this address for www.gmail.com, too → gmail; and address block');
    expect(confidence).toBe(0.4);
  });

  it('puts overlays before the catalogue, and tells what that would have said', () => {
    const explanation = explain(named, { overlay: 'youku.com,own-video,streaming\n' });
    expect(rank(explanation).slice(0, 2)).toEqual([
      ['hostname', 'tls-sni', 'own-video'],
      ['hostname', 'tls-sni', 'youku'],
    ]);
    expect(explanation.decided.table).toEqual({ name: 'overlay own.csv', date: null, sha256: 'ab', source: 'own.csv' });
    expect(explanation.lost[0]?.table?.name).toBe(CATALOGUE);
  });

  it('trusts a block less that a firm reaches all its services in, and says so', () => {
    const said = (responder: string) => explain({ responder }).decided;
    expect(said('17.1.2.3')).toMatchObject({
      service: 'apple',
      confidence: 0.4,
      detail: `address block 17.0.0.0/8 → apple; ${CATALOGUE}; but other services of the same firm are reached there, too`,
    });
    expect(said('17.1.2.3').table).toMatchObject({ name: CATALOGUE, date: shipped.catalogue.date });
    expect(said('17.1.2.3').table?.source).toContain('AS714');
    expect(said('17.249.0.1')).toMatchObject({ service: 'apple-push', confidence: 0.6 });
    expect(explain({ ...named, responder: '17.1.2.3', name: 'itunes.apple.com' }).decided.service).toBe('itunes');
  });

  it('lists nothing as lost that says the same without the host’s name', () => {
    const unknown = { ...named, name: 'host.nobody.example', responder: '192.0.2.1' };
    expect(rank(explain(unknown))).toEqual([['payload', 'tls-sni', null]]);
    const answered = explain(unknown, { answers: [answer(HOST, '192.0.2.1', 'other.nobody.example')] });
    expect(rank(answered)).toEqual([
      ['payload', 'tls-sni', null],
      ['payload', 'dns-answer-client', null],
    ]);
  });

  it('never ends in a port: a bare SYN stays unlabelled', () => {
    const explanation = explain({ responder: '192.0.2.1', responderPort: 8333, tcpFlags: 2 });
    expect(rank(explanation)).toEqual([['none', null, null]]);
    expect(explanation).toMatchObject({ port: 'tcp/8333', decided: { protocol: 'unknown', category: 'unknown' } });
  });

  it('leaves an address block to protocols that carry anybody’s service', () => {
    expect(rank(explain({ payloadProtocol: 'ssh', payloadRule: 'ssh-banner' }))[0]).toEqual(['payload', null, null]);
  });

  it('takes a resolver’s address for encrypted DNS on the ports of that alone', () => {
    const said = (responderPort: number, protocol?: string): string | null =>
      explain({ responder: '8.8.8.8', responderPort, ...(protocol === undefined ? {} : { protocol }) }).decided.service;
    expect([443, 853].map((port) => said(port, 'tls'))).toEqual(['google-dns', 'google-dns']);
    expect(said(443, 'quic')).toBe('google-dns');
    expect([53, 80, 33_434].map((port) => said(port))).toEqual([null, null, null]);
    expect(said(80, 'http')).toBeNull();
  });

  it('lets a port tell a category where both ends spoke, half as surely where one asked, and nothing of what comes to controllers from outside', () => {
    const said = (flow: Partial<SyntheticFlow>): unknown[] => {
      const { category, confidence, detail } = explain({ packetsIn: 0, bytesIn: 0, ...flow }, { uid: null }).decided;
      return [category, confidence, detail.includes('nobody was seen to answer')];
    };
    const inner = '175.45.176.2';
    const spoken = { packetsOut: 9, bytesOut: 900, packetsIn: 9, bytesIn: 900, tcpFlags: 0x1a };
    expect(said({ ...spoken, responder: inner, responderPort: 502 })).toEqual(['industrial', 0.2, false]);
    expect(said({ ...spoken, initiator: '192.0.2.1', responder: HOST, responderPort: 502 })[0]).toBe('unknown');
    expect(said({ ...spoken, initiator: '192.0.2.1', responder: HOST, responderPort: 22 })[0]).toBe('remote');
    expect(said({ ...spoken, responder: inner, responderPort: 80 })).toEqual(['web', 0.2, false]);
    expect(said({ ...spoken, responder: '192.0.2.1', responderPort: 80 })[0]).toBe('unknown');
    const asked = { transport: 17, responder: '192.0.2.1', responderPort: 161, packetsOut: 1 };
    expect(said({ ...asked, bytesOut: 71 })).toEqual(['infra', 0.1, true]);
    expect(said({ ...asked, bytesOut: 28 })).toEqual(['unknown', 0, false]);
    expect(said({ ...asked, bytesOut: 71, packetsIn: 1, bytesIn: 71 })).toEqual(['infra', 0.2, false]);
    // A block says more than a question.
    expect(said({ ...asked, bytesOut: 71, responder: FACEBOOK })[0]).toBe('social');
  });

  it('sees no conflict with a block of the same firm', () => {
    const { decided } = explain({ ...named, name: 'mmg.whatsapp.net' });
    expect(decided.detail).toBe(`TLS SNI mmg.whatsapp.net → whatsapp.net → whatsapp; ${CATALOGUE}`);
  });

  it('tells what every table says of the peer', () => {
    const { country, network } = explain({ subjectSide: 'initiator' });
    expect(country.map(({ table, date }) => [table, date])).toEqual([
      ['country-2017-07', '2017-07-04'],
      ['country-2026-06', '2026-06-17'],
    ]);
    expect(network.map(({ says }) => says)).toEqual(['AS32934', 'AS32934']);
  });

  it('says whether the stored label is the one that would be made now', () => {
    const label = { service: 'facebook', category: 'social', labelEvidence: 'address' } as const;
    expect(explain({ ...label, protocol: 'unknown' }).current).toBe(true);
    expect(explain({ ...label, service: 'youku' }).current).toBe(false);
  });
});
