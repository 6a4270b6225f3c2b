import { describe, expect, it } from 'vitest';
import {
  type DeviceEvidence,
  deviceOfName,
  deviceOfUserAgent,
  devicesOf,
  initialTtl,
  natSuspected,
} from '../../shared/devices.ts';

const NOTHING: DeviceEvidence = {
  userAgents: [],
  ja4s: [],
  ttls: [],
  names: [],
  synOptions: [],
  via: [],
  forwardedFor: [],
};
const IPAD =
  'Mozilla/5.0 (iPad; CPU OS 10_2_1 like Mac OS X) AppleWebKit/602.4.6 (KHTML, like Gecko) Version/10.0 Mobile/14D27 Safari/602.1';
const WINDOWS =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/57.0.2987.133 Safari/537.36';
const seen = (value: string, flows = 10) => ({ value, flows });

describe('the device that a User-Agent claims', () => {
  it.each([
    [IPAD, 'iPad'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 10_3 like Mac OS X) AppleWebKit/603.1.30 Mobile/14E277', 'iPhone'],
    ['AppleCoreMedia/1.0.0.14C92 (iPhone; U; CPU OS 10_2 like Mac OS X; en_us)', 'iPhone'],
    [WINDOWS, 'Windows 10 or 11 PC'],
    ['Mozilla/5.0 (Windows NT 6.1; WOW64; rv:52.0) Gecko/20100101 Firefox/52.0', 'Windows 7 PC'],
    [
      'Mozilla/5.0 (compatible; MSIE 10.0; Windows Phone 8.0; Trident/6.0; IEMobile/10.0; NOKIA; Lumia 920)',
      'Windows phone',
    ],
    ['Microsoft-CryptoAPI/10.0', 'Windows PC'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_12_4) AppleWebKit/603.1.30 Version/10.1 Safari/603.1.30', 'Mac'],
    ['Chrome/57.0.2987.133 Windows NT 10.0; Win64; x64', 'Windows 10 or 11 PC'],
    ['Google Chrome/83.0.4103.34 Mac OS X', 'Mac'],
    ['Mozilla/5.0 (Linux; Android 7.0; SM-G930F) AppleWebKit/537.36 Chrome/57.0 Mobile Safari/537.36', 'Android phone'],
    [
      'Mozilla/5.0 (Linux; Android 6.0.1; SM-T550 Build/MMB29M) AppleWebKit/537.36 Chrome/57.0 Safari/537.36',
      'Android tablet',
    ],
    ['Dalvik/2.1.0 (Linux; U; Android 7.1.1; Pixel Build/NMF26F)', 'Android phone'],
    ['Mozilla/5.0 (SMART-TV; Linux; Tizen 2.4.0) AppleWebKit/538.1 TV Safari/538.1', 'smart TV'],
    ['Mozilla/5.0 (PlayStation 4 4.50) AppleWebKit/601.2 (KHTML, like Gecko)', 'game console (PlayStation)'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 Edge/40.15063',
      'game console (Xbox)',
    ],
    ['Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:52.0) Gecko/20100101 Firefox/52.0', 'Linux PC'],
    ['Mozilla/5.0 (X11; CrOS x86_64 9202.60.0) AppleWebKit/537.36 Chrome/57.0 Safari/537.36', 'Chromebook'],
    ['Argo/900 CFNetwork/808.2.16 Darwin/16.3.0', 'Apple device'],
    ['MSFT 5.0', 'Windows PC'],
    ['android-dhcp-9', 'Android phone'],
  ])('%s', (userAgent, kind) => {
    expect(deviceOfUserAgent(userAgent)?.kind).toBe(kind);
  });

  it.each([
    '',
    'curl/8.4.0',
    'Go-http-client/1.1',
    'test',
    'VLC/3.0.18 LibVLC/3.0.18',
    'Valve/Steam HTTP Client 1.0',
    'Jakarta Commons-HttpClient/3.0.1',
  ])('is none: %s', (userAgent) => expect(deviceOfUserAgent(userAgent)).toBeNull());

  it('is found in a hostile text of any length soon', () => {
    const begun = performance.now();
    for (const piece of ['Android ', 'Mozilla/5.0 (', 'a', 'Tizen ', '9'])
      deviceOfUserAgent(piece.repeat(4096 / piece.length));
    expect(performance.now() - begun).toBeLessThan(500);
  });
});

describe("a host's own name", () => {
  it('may show what makers and systems call themselves', () => {
    const kinds = [
      'Johns-iPad',
      'DESKTOP-4F9A2KQ',
      'android-1a2b3c4d5e6f',
      'NPI0A1B2C',
      'MacBook-Pro',
      'printer-2',
    ].map((name) => deviceOfName(name)?.kind);
    expect(kinds).toEqual(['iPad', 'Windows PC', 'Android phone', 'printer', 'Mac', 'printer']);
    expect(deviceOfName('ws-accounting-04')).toBeNull();
  });
});

