import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Catalogue } from '../../electron/classify/catalogue.ts';

/** The catalogue against the vocabulary and the draft that it was made from. */

const SHARED = join(import.meta.dirname, '../../../shared');
const VOCABULARY = join(SHARED, 'vocabulary.tsv');
const DRAFT = join(SHARED, 'reference/catalogue-draft.json');
const catalogue = Catalogue.load();

describe.skipIf(!existsSync(VOCABULARY))('the vocabulary (skipped: ../shared/vocabulary.tsv is absent)', () => {
  const rows = existsSync(VOCABULARY)
    ? readFileSync(VOCABULARY, 'utf8')
        .split('\n')
        .map((line) => line.split('\t'))
        .filter(([kind]) => kind === 'service')
    : [];

  test('a service of both has one category', () => {
    let both = 0;
    for (const [, id = ''] of rows) {
      const service = catalogue.service(id);
      if (service === null) continue;
      // Snapchat stands twice: as a network and as a caller.
      const allowed = rows.filter((row) => row[1] === id).map((row) => row[2]);
      expect(allowed).toContain(service.category);
      both++;
    }
    expect(both).toBeGreaterThan(170);
  });

  test('every service of the vocabulary has domains here, but those told otherwise', () => {
    const without = rows.map(([, id = '']) => id).filter((id) => (catalogue.service(id)?.domains.length ?? 0) === 0);
    // A heading of nDPI over many security firms, each of which is a service of its own here.
    expect([...new Set(without)]).toEqual(['cybersec']);
  });
});

/** Draft categories whose word is another here, or that are no category here. */
const CATEGORY: Readonly<Record<string, string>> = { 'travel-reference': 'reference' };

/** Draft domains that were judged otherwise, with the category they have here (null: none), and why. */
const JUDGED_OTHERWISE: Readonly<Record<string, string | null>> = {
  // Indian Institute of Science: a university by law since 1958, which also does research.
  'iisc.ac.in': 'education',
  // Shared hosts: the portal and static hosts of NetEase are no mail.
  'netease.com': 'search',
  '127.net': 'search',
  '126.net': 'search',
  // Sign-in and connectivity check of all of Microsoft.
  'live.com': 'infra',
  'msftconnecttest.com': 'infra',
  // Owner's shared hosts rather than one product.
  'tencent.com': 'social',
  'gtimg.com': 'social',
  'alicdn.com': 'ecommerce',
  'baidupcs.com': 'cloud',
  'googleusercontent.com': 'infra',
  'icloud.com': 'cloud',
  'apple-cloudkit.com': 'cloud',
  'office365.com': 'cloud',
  'push.apple.com': 'infra',
  // Look-ups made by programs.
  'kaspersky-labs.com': 'update',
  'kas-labs.com': 'update',
  'mcafee-cloud.com': 'update',
  'trustedsource.org': 'update',
  'symantecliveupdate.com': 'update',
  'symantec-cdn.com': 'update',
  'nortoncdn.com': 'update',
  'ocsp.digicert.com': 'update',
  'symcb.com': 'update',
  'symcd.com': 'update',
  // 360 Search.
  'so.com': 'search',
  'haosou.com': 'search',
  // A content network, not only a protection service.
  'cloudflare.com': 'infra',
  // A visit to a scanner's site is no scan, and activity leaves scans out.
  'shodan.io': 'security',
  'censys.io': 'security',
  'zoomeye.org': 'security',
  'nmap.org': 'security',
  'hackertarget.com': 'security',
  'dnsdumpster.com': 'security',
  // Hosts of several products of their owner.
  'sina.com.cn': 'search',
  'sinaimg.cn': 'search',
  'aaplimg.com': 'infra',
  // One product of several.
  'messenger.com': 'comms',
  'ymail.com': 'email',
  // No such institution found.
  'csstep.org': null,
};

