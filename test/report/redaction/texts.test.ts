import fc from 'fast-check';
import { getDomain, getPublicSuffix } from 'tldts';
import { describe, expect, it } from 'vitest';
import { addressesIn, printAddress, replaceAddresses } from '../../../electron/report/redaction/address-text.ts';
import { KnownTexts } from '../../../electron/report/redaction/exact-text.ts';
import { HostAliases, letters } from '../../../electron/report/redaction/host-aliases.ts';
import { rewriteFilter } from '../../../electron/report/redaction/redacted-filter.ts';
import { registrableDomain, replaceHostNames } from '../../../electron/report/redaction/registrable-domain.ts';
import { type AddressWords, blockContains, formatAddress, parseAddress, parseBlock } from '../../../shared/address.ts';

function words(text: string): AddressWords {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`no address: ${text}`);
  return parsed;
}

const marked = (text: string): string =>
  replaceAddresses(text, ({ words: found, length, form }) => {
    return `<${formatAddress(...found)}${length === null ? '' : ` by ${length}`}${form === 'plain' ? '' : ` ${form}`}>`;
  });

describe('addresses in texts', () => {
  it.each([
    ['host 10.1.2.3 met', 'host <10.1.2.3> met'],
    ['10.1.2.3:443 and (10.1.2.4).', '<10.1.2.3>:443 and (<10.1.2.4>).'],
    ['from 10.1.2.0/24 to 10.1.2.0/33', 'from <10.1.2.0 by 24> to <10.1.2.0>/33'],
    ['http://10.1.2.3/24x/', 'http://<10.1.2.3 by 24>x/'],
    ['010.001.002.003', '<10.1.2.3>'],
    ['10.1.2.3-10.1.2.9', '<10.1.2.3>-<10.1.2.9>'],
    ['v10.1.2.3beta', 'v<10.1.2.3>beta'],
    ['ip-10-1-2-3.ec2.internal, 10_1_2_3', 'ip-<10.1.2.3 dashed>.ec2.internal, <10.1.2.3 dashed>'],
    ['3.2.1.10.in-addr.arpa', '<10.1.2.3 reverse>'],
    ['2.1.10.in-addr.arpa', '(address left out)'],
    ['1.2.3.4.5.6', '(address left out)'],
    ['2001:DB8::1, [2001:db8::2]:80', '<2001:db8::1>, [<2001:db8::2>]:80'],
    ['fe80::1%eth0 is', '<fe80::1> is'],
    ['2001:db8::/32', '<2001:db8:: by 32>'],
    ['::ffff:10.1.2.3', '<10.1.2.3>'],
    ['seen from 2001:db8::1: twice', 'seen from <2001:db8::1>: twice'],
    ['host:2001:db8::1', 'host:<2001:db8::1>'],
    ['1:2:3:4:5:6:7:8', '<1:2:3:4:5:6:7:8>'],
    ['MAC 00:11:22:aa:BB:cc', 'MAC (MAC address left out)'],
    ['0011.22aa.bbcc 00-11-22-AA-BB-CC', '(MAC address left out) (MAC address left out)'],
  ])('finds those of %s', (text, expected) => {
    expect(marked(text)).toBe(expected);
  });

  it.each([
    'at 2017-05-08T18:40:00.000000Z',
    'between 08:00 and 21:00, 12:34:56',
    'version 2026.11.3, Chrome/57.0.2987.133',
    '300.1.2.3',
    'category:crypto, service:facebook',
    'all addresses (::)',
    '8c3813f16a55848b',
    '2017-04-01 to 2017-07-06',
  ])('finds none in %s', (text) => {
    expect(marked(text)).toBe(text);
    expect(addressesIn(text)).toEqual({ addresses: new Set(), hasOther: false });
  });

  it('finds every address in every form that it prints, whatever stands around', () => {
    const address = fc.oneof(
      fc.ipV4().map(words),
      fc.ipV6().map((text) => parseAddress(text) ?? words('::1')),
    );
    fc.assert(
      fc.property(
        address,
        fc.constantFrom('plain', 'reverse'),
        fc.constantFrom(' ', '(', '"', '<', ''),
        (found, form, around) => {
          fc.pre(formatAddress(...found) !== '::');
          const text = `${around}${printAddress(found, form)}${around}`;
          expect([...addressesIn(text).addresses]).toEqual([formatAddress(...found)]);
        },
      ),
      { numRuns: 1000, seed: 3 },
    );
  });
});

