import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { Catalogue, type CatalogueFile } from '../../electron/classify/catalogue.ts';
import { parseAddress, parseBlock } from '../../shared/address.ts';
import { EnclaveError } from '../../shared/problem.ts';

const DIRECTORY = join(import.meta.dirname, '../../electron/classify/catalogue');
const catalogue = Catalogue.load();
const IN_2017 = Date.parse('2017-05-14T00:00:00Z') * 1000;
const IN_2026 = Date.parse('2026-06-01T00:00:00Z') * 1000;

/** Service and category of a name, `null` when nothing matches. */
function named(name: string): string | null {
  const match = catalogue.byName(name);
  return match && `${match.service} ${match.category}`;
}
function addressed(text: string, timeUs = IN_2017): string | null {
  const address = parseAddress(text);
  if (address === null) throw new RangeError(text);
  return catalogue.byAddress(...address, timeUs)?.service ?? null;
}

describe('names', () => {
  test.each([
    ['www.facebook.com', 'facebook social'],
    ['facebook.com', 'facebook social'],
    ['FACEBOOK.COM.', 'facebook social'],
    ['scontent.xx.fbcdn.net', 'facebook social'],
    ['mqtt-mini.facebook.com', 'facebook-messenger comms'],
    ['notfacebook.com', null],
    ['facebook.com.example.net', null],
    ['facebook', null],
    ['com', null],
    ['', null],
    ['.', null],
    ['www.google.com', 'google search'],
    ['mail.google.com', 'gmail email'],
    ['drive.google.com', 'google-drive cloud'],
    ['docs.google.com', 'google-docs cloud'],
    ['cloud.google.com', 'google-cloud cloud'],
    ['storage.googleapis.com', 'google-cloud cloud'],
    ['fonts.googleapis.com', 'google-services infra'],
    ['r1---sn-hju7enel.googlevideo.com', 'youtube streaming'],
    ['yt3.ggpht.com', 'youtube streaming'],
    ['v.youku.com', 'youku streaming'],
    ['init.itunes.apple.com', 'itunes streaming'],
    ['a1.phobos.apple.com', 'itunes streaming'],
    ['www.apple.com', 'apple infra'],
    ['1-courier.push.apple.com', 'apple-push infra'],
    ['mesu.apple.com', 'apple-update update'],
    ['time.apple.com', 'apple-time infra'],
    ['mail.163.com', 'netease-163 email'],
    ['music.163.com', 'netease-music streaming'],
    ['news.163.com', 'netease-portal search'],
    ['www.sina.com.cn', 'sina search'],
    ['news.sina.com.cn', 'sina-news news'],
    ['mail.qq.com', 'qq-mail email'],
    ['v.qq.com', 'tencent-video streaming'],
    ['www.qq.com', 'qq comms'],
    ['mail.aol.com', 'aol email'],
    ['www.msn.com', 'msn search'],
    ['www.so.com', 'so-360 search'],
    ['pan.baidu.com', 'baidu-pan cloud'],
    ['hm.baidu.com', 'ads-analytics infra'],
    ['login.p1.worldoftanks.net', 'world-of-tanks gaming'],
    ['login-p1.worldoftanks.eu', 'world-of-tanks gaming'],
    ['cm0.cm.steampowered.com', 'steam gaming'],
    ['steamcdn-a.akamaihd.net', 'steam gaming'],
    ['fbcdn-profile-a.akamaihd.net', 'akamai infra'],
    ['www.xinhuanet.com', 'xinhua news'],
    ['www.people.com.cn', 'peoples-daily news'],
    ['www.amazon.com', 'amazon ecommerce'],
    ['s3.amazonaws.com', 'aws cloud'],
    ['aws.amazon.com', 'aws cloud'],
    ['seed.bitcoin.sipa.be', 'bitcoin-network crypto'],
    ['stratum.antpool.com', 'antpool crypto'],
    ['www.thuraya.com', 'thuraya satellite'],
    ['www.dosarrest.com', 'dosarrest ddos'],
    ['www.shodan.io', 'shodan security'],
    ['www.iuqerfsodp9ifjaposdfjhgosurijfaewrwergwea.com', 'wannacry-kill-switch malware'],
  ])('%s', (name, expected) => {
    expect(named(name)).toBe(expected);
  });

  test.each([
    ['www.kaspersky.com', 'kaspersky security'],
    ['usa.kaspersky.com', 'kaspersky security'],
    ['dnl-01.geo.kaspersky.com', 'kaspersky-update update'],
    ['ksn1.kaspersky-labs.com', 'kaspersky-update update'],
    ['www.mcafee.com', 'mcafee security'],
    ['update.nai.com', 'mcafee-update update'],
    ['x.avqs.mcafee.com', 'mcafee-update update'],
    ['www.360.cn', 'qihoo-360 security'],
    ['conf.f.360.cn', 'qihoo-360-update update'],
    ['sdup.360.cn', 'qihoo-360-update update'],
    ['www.symantec.com', 'symantec security'],
    ['liveupdate.symantecliveupdate.com', 'symantec-update update'],
    ['liveupdate.symantec.com', 'symantec-update update'],
    ['s1.symcb.com', 'certificate-status update'],
    ['sr.symcd.com', 'certificate-status update'],
    ['ocsp.digicert.com', 'certificate-status update'],
    ['www.digicert.com', null],
  ])('a look-up made by a program is no interest in a security firm: %s', (name, expected) => {
    expect(named(name)).toBe(expected);
  });

  test.each([
    ['www.india.gov.in', null, 'government', 'IN', 'india.gov.in'],
    ['www.mha.nic.in', null, 'government', 'IN', '*.nic.in'],
    ['www.iitg.ac.in', null, 'education', 'IN', 'iitg.ac.in'],
    ['du.ac.in', 'delhi-university', 'education', 'IN', 'du.ac.in'],
    ['www.nrsc.gov.in', 'nrsc', 'research', 'IN', 'nrsc.gov.in'],
    ['www.igcar.res.in', null, 'research', 'IN', '*.res.in'],
    ['www.ihep.ac.cn', null, 'research', 'CN', 'ihep.ac.cn'],
    ['www.pku.edu.cn', null, 'education', 'CN', 'pku.edu.cn'],
    ['www.moh.gov.my', null, 'government', 'MY', 'moh.gov.my'],
    ['www.ukm.my', 'universiti-kebangsaan-malaysia', 'education', 'MY', 'ukm.my'],
    ['www.police.govt.nz', null, 'government', 'NZ', 'police.govt.nz'],
    ['www.massey.ac.nz', null, 'education', 'NZ', 'massey.ac.nz'],
    ['www.moha.gov.np', null, 'government', 'NP', 'moha.gov.np'],
    ['tu.edu.np', 'tribhuvan-university', 'education', 'NP', 'tu.edu.np'],
    ['www.mfa.go.ke', null, 'government', 'KE', 'mfa.go.ke'],
    ['uem.mz', 'eduardo-mondlane-university', 'education', 'MZ', 'uem.mz'],
    ['www.portaldogoverno.gov.mz', null, 'government', 'MZ', 'portaldogoverno.gov.mz'],
    ['www.kemlu.go.id', null, 'government', 'ID', 'kemlu.go.id'],
    ['www.state.gov', null, 'government', 'US', 'state.gov'],
    ['www.navy.mil', null, 'government', 'US', 'navy.mil'],
    ['www.yale.edu', null, 'education', 'US', 'yale.edu'],
    ['www.gov.uk', null, 'government', 'GB', '*.gov.uk'],
    ['www.ma.gov.kp', null, 'government', 'KP', 'ma.gov.kp'],
    ['silibank.net.kp', 'silibank', 'email', 'KP', 'silibank.net.kp'],
    ['www.unlisted.gov.in', null, 'government', 'IN', '*.gov.in'],
    ['www.unlisted.ac.nz', null, 'education', 'NZ', '*.ac.nz'],
    ['www.unlisted.mil', null, 'government', 'US', '*.mil'],
    ['onlinesbi.com', null, 'reference', 'IN', 'onlinesbi.com'],
    ['www.un.org', null, 'government', null, 'un.org'],
    ['www.bbc.co.uk', 'bbc', 'news', 'GB', 'bbc.co.uk'],
  ])('%s with its country', (name, service, category, country, pattern) => {
    expect(catalogue.byName(name)).toMatchObject({ service, category, country, pattern });
  });

  test.each(['other.net.kp', 'shop.co.in', 'go.it', 'www.ac.de', 'gov.example.com', '175.45.176.1', '10.0.0.1'])(
    '%s is nobody',
    (name) => {
      expect(catalogue.byName(name)).toBeNull();
    },
  );

  test('kinds and patterns', () => {
    expect(catalogue.byName('a.facebook.com')).toMatchObject({ kind: 'domain', pattern: 'facebook.com' });
    expect(catalogue.byName('mail.google.com')).toMatchObject({ kind: 'exact', pattern: 'mail.google.com' });
    expect(catalogue.byName('x.ac.in')).toMatchObject({ kind: 'pattern', pattern: '*.ac.in' });
    expect(named('x.mail.google.com')).toBe('google search');
  });

  test('other scripts do not pass for ASCII letters', () => {
    expect(named('www.faceboo\u212a.com')).toBeNull();
    expect(named('www.f\u0430cebook.com')).toBeNull();
  });

  test('any name below a domain is its service; any name that only ends alike is not', () => {
    const label = fc.stringMatching(/^[a-z0-9-]{1,20}$/);
    const suffixes = [...catalogue.services()].flatMap(({ domains }) => domains);
    fc.assert(
      fc.property(label, fc.constantFrom(...suffixes), fc.boolean(), (left, domain, upper) => {
        const name = `${left}.${domain}`;
        const below = catalogue.byName(upper ? name.toUpperCase() : name);
        expect(below).not.toBeNull();
        expect(below?.pattern.endsWith(domain)).toBe(true);
        const glued = catalogue.byName(`${left}x${domain}`);
        expect(glued?.pattern).not.toBe(domain);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  test('hostile names do no harm', () => {
    const text = fc.array(fc.nat(0xffff), { maxLength: 260, size: 'max' });
    fc.assert(
      fc.property(text, (units) => {
        const name = String.fromCharCode(...units);
        expect(catalogue.byName(`${name}.facebook.com`)?.service ?? 'none').toBe(
          name.length > 240 ? 'none' : 'facebook',
        );
      }),
      { seed: 4, numRuns: 150 },
    );
    expect(named(`${'a.'.repeat(5000)}facebook.com`)).toBeNull();
    expect(named('__proto__')).toBeNull();
    expect(named('constructor')).toBeNull();
  });
});

describe('addresses', () => {
  test.each([
    ['31.13.64.35', 'facebook'],
    ['155.133.232.10', 'steam'],
    ['162.125.1.1', 'dropbox'],
    ['202.84.1.1', 'xinhua'],
    ['103.235.46.39', 'baidu'],
    ['91.108.4.1', 'telegram'],
    ['17.1.1.1', 'apple'],
    ['17.57.144.84', 'apple-push'],
    ['86.59.21.38', 'tor'],
    ['86.59.21.39', null],
    ['8.8.8.8', 'google-dns'],
    ['9.9.9.9', 'quad9'],
    ['1.1.1.1', null],
    ['2a03:2880:f12f:83:face:b00c:0:25de', 'facebook'],
    ['2a03:2881::1', null],
  ])('%s is %s', (address, service) => {
    expect(addressed(address)).toBe(service);
  });

  test('a block counts from the day on which its service began', () => {
    expect(addressed('1.1.1.1', IN_2026)).toBe('cloudflare-dns');
    expect(addressed('2606:4700:4700::1111', IN_2026)).toBe('cloudflare-dns');
  });

  test.each([
    ['8.8.9.8', 'Google, all of it'],
    ['172.217.24.14', 'Google, all of it'],
    ['35.185.1.1', "Google Cloud's customers"],
    ['54.239.17.6', 'Amazon: shop, cloud and customers'],
    ['52.95.120.1', 'Amazon: shop, cloud and customers'],
    ['140.205.94.189', 'Alibaba group'],
    ['106.11.94.1', 'Alibaba group, Youku among it'],
    ['47.88.1.1', "Alibaba Cloud's customers"],
    ['180.76.76.76', "Baidu and its cloud's customers"],
    ['220.181.38.148', 'a carrier'],
    ['13.107.21.200', 'Microsoft, all of it'],
    ['92.223.19.1', 'G-Core, games and others'],
    ['23.3.96.1', 'Akamai'],
    ['104.16.1.1', 'Cloudflare'],
    ['69.172.200.10', "DOSarrest's customers"],
    ['85.115.64.1', "Thuraya's subscribers"],
    ['77.94.35.10', "SatGate's customers"],
    ['161.69.1.1', "McAfee's automatic look-ups"],
    ['104.192.108.1', "Qihoo 360's automatic look-ups"],
    ['123.58.160.1', 'NetEase: mail, games and music'],
    ['10.0.0.1', 'private'],
  ])('%s names no service (%s)', (address) => {
    expect(addressed(address, IN_2017)).toBeNull();
    expect(addressed(address, IN_2026)).toBeNull();
  });

  test('a block holds on its days only: AOL until 2018, the last day included', () => {
    expect(addressed('205.188.18.208', IN_2017)).toBe('aol');
    expect(addressed('205.188.18.208', Date.parse('2018-12-31T23:59:59Z') * 1000)).toBe('aol');
    expect(addressed('205.188.18.208', Date.parse('2019-01-01T00:00:00Z') * 1000)).toBeNull();
    expect(addressed('205.188.18.208', IN_2026)).toBeNull();
  });

  test('NAT64 addresses stand for the IPv4 address inside them', () => {
    expect(addressed('64:ff9b::1f0d:4024', IN_2026)).toBe(addressed('31.13.64.36', IN_2026));
    expect(addressed('64:ff9b::1f0d:4024', IN_2026)).toBe('facebook');
    expect(addressed('64:ff9b:1::1f0d:4024', IN_2026)).toBeNull();
  });

  test('every block is found at both ends and not beyond', () => {
    const blocks = [...catalogue.services()].flatMap(({ id, prefixes }) =>
      prefixes.map((prefix) => ({ id, ...prefix })),
    );
    expect(blocks.length).toBeGreaterThan(60);
    for (const { id, cidr, to } of blocks) {
      const block = parseBlock(cidr);
      if (block === null) throw new RangeError(cidr);
      const time = to === undefined ? IN_2026 : Date.parse(to) * 1000;
      const first = block.words.reduce((number, word) => (number << 32n) | BigInt(word), 0n);
      const end = first + (1n << BigInt(128 - block.bits));
      const found = (number: bigint): string | null => {
        const [a, b, c, d] = [96n, 64n, 32n, 0n].map((shift) => Number((number >> shift) & 0xffff_ffffn));
        return catalogue.byAddress(a ?? 0, b ?? 0, c ?? 0, d ?? 0, time)?.pattern ?? null;
      };
      expect([id, found(first), found(end - 1n)]).toEqual([id, cidr, cidr]);
      expect([found(first - 1n), found(end)]).not.toContain(cidr);
    }
  });
});

describe('the files', () => {
  const files = readdirSync(DIRECTORY).filter((name) => name !== 'version.json');
  test.each(files)('%s is well formed', (name) => {
    const file = JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8')) as CatalogueFile;
    const { sources } = JSON.parse(readFileSync(join(DIRECTORY, 'version.json'), 'utf8')) as {
      sources: Record<string, string>;
    };
    expect(`${file.category}.json`).toBe(name);
    expect(file.services.map(({ id }) => id)).toEqual(file.services.map(({ id }) => id).toSorted());
    for (const service of file.services) {
      expect([service.id, service.category]).toEqual([service.id, file.category]);
      expect(service.id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(service.name).not.toBe('');
      expect(service.country ?? 'AA').toMatch(/^[A-Z]{2}$/);
      expect(service.domains.length + service.exact.length + service.prefixes.length).toBeGreaterThan(0);
      for (const domain of [...service.domains, ...service.exact])
        expect(domain).toMatch(/^([a-z0-9-]+\.)*[a-z0-9-]+$/);
      for (const key of service.source.split(', ')) expect(sources).toHaveProperty(key);
      for (const prefix of service.prefixes) expect(prefix.source).not.toBe('');
    }
    for (const { suffix, country } of file.patterns ?? []) {
      expect(suffix).toMatch(/^[a-z0-9]+(\.[a-z0-9]+)*$/);
      expect(country).toMatch(/^[A-Z]{2}$/);
    }
  });

  test('version, hash and load time', () => {
    expect(catalogue.version).toMatch(/^\d{4}\.\d{1,2}\.\d+$/);
    expect(catalogue.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(Catalogue.load().sha256).toBe(catalogue.sha256);
    expect(catalogue.service('facebook')).toMatchObject({ name: 'Facebook', category: 'social' });
    expect(catalogue.service('toString')).toBeNull();
  });

  const scratch = mkdtempSync(join(tmpdir(), 'enclave-catalogue-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test('the hash follows the content, a damaged catalogue is told by its file', () => {
    const directory = join(scratch, 'copy');
    cpSync(DIRECTORY, directory, { recursive: true });
    const file = join(directory, 'adult.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, `${text}\n`);
    expect(Catalogue.load(directory).sha256).not.toBe(catalogue.sha256);
    writeFileSync(file, text.slice(0, 100));
    let fault: unknown = null;
    try {
      Catalogue.load(directory);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(EnclaveError);
    expect(fault).toMatchObject({ code: 'catalogue-damaged', place: file });
  });
});