describe('the devices of an address', () => {
  it('come with reasons and counts, the most flows first', () => {
    const evidence = {
      ...NOTHING,
      userAgents: [
        seen(IPAD, 30),
        seen('AppleCoreMedia/1.0.0.14C92 (iPad; U; CPU OS 10_2 like Mac OS X)', 5),
        seen(WINDOWS, 12),
        seen('curl/7.68.0'),
      ],
      names: [seen('Annas-iPad', 1)],
      ttls: [{ value: 62, flows: 40 }],
      ja4s: [seen('t13d2014h2_a09f3c656075_14788d8d241b', 8)],
    };
    expect(devicesOf(evidence)).toEqual([
      {
        kind: 'iPad',
        family: 'apple-mobile',
        flows: 36,
        why: `User-Agent ${IPAD.slice(0, 120)}… and 2 more (36 flows); Apple's TLS library by JA4; initial TTL 64 fits`,
      },
      {
        kind: 'Windows 10 or 11 PC',
        family: 'windows',
        flows: 12,
        why: `User-Agent ${WINDOWS} (12 flows); but initial TTL 64 does not fit, nor is the claim checked`,
      },
    ]);
    expect(devicesOf(NOTHING)).toEqual([]);
  });

  it('are one where programs say only the system', () => {
    const userAgents = [
      seen(WINDOWS),
      seen('Microsoft-CryptoAPI/10.0', 3),
      seen('Argo/900 CFNetwork/808.2.16 Darwin/16.3.0', 2),
    ];
    const kinds = (more: string[]): [string, number][] =>
      devicesOf({ ...NOTHING, userAgents: [...userAgents, ...more.map((text) => seen(text, 4))] }).map(
        ({ kind, flows }) => [kind, flows],
      );
    expect(kinds([])).toEqual([
      ['Windows 10 or 11 PC', 13],
      ['Apple device', 2],
    ]);
    expect(kinds(['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_12_4)'])).toEqual([
      ['Windows 10 or 11 PC', 13],
      ['Mac', 6],
    ]);
  });

  it('do not carry control characters of a hostile text', () => {
    expect(devicesOf({ ...NOTHING, userAgents: [seen('iPad \u001b[2J\u202e')] })[0]?.why).not.toMatch(/\p{Cc}|\p{Cf}/u);
  });
});

describe('several devices behind one address', () => {
  it('are suspected by families of systems, classes of TTL, and hops', () => {
    expect(natSuspected({ ...NOTHING, userAgents: [seen(IPAD), seen(WINDOWS)] })).toEqual({
      suspected: true,
      why: ['systems of 2 families: Windows 10 or 11 PC, iPad'],
    });
    const ttls = (...values: number[]) => ({ ...NOTHING, ttls: values.map((value) => ({ value, flows: 5 })) });
    expect(natSuspected(ttls(63, 127)).why).toEqual(['initial TTLs 64 and 128 from one address']);
    expect(natSuspected(ttls(63, 64)).why).toEqual(['packets of initial TTL 64 after 0, 1 hops']);
  });

  it('are not by two programs of one family, one odd text, or one TTL', () => {
    expect(natSuspected({ ...NOTHING, userAgents: [seen(WINDOWS), seen('Microsoft-CryptoAPI/10.0')] }).suspected).toBe(
      false,
    );
    expect(natSuspected({ ...NOTHING, userAgents: [seen(WINDOWS), seen(IPAD, 1)] }).suspected).toBe(false);
    expect(natSuspected({ ...NOTHING, ttls: [{ value: 127, flows: 90 }] })).toEqual({ suspected: false, why: [] });
    expect([1, 64, 65, 128, 129, 255].map(initialTtl)).toEqual([64, 64, 128, 128, 255, 255]);
  });
});

const LINUX_SYN = 'mss=1460,sok,ts,nop,ws=7';
const WINDOWS_SYN = 'mss=1452,nop,ws=8,nop,nop,sok';

describe('TCP options of SYNs', () => {
  it('speak for or against what a machine claims, and are a hint alone where it claims nothing', () => {
    const why = (userAgent: string) =>
      devicesOf({ ...NOTHING, userAgents: [seen(userAgent)], synOptions: [seen(WINDOWS_SYN)] })[0]?.why;
    expect(why(WINDOWS)).toMatch(/; TCP options of SYNs are those of Windows \(p0f 3\)$/);
    expect(why(IPAD)).toMatch(/; but TCP options of SYNs are those of Windows \(p0f 3\)$/);
    const ttl = [{ value: 61, flows: 5 }];
    expect(devicesOf({ ...NOTHING, ttls: ttl, synOptions: [seen(LINUX_SYN, 5), seen('none', 9)] })).toEqual([
      {
        kind: 'Linux or Android system',
        family: 'linux',
        flows: 5,
        why: 'a hint alone: TCP options of SYNs are those of Linux or Android (p0f 3; 5 flows); initial TTL 64 fits',
      },
    ]);
    expect(devicesOf({ ...NOTHING, synOptions: [seen('mss=1460'), seen('none')] })).toEqual([]);
  });

  it('of several systems tell of several machines, as proxies do of themselves', () => {
    const suspect = (changes: Partial<DeviceEvidence>) => natSuspected({ ...NOTHING, ...changes }).why;
    expect(suspect({ synOptions: [seen(LINUX_SYN), seen(WINDOWS_SYN)] })).toEqual([
      'TCP options of SYNs as Linux or Android and as Windows make them (p0f 3)',
    ]);
    expect(suspect({ synOptions: [seen(LINUX_SYN), seen(WINDOWS_SYN, 1)] })).toEqual([]);
    expect(suspect({ synOptions: [seen(LINUX_SYN), seen(LINUX_SYN.replace('1460', '1452'))] })).toEqual([]);
    expect(
      suspect({ via: [seen('1.1 proxy.test', 3)], forwardedFor: [seen('10.0.0.7', 1), seen('10.0.0.8', 1)] }),
    ).toEqual([
      'HTTP requests that a proxy says it passed on (Via, 3 flows)',
      'HTTP requests that say they were passed on for 2 others (X-Forwarded-For)',
    ]);
  });
});
