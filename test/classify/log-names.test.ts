import { describe, expect, it } from 'vitest';
import { type LinkedName, LogNames, type LogNameChunk } from '../../electron/classify/log-names.ts';

const SSL = 3;

interface Row {
  uid: readonly [number, number];
  name?: string;
  protocol?: string;
  userAgent?: string;
  ja3?: string;
  certificate?: readonly [number, number];
}

function chunkOf(rows: readonly Row[]): LogNameChunk {
  const number = (list: string[], text: string | undefined): number =>
    text === undefined || text === '' ? 0 : list.push(text);
  const [names, protocols, userAgents, ja3s]: [string[], string[], string[], string[]] = [[], [], [], []];
  return {
    rows: rows.length,
    uid: Uint32Array.from(rows.flatMap(({ uid }) => [...uid])),
    name: Uint32Array.from(rows, ({ name }) => number(names, name)),
    origin: Uint8Array.from(rows, () => SSL),
    protocol: Uint32Array.from(rows, ({ protocol = 'tls' }) => number(protocols, protocol)),
    userAgent: Uint32Array.from(rows, ({ userAgent }) => number(userAgents, userAgent)),
    ja3: Uint32Array.from(rows, ({ ja3 }) => number(ja3s, ja3)),
    certificate: Uint32Array.from(rows.flatMap(({ certificate = [0, 0] }) => [...certificate])),
    names,
    protocols,
    userAgents,
    ja3s,
  };
}

describe('names that logs give to flows', () => {
  it('are found by the whole id, over any number of chunks', () => {
    const rows = Array.from({ length: 500 }, (_, i): Row => {
      const low = Math.imul(i + 1, 0x9e3779b1) >>> 0;
      return { uid: [i % 7 === 0 ? 0xffffffff : i % 5, low], name: `host-${i}.example` };
    });
    const names = new LogNames([chunkOf(rows.slice(0, 1)), chunkOf(rows.slice(1, 340)), chunkOf(rows.slice(340))]);
    for (const { uid, name } of rows) expect(names.find(...uid)?.name).toBe(name);
    expect(names.find(9, 9)).toBeNull();
    expect(names.isEmpty).toBe(false);
  });

  it('are none without logs', () => {
    const names = new LogNames([]);
    expect([names.isEmpty, names.find(0, 0)]).toEqual([true, null]);
  });

  it('of one flow are merged to the same whatever order the logs come in', () => {
    const uid = [1, 2] as const;
    const rows: Row[] = [
      { uid, name: 'www.example.com', protocol: 'http', userAgent: 'curl/8' },
      { uid, protocol: 'ocsp' },
      { uid, name: 'zzz.example.com', ja3: 'a'.repeat(32), certificate: [5, 6] },
      { uid: [1, 3], name: 'other.example' },
    ];
    const expected: LinkedName = {
      name: 'zzz.example.com',
      origin: SSL,
      protocol: 'ocsp',
      userAgent: '',
      ja3: 'a'.repeat(32),
      ja4: '',
      hasFingerprint: true,
    };
    expect(new LogNames([chunkOf(rows)]).find(...uid)).toEqual(expected);
    expect(new LogNames([chunkOf(rows.toReversed())]).find(...uid)).toEqual(expected);
    expect(new LogNames(rows.map((row) => chunkOf([row]))).find(...uid)).toEqual(expected);
  });

  it('of the server’s certificate stand for flows without a name, the first of several by its id', () => {
    const rows: Row[] = [
      { uid: [1, 2], certificate: [5, 6] },
      { uid: [1, 2], certificate: [5, 7] },
      { uid: [1, 3], certificate: [5, 7], name: 'own.example' },
      { uid: [1, 4], certificate: [9, 9] },
      { uid: [5, 6], name: 'first.example' },
      { uid: [5, 7], name: 'second.example' },
    ];
    for (const order of [rows, rows.toReversed()]) {
      const names = new LogNames([chunkOf(order)]);
      const found = [2, 3, 4].map((low) => names.find(1, low)?.name);
      expect(found).toEqual(['first.example', 'own.example', '']);
    }
  });

  it('of a million records of one id cost their number once', () => {
    const rows = 1_000_000;
    const one = chunkOf([{ uid: [1, 2], name: 'www.example.com' }]);
    const chunk: LogNameChunk = {
      ...one,
      rows,
      uid: new Uint32Array(rows * 2).fill(1),
      name: new Uint32Array(rows).fill(1),
      origin: new Uint8Array(rows).fill(SSL),
      protocol: new Uint32Array(rows).fill(1),
      userAgent: new Uint32Array(rows),
      ja3: new Uint32Array(rows),
      certificate: new Uint32Array(rows * 2),
    };
    const names = new LogNames([chunk]);
    const begun = performance.now();
    for (let i = 0; i < 100_000; i++) names.find(1, 1);
    expect(names.find(1, 1)?.name).toBe('www.example.com');
    // Were they merged at each look-up, this would take a day.
    expect(performance.now() - begun).toBeLessThan(20_000);
  });
});