/** Ids of the draft that are another one here, or several: groups were split so that each firm can be ranked. */
const DRAFT_IDS: Readonly<Record<string, readonly string[]>> = {
  qzone: ['tencent'],
  'google-search': ['google'],
  'bing-msn': ['bing', 'msn'],
  sneakers: ['nike', 'adidas', 'foot-locker'],
  fashion: ['farfetch', 'net-a-porter', 'zara'],
  p2ptv: ['pptv', 'sopcast'],
  wot: ['world-of-tanks'],
  'sip-generic': ['vonage', 'voipbuster', 'callcentric'],
  xmpp: ['jabber-org'],
  'vpn-providers': ['expressvpn', 'nordvpn', 'private-internet-access'],
  circumvention: ['psiphon', 'lantern'],
  doh: ['cloudflare-dns', 'google-dns', 'opendns'],
  bittorrent: ['bittorrent-inc'],
  edonkey: ['emule'],
  'bitcoin-p2p': ['bitcoin-network'],
  'bitcoin-mining': ['antpool', 'f2pool', 'btc-com'],
  'altcoin-mining': ['minergate', 'nanopool', 'ethermine'],
  'crypto-exchange': ['blockchain-info', 'coinbase'],
  'monero-p2p': ['monero-network'],
  'ethereum-p2p': ['ethereum-network', 'etherscan'],
  'hosting-other': ['digitalocean', 'ovh', 'hetzner'],
  'adult-core': ['adult-content'],
  health: ['webmd', 'mayo-clinic', 'healthline'],
  beauty: ['sephora', 'loreal'],
  'industrial-vendors': ['siemens', 'abb', 'schneider-electric'],
  'industrial-optimisation': ['autodesk', 'dassault-systemes', 'ansys'],
  qihoo360: ['qihoo-360', 'qihoo-360-update'],
  'other-security': ['trend-micro', 'avast', 'avg'],
  'other-ddos': ['cloudflare', 'imperva-incapsula'],
  'other-satellite': ['inmarsat', 'iridium', 'intelsat'],
  'news-cn': ['sina-news', 'sohu', 'ifeng'],
  'news-in': ['times-of-india', 'the-hindu', 'hindustan-times'],
  'news-my': ['the-star-malaysia', 'new-straits-times', 'malaysiakini'],
  'news-nz': ['nz-herald', 'stuff-nz', 'radio-new-zealand'],
  'news-np': ['kantipur', 'himalayan-times'],
  'news-ke': ['nation-kenya', 'standard-kenya'],
  'news-mz': ['jornal-noticias', 'o-pais', 'verdade'],
  'news-id': ['detik', 'kompas', 'tempo'],
  'news-kr': ['yonhap', 'chosun-ilbo'],
  'news-xx': ['bbc', 'cnn'],
  'research-in': ['isro', 'nrsc', 'iirs'],
  'research-other': ['dost-asti', 'dost', 'cern'],
  'univ-watch': ['universiti-malaya', 'universiti-teknologi-malaysia', 'universiti-sains-malaysia'],
  'kp-sites': ['air-koryo', 'cooks-kp', 'friend-kp'],
  'kp-media-abroad': ['uriminzokkiri', 'chongryon', 'dprk-today'],
  'ms-update': ['windows-update'],
  'android-update': ['google-update', 'play-store'],
  ads: ['ads-analytics'],
  'cdn-other': ['cloudfront', 'fastly'],
  'google-infra': ['google-services'],
  'dns-ntp': ['ntp-pool', 'windows-time', 'apple-time'],
  'scan-tools': ['shodan', 'censys', 'zoomeye'],
  wannacry: ['wannacry-kill-switch'],
  'think-tanks': ['csis', '38-north', 'north-korea-tech'],
  // Told by signature or by the network's number, never by a name.
  'source-engine': [],
  'vpn-protocols': [],
  'ics-protocols': [],
  unicom: [],
};

interface Draft {
  services: { id: string; category: string; domains: { name: string }[] }[];
}

describe.skipIf(!existsSync(DRAFT))('the draft (skipped: ../shared/reference/catalogue-draft.json is absent)', () => {
  const draft = existsSync(DRAFT) ? (JSON.parse(readFileSync(DRAFT, 'utf8')) as Draft) : { services: [] };

  test('every id of the draft is a service here, or is told which ones stand for it', () => {
    const lost = draft.services.filter(({ id, domains }) => {
      const here = DRAFT_IDS[id] ?? [id];
      return here.some((name) => catalogue.service(name) === null) || (here.length === 0 && domains.length > 0);
    });
    expect(lost.map(({ id }) => id)).toEqual([]);
    expect(draft.services.length).toBeGreaterThan(130);
  });

  test('every domain of the draft has its category here, or a reason', () => {
    const others: string[] = [];
    let domains = 0;
    for (const service of draft.services) {
      const [head = ''] = service.category.split('/');
      for (const { name } of service.domains) {
        domains++;
        const category = catalogue.byName(name)?.category ?? null;
        const judged = JUDGED_OTHERWISE[name];
        const wanted = judged === undefined ? (CATEGORY[head] ?? head) : judged;
        // The draft's category for sites of .kp and its media has no word of its own here.
        if (head === 'kp' ? category === null : category !== wanted)
          others.push(`${name}: ${wanted}, ${category} here`);
      }
    }
    expect(domains).toBeGreaterThan(800);
    expect(others).toEqual([]);
  });
});
