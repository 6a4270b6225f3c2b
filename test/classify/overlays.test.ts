import { describe, expect, it } from 'vitest';
import { Catalogue } from '../../electron/classify/catalogue.ts';
import { layOver, type OverlayStatement, readOverlay, type StoredOverlay } from '../../electron/classify/overlays.ts';
import { ReferenceTables } from '../../electron/reference/reference-tables.ts';
import { parseAddress } from '../../shared/address.ts';
import { EnclaveError } from '../../shared/problem.ts';

const NOTHING: OverlayStatement = { kind: null, date: null };
const shipped = { catalogue: Catalogue.load(), reference: ReferenceTables.load() };

function overlay(content: unknown, name = 'own', statement = NOTHING): StoredOverlay {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const { data, ...told } = readOverlay(Buffer.from(text), name, statement);
  return { data, overlay: { ...told, id: name, name, sha256: 'ab', bytes: 1, addedAt: '' } };
}

const faults = ({ overlay: { notUsed } }: StoredOverlay) =>
  notUsed.map(({ kind, count, firstOffset }) => [kind, count, firstOffset]);
const by = (stored: StoredOverlay[], what: string, day = '2017-05-17') => {
  const { catalogue } = layOver(shipped, stored);
  const words = parseAddress(what);
  const match = words === null ? catalogue.byName(what) : catalogue.byAddress(...words, Date.parse(day) * 1000);
  return match === null ? null : [match.service, match.category, match.country];
};

describe('overlays of services', () => {
  const services = {
    category: 'social',
    date: '2017-06-01',
    services: [
      { id: 'own-net', name: 'Own', country: 'KP', domains: ['own.test', 'Facebook.com'], exact: ['x.own2.test'] },
      {
        id: 'own-mail',
        category: 'email',
        domains: ['mail.own.test'],
        prefixes: [{ cidr: '198.51.100.0/24', to: '2017-12-31' }],
      },
      { id: 'Bad Id', domains: ['bad.test'] },
      { id: 'no-names', domains: ['com'] },
      { id: 'wide', prefixes: [{ cidr: '0.0.0.0/0' }] },
      { id: 'own-net', category: 'news', domains: ['twice.test'] },
      'nothing',
    ],
    patterns: [{ suffix: 'gov.test', country: 'KP' }],
  };

  it('win over the catalogue, each faulty entry costs itself', () => {
    const stored = overlay(services);
    expect(stored.overlay).toMatchObject({ kind: 'services', format: 'json', date: '2017-06-01', entries: 6 });
    expect(by([], 'www.facebook.com')?.[0]).toBe('facebook');
    expect(by([stored], 'www.facebook.com')).toEqual(['own-net', 'social', 'KP']);
    expect(by([stored], 'a.mail.own.test')).toEqual(['own-mail', 'email', null]);
    expect(by([stored], 'x.own2.test')?.[0]).toBe('own-net');
    expect(by([stored], 'y.x.own2.test')).toBeNull();
    expect(by([stored], 'mod.gov.test')).toEqual([null, 'social', 'KP']);
    expect(by([stored], '198.51.100.9')?.[0]).toBe('own-mail');
    expect(by([stored], '198.51.100.9', '2018-01-01')).toBeNull();
    expect(by([stored], 'www.youku.com')?.[0]).toBe('youku');
    expect(faults(stored)).toEqual([
      ['bad-service', 4, 3],
      ['two-categories', 1, 6],
    ]);
  });

  it('added last win', () => {
    const first = overlay({ category: 'news', services: [{ id: 'first', domains: ['a.own.test'] }] });
    const second = overlay({ category: 'news', services: [{ id: 'second', domains: ['own.test'] }] });
    expect(by([first, second], 'a.own.test')?.[0]).toBe('second');
    expect(by([second, first], 'a.own.test')?.[0]).toBe('first');
    expect(by([second, first], 'b.own.test')?.[0]).toBe('second');
  });
});

describe('overlays of lists', () => {
  it('name services by names and blocks, kinds of sites by names with a country', () => {
    const stored = overlay(
      'pattern,service,category,country,from,to\n' +
        '*.own.test,own,social,,,\n=exact.test,own,social\n198.51.100.7,own,social,,2017-01-01,2017-06-01\n' +
        'gov.example,,government,NP\nfoo.test,,government\nx.test,own,weather\nx.test,own,social,Nepal\n' +
        '10.0.0.0/4,own,social\nown.test,other,news\nx.test,own,news\nx.test,own,social,,2017-01-01\n<b>,own,social\n',
    );
    expect(by([stored], 'www.own.test')?.[0]).toBe('own');
    expect([by([stored], 'exact.test')?.[0], by([stored], 'www.exact.test')]).toEqual(['own', null]);
    expect([by([stored], '198.51.100.7')?.[0], by([stored], '198.51.100.7', '2017-06-02')]).toEqual(['own', null]);
    expect(by([stored], 'mod.gov.example')).toEqual([null, 'government', 'NP']);
    expect(faults(stored)).toEqual([
      ['no-service', 1, 6],
      ['bad-category', 1, 7],
      ['bad-country', 1, 8],
      ['too-broad', 1, 9],
      ['stands-twice', 1, 10],
      ['two-categories', 1, 11],
      ['bad-dates', 1, 12],
      ['bad-pattern', 1, 13],
    ]);
  });
});