describe('registrable domains', () => {
  it.each([
    ['www.cs.otago.ac.nz', 'otago.ac.nz'],
    ['Mail.Example.COM.', 'example.com'],
    ['a.b.c.kawasaki.jp', 'b.c.kawasaki.jp'],
    ['www.city.kawasaki.jp', 'city.kawasaki.jp'],
    ['user.github.io', 'github.io'],
    ['ac.nz', 'ac.nz'],
    ['printer.corp', null],
    ['10.1.2.3', null],
  ])('of %s is %s', (name, domain) => {
    expect(registrableDomain(name)).toBe(domain);
  });

  it('agrees with tldts', () => {
    const label = fc.stringMatching(/^[a-z]([a-z0-9]{0,6})$/);
    const suffix = fc.constantFrom(
      'com',
      'co.uk',
      'kp',
      'edu.kp',
      'ac.in',
      'tokyo.jp',
      'kawasaki.jp',
      'ck',
      'www.ck',
      'de',
      'k12.ca.us',
    );
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 4 }), suffix, (labels, end) => {
        const name = [...labels, end].join('.');
        expect(registrableDomain(name)).toBe(getDomain(name) ?? getPublicSuffix(name));
      }),
      { numRuns: 1000, seed: 4 },
    );
  });

  it('are found in texts, between any characters that no name has', () => {
    const cut = (text: string): string => replaceHostNames(text, registrableDomain);
    expect(cut('see mail.kim.example.com, http://a.b.example.org/x?y=c.d.example.net.')).toBe(
      'see example.com, http://example.org/x?y=example.net.',
    );
    expect(cut('a"b<c>.secret.example.com')).toBe('a"b<c>.example.com');
    expect(cut('week-1.pcap and 0.1.0 and e.g. this')).toBe('week-1.pcap and 0.1.0 and e.g. this');
  });
});

describe('known texts', () => {
  const known = (...values: string[]): KnownTexts =>
    new KnownTexts(values.map((value, i) => ({ value, replacement: `#${i}`, kind: 'text' })));

  it('are replaced as whole words, in any case, the longest first', () => {
    expect(known('kim', 'kim il').replace('Kim Il, KIM; kimchi and Akim')).toBe('#1, #0; kimchi and Akim');
    expect(known('gaming').replace('Gaming-and-streaming')).toBe('#0-and-streaming');
    expect(known('gaming', 'gaming-and-streaming').replace('Gaming-and-streaming')).toBe('#1');
  });

  it('may hold signs of regular expressions, markup, direction and characters beyond 16 bits', () => {
    const hostile = [
      '.*',
      '(a+)+$',
      '<script>alert(1)</script>',
      '\u202egnp.exe',
      '$& $1',
      '\\u0041',
      '한글 이름',
      '🂡x',
      'İstanbul',
    ];
    for (const value of hostile) {
      expect(known(value).replace(`before ${value} after`)).toBe('before #0 after');
      expect(known(value).first(`before ${value} after`)?.at).toBe(7);
    }
    expect(known('.*').replace('anything')).toBe('anything');
    expect(known('Zürich'.normalize('NFC')).replace('Zürich'.normalize('NFD'))).toBe('#0');
  });

  it('leaves nothing of them, and the rest as it was', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => !text.includes(' '));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), fc.string({ unit: 'grapheme' }), (values, text) => {
        const texts = known(...values);
        const planted = `${text} ${values[0]} `;
        expect(texts.first(planted)).not.toBeNull();
        expect(texts.replace(planted)).not.toBe(planted);
      }),
      { numRuns: 500, seed: 5 },
    );
  });
});

describe('aliases of hosts', () => {
  const block = (cidr: string): { words: AddressWords; bits: number } => {
    const parsed = parseBlock(cidr);
    if (parsed === null) throw new Error('no block');
    return parsed;
  };
  const ranges = [
    { letter: 'A', block: block('10.1.0.0/22') },
    { letter: 'B', block: block('2001:db8::/48') },
    { letter: 'A', block: block('10.9.0.0/30') },
  ];
  const aliases = new HostAliases(new Uint8Array(32).fill(7), ranges);

  it('name each host of a range once, not in the order of addresses', () => {
    const numbers = Array.from({ length: 1024 }, (_, i) => {
      const alias = aliases.of(words(`10.1.${i >> 8}.${i & 255}`)) ?? '';
      expect(alias).toMatch(/^A\d+$/);
      return Number(alias.slice(1));
    });
    expect(new Set(numbers).size).toBe(1024);
    expect(Math.min(...numbers)).toBe(1);
    expect(Math.max(...numbers)).toBe(1024);
    const steps = numbers.slice(1).filter((number, i) => number === (numbers[i] ?? 0) + 1);
    expect(steps.length).toBeLessThan(20);
    expect(aliases.of(words('10.9.0.1'))).toMatch(/^A102[5-8]$/);
  });

  it('are the same each time, other under another key, and none outside', () => {
    const again = new HostAliases(new Uint8Array(32).fill(7), ranges);
    const other = new HostAliases(new Uint8Array(32).fill(8), ranges);
    const hosts = ['10.1.0.1', '10.1.2.77', '2001:db8::1', '10.9.0.3'].map(words);
    expect(hosts.map((host) => again.of(host))).toEqual(hosts.map((host) => aliases.of(host)));
    expect(hosts.map((host) => other.of(host))).not.toEqual(hosts.map((host) => aliases.of(host)));
    expect(aliases.of(words('10.2.0.1'))).toBeNull();
    expect(aliases.of(words('2001:db8::1'))).toMatch(/^B\d+$/);
    expect([0, 25, 26, 701, 702].map(letters)).toEqual(['A', 'Z', 'AA', 'ZZ', 'AAA']);
  });
});

describe('filters', () => {
  const rewriting = {
    address: (found: AddressWords) => ({ type: 'addresses', low: found, high: found }) as const,
    block: (low: AddressWords, high: AddressWords) => [{ type: 'addresses', low, high } as const],
    text: (field: string, text: string) => `${field}-${text.length}`,
  };

  it('are rebuilt with other values', () => {
    expect(rewriteFilter('', rewriting)).toBe('');
    expect(rewriteFilter('range = "kp main" and (country = CN or bytes > 3)', rewriting)).toBe(
      'range = range-7 and (country = CN or bytes > 3)',
    );
    expect(rewriteFilter('hostname in (aaa, bbb, cccc) and not service = x', rewriting)).toBe(
      'hostname in (hostname-3, hostname-4) and not service = service-1',
    );
    expect(rewriteFilter('no filter at all', rewriting)).toBeNull();
  });

  it('cut a range of addresses into the blocks that hold the same addresses', () => {
    expect(rewriteFilter('peer = 10.0.0.1-10.0.0.6', rewriting)).toBe(
      'peer in (10.0.0.1, 10.0.0.2/31, 10.0.0.4/31, 10.0.0.6)',
    );
    expect(rewriteFilter('peer != 10.0.0.0-10.0.0.2', rewriting)).toBe('not peer in (10.0.0.0/31, 10.0.0.2)');
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), fc.nat(400), (first, more, asked) => {
        const at = (n: number): string => `10.0.${n >> 8}.${n & 255}`;
        const text = rewriteFilter(`peer in (${at(first)}-${at(first + more)})`, rewriting) ?? '';
        const blocks = [...text.matchAll(/10\.[\d./]+/g)].map(([block]) => parseBlock(block));
        const isIn = blocks.filter((block) => block !== null && blockContains(block, ...words(at(asked)))).length;
        expect(isIn).toBe(asked >= first && asked <= first + more ? 1 : 0);
      }),
      { numRuns: 300, seed: 6 },
    );
  });
});