describe('overlays of tables', () => {
  const address = parseAddress('198.51.100.9') ?? [0, 0, 0, 0];
  const csv =
    'network,country_code,asn,organization\n198.51.100.0/24,KP,AS64496,"Own, net"\n198.51.100.128/25,EU,,\nx,KP,,\n';

  it('tell countries and networks; what was not asked for is left out', () => {
    const both = overlay(csv, 'own', { kind: null, date: '2017-06-01' });
    expect(both.overlay).toMatchObject({ kind: 'geo+networks', format: 'csv', date: '2017-06-01', entries: 1 });
    expect(faults(both)).toEqual([
      ['says-nothing', 1, 3],
      ['bad-block', 1, 4],
    ]);
    const { reference } = layOver(shipped, [both]);
    expect([reference.country(...address, 0), reference.network(...address, 0)]).toEqual([0x4b50, 64_496]);
    expect(reference.organisation(64_496, 0)).toBe('Own, net');
    const networks = overlay(csv, 'own', { kind: 'networks', date: null });
    expect(networks.overlay.kind).toBe('networks');
    const over = layOver(shipped, [networks]).reference;
    expect([over.country(...address, 0), over.network(...address, 0)]).toEqual([0, 64_496]);
    expect(overlay('198.51.100.0/24,KP\n', 'own', { kind: 'geo', date: null }).overlay.kind).toBe('geo');
  });

  it.each([
    ['DB-IP Lite', '"198.51.100.0","198.51.100.255","IN"\n', [0x494e, 0]],
    ['ip-location-db, networks', '198.51.100.0,198.51.100.255,64496,Own\n', [0, 64_496]],
    ['IP2Location LITE', '"0","16777215","-","-"\n"3325256704","3325256959","IN","India"\n', [0x494e, 0]],
    [
      'IPinfo Lite',
      'network,country,country_code,continent,asn,as_name\n198.51.100.0/24,India,IN,Asia,AS64496,Own\n',
      [0x494e, 64_496],
    ],
    [
      'GeoLite2 ASN',
      'network,autonomous_system_number,autonomous_system_organization\n198.51.100.0/24,64496,"Own"\n',
      [0, 64_496],
    ],
    ['blocks of countries', '198.51.100.0/24,IN\n', [0x494e, 0]],
    [
      'ranges with a header',
      'start_ip,end_ip,country\n198.51.100.0,198.51.100.8,NZ\n198.51.100.9,198.51.100.9,IN\n',
      [0x494e, 0],
    ],
  ])('are read as %s writes them', (_, text, expected) => {
    const { reference } = layOver(shipped, [overlay(text, 'table.csv')]);
    expect([reference.country(...address, 0), reference.network(...address, 0)]).toEqual(expected);
  });

  it('a range that ends before it begins, or in another family, costs its line', () => {
    const text = '198.51.100.0,198.51.100.255,IN\n198.51.100.9,198.51.100.8,IN\n198.51.100.9,2001:db8::,IN\n';
    expect(faults(overlay(text, 'table.csv'))).toEqual([['bad-block', 2, 2]]);
  });

  it('refuse GeoLite2 Country’s CSV, whose numbers would be services', () => {
    const text = 'network,geoname_id,registered_country_geoname_id\n198.51.100.0/24,1269750,\n';
    expect(() => readOverlay(Buffer.from(text), 'x', { kind: null, date: null })).toThrow('MaxMind DB');
  });

  it('tell a list from a table: a service is no country', () => {
    expect(overlay('198.51.100.0/24,vk,social\n', 'list.csv').overlay.kind).toBe('list');
  });

  it('refuse what is no text, and say so', () => {
    const binary = Buffer.concat([Buffer.from('pattern,service\na.test,x\n'), Buffer.alloc(4)]);
    const wide = Buffer.from('\ufeffa.test,x\n', 'utf16le');
    const read = (file: Buffer) => () => readOverlay(file, 'x', { kind: null, date: null });
    expect(read(binary)).toThrow('zero bytes');
    expect(read(wide)).toThrow('UTF-16');
  });

  it('refuses what holds nothing, or not what it was said to hold', () => {
    for (const [content, kind] of [
      ['', null],
      ['{"services":[]}', null],
      ['{', null],
      ['\xab\xcd\xefMaxMind.com', null],
      [csv, 'services'],
      ['{"category":"news","services":[{"id":"a","domains":["a.test"]}]}', 'geo'],
      ['198.51.100.0/24,,64496\n', 'geo'],
      ['0.0.0.0/0,x,social\n', null],
    ] as const) {
      expect(() => readOverlay(Buffer.from(content, 'latin1'), 'x', { kind, date: null })).toThrow(EnclaveError);
    }
  });

  it('a damaged overlay of a case is told by name', () => {
    const stored = overlay(csv, 'mine.csv');
    expect(() => layOver(shipped, [{ ...stored, data: Buffer.from('no') }])).toThrow(/damaged/);
  });
});
