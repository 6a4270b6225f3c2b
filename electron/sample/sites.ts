/**
 * Whom the people of a made-up world speak to: names of public services as they were met in 2017, and address blocks of their
 * owners. Which label a flow must get, and in which country its far end lies, follows from here; tests hold the
 * table against the catalogue and the country table of 2017.
 */

/** How a connection is spoken; `conversation.ts` lays out its bytes. */
export type TalkKind =
  'tls' | 'http' | 'tanks' | 'source' | 'bittorrent' | 'openvpn' | 'wireguard' | 'ssh' | 'bitcoin' | 'stratum' | 'smtp';

/** One connection that using a site makes. */
export interface Talk {
  readonly kind: TalkKind;
  /** Looked up in the DNS first, then spoken to; null for peers that are found without a name. */
  readonly name: string | null;
  readonly port: number;
  /** Median of the payload that the far end sends, bytes; the rest is log-normal. */
  readonly down: number;
  /** Payload that the near end sends beyond its requests, as a share of `down`. */
  readonly up: number;
  /** A program that speaks for itself; null = the device's browser. */
  readonly userAgent: string | null;
  /** Addresses that the DNS gives for the name; default 2. */
  readonly addresses?: number;
}

export interface Site {
  /** Id of the service in the vocabulary; null for an institution. */
  readonly service: string | null;
  readonly category: string;
  /** Country of `blocks` in the tables of 2017; ISO 3166-1 alpha-2. */
  readonly country: string;
  /** Blocks from which its addresses are taken. */
  readonly blocks: readonly string[];
  /** How often it is chosen among the sites of its category. */
  readonly weight: number;
  readonly talks: readonly Talk[];
  /** What it is to its country, where it is a local institution. */
  readonly local: LocalClass | null;
}

export type LocalClass = 'news' | 'government' | 'education' | 'mail' | 'bank' | 'research';

const KB = 1000;

const web = (name: string, down = 12 * KB): Talk => ({ kind: 'tls', name, port: 443, down, up: 0.02, userAgent: null });
const plain = (name: string, down = 12 * KB, userAgent: string | null = null): Talk => ({
  kind: 'http',
  name,
  port: 80,
  down,
  up: 0,
  userAgent,
});
const other = (kind: TalkKind, name: string | null, port: number, down: number, up = 0): Talk => ({
  kind,
  name,
  port,
  down,
  up,
  userAgent: null,
});

const site = (
  service: string,
  category: string,
  country: string,
  block: string,
  weight: number,
  ...talks: Talk[]
): Site => ({
  service,
  category,
  country,
  blocks: [block],
  weight,
  talks,
  local: null,
});

/** Sites that everybody may use, by category. Weights hold within a category. */
export const SITES: readonly Site[] = [
  site('youku', 'streaming', 'CN', '106.11.0.0/18', 8, web('www.youku.com'), plain('k.youku.com', 300 * KB)),
  site(
    'itunes',
    'streaming',
    'US',
    '17.0.0.0/12',
    4,
    web('itunes.apple.com', 40 * KB),
    plain('a1.phobos.apple.com', 250 * KB),
  ),
  site(
    'iqiyi',
    'streaming',
    'CN',
    '101.227.0.0/18',
    1.5,
    plain('www.iqiyi.com'),
    plain('data.video.iqiyi.com', 300 * KB),
  ),
  site(
    'youtube',
    'streaming',
    'US',
    '216.58.192.0/19',
    2,
    web('www.youtube.com', 60 * KB),
    web('r3.googlevideo.com', 400 * KB),
  ),
  site(
    'world-of-tanks',
    'gaming',
    'DE',
    '92.223.0.0/22',
    6,
    web('worldoftanks.asia', 20 * KB),
    other('tanks', 'login.worldoftanks.asia', 32_803, 9 * KB, 0.5),
    other('tanks', 'login.worldoftanks.asia', 20_015, 14 * KB, 0.5),
  ),
  site(
    'steam',
    'gaming',
    'PL',
    '155.133.224.0/20',
    5,
    web('store.steampowered.com', 30 * KB),
    other('source', 'valve-ams.steamserver.net', 27_015, 12 * KB, 0.5),
    plain('valve812.steamcontent.com', 200 * KB, 'Valve/Steam HTTP Client 1.0'),
  ),
  site('facebook', 'social', 'IE', '31.13.80.0/20', 6, web('www.facebook.com', 40 * KB)),
  site('instagram', 'social', 'IE', '31.13.80.0/20', 1.5, web('www.instagram.com', 60 * KB)),
  site('weibo', 'social', 'CN', '180.149.134.0/24', 1, web('weibo.com', 30 * KB)),
  site('google', 'search', 'US', '216.58.192.0/19', 4, web('www.google.com')),
  site('baidu', 'search', 'HK', '103.235.44.0/22', 4, web('www.baidu.com'), plain('news.baidu.com')),
  site('gmail', 'email', 'US', '216.58.192.0/19', 2, web('mail.google.com', 25 * KB)),
  site('netease-163', 'email', 'CN', '123.58.160.0/19', 4, web('mail.163.com', 20 * KB)),
  site('aol', 'email', 'US', '64.12.0.0/16', 1, web('mail.aol.com')),
  site('alibaba', 'ecommerce', 'CN', '140.205.0.0/16', 2, web('www.alibaba.com', 30 * KB)),
  site('taobao', 'ecommerce', 'CN', '140.205.0.0/16', 2, web('www.taobao.com', 40 * KB)),
  site('amazon', 'ecommerce', 'US', '54.239.16.0/20', 2, web('www.amazon.com', 40 * KB)),
  site('nike', 'ecommerce', 'US', '23.32.128.0/18', 0.3, web('www.nike.com', 40 * KB)),
  site('xinhua', 'news', 'HK', '202.84.0.0/22', 2.5, plain('www.xinhuanet.com', 25 * KB)),
  site('peoples-daily', 'news', 'CN', '202.99.23.0/24', 2, plain('world.people.com.cn', 25 * KB)),
  site('bbc', 'news', 'GB', '212.58.224.0/19', 0.4, plain('www.bbc.com', 25 * KB)),
  site('qq', 'comms', 'CN', '203.205.128.0/19', 1, web('im.qq.com', 6 * KB)),
  site('skype', 'comms', 'US', '40.64.0.0/16', 0.6, web('api.skype.com', 6 * KB)),
  site('coursera', 'education', 'US', '52.84.0.0/15', 0.2, web('www.coursera.org', 60 * KB)),
  site('wikipedia', 'reference', 'US', '208.80.152.0/22', 1, web('en.wikipedia.org', 30 * KB)),
  site('dropbox', 'cloud', 'US', '162.125.0.0/18', 1, web('www.dropbox.com', 60 * KB)),
  site('abb', 'industrial', 'CH', '193.0.224.0/24', 0.3, web('www.abb.com')),
  site('siemens', 'industrial', 'CH', '193.0.224.0/24', 1, web('www.siemens.com')),
  site('sephora', 'health-beauty', 'US', '23.32.128.0/18', 1, web('www.sephora.com', 40 * KB)),
  site('adult-content', 'adult', 'US', '66.254.96.0/19', 1, web('www.pornhub.com', 80 * KB)),
  {
    service: null,
    category: 'p2p',
    country: 'NL',
    blocks: ['85.17.0.0/16', '95.211.0.0/16'],
    weight: 1,
    talks: [other('bittorrent', null, 6881, 60 * KB, 0.3)],
    local: null,
  },
  site('kaspersky', 'security', 'RU', '77.74.176.0/21', 1, web('www.kaspersky.com')),
  site('symantec', 'security', 'US', '155.64.0.0/16', 1, web('www.symantec.com')),
  site('mcafee', 'security', 'US', '161.69.0.0/18', 1, web('www.mcafee.com')),
  site('qihoo-360', 'security', 'US', '104.192.108.0/22', 1, web('www.360.cn')),
  site('dosarrest', 'ddos', 'US', '69.172.200.0/23', 1, web('www.dosarrest.com')),
  site('sharktech', 'ddos', 'US', '70.39.64.0/18', 1, web('www.sharktech.net')),
  site('thuraya', 'satellite', 'AE', '85.115.64.0/19', 1, plain('www.thuraya.com')),
  site('ads-analytics', 'infra', 'US', '23.32.128.0/18', 1, web('ib.adnxs.com', 2 * KB)),
  site(
    'kaspersky-update',
    'update',
    'RU',
    '77.74.176.0/21',
    1,
    plain('dnl-01.geo.kaspersky.com', 30 * KB, 'Kaspersky Update'),
  ),
  site(
    'windows-update',
    'update',
    'US',
    '13.107.0.0/17',
    1,
    plain('download.windowsupdate.com', 40 * KB, 'Windows-Update-Agent'),
  ),
  // Bitcoin: nodes that the DNS seeds name, a pool, an exchange.
  {
    service: 'bitcoin-network',
    category: 'crypto',
    country: 'DE',
    blocks: ['88.198.0.0/16', '78.46.0.0/16', '5.9.0.0/16'],
    weight: 1,
    talks: [
      { ...other('bitcoin', 'seed.bitcoin.sipa.be', 8333, 3 * KB), addresses: 10 },
      { ...other('bitcoin', 'dnsseed.bluematt.me', 8333, 3 * KB), addresses: 10 },
    ],
    local: null,
  },
  site('slushpool', 'crypto', 'DE', '176.9.0.0/16', 0, other('stratum', 'stratum.slushpool.com', 3333, 6 * KB, 0.4)),
  site('coinbase', 'crypto', 'US', '104.16.0.0/16', 0, web('www.coinbase.com', 30 * KB)),
  {
    service: null,
    category: 'vpn',
    country: 'SE',
    blocks: ['46.246.0.0/19'],
    weight: 1,
    talks: [other('openvpn', null, 1194, 150 * KB, 0.3)],
    local: null,
  },
  {
    service: null,
    category: 'remote',
    country: 'US',
    blocks: ['45.32.64.0/19'],
    weight: 1,
    talks: [other('ssh', null, 22, 6 * KB, 0.2)],
    local: null,
  },
];

/** Blocks of access networks and of local hosting, by country: where its institutions, peers and visitors are. */
export const COUNTRY_BLOCKS: Readonly<Record<string, readonly string[]>> = {
  IN: ['14.139.0.0/17', '59.90.0.0/16', '117.200.0.0/16'],
  MY: ['103.18.0.0/22', '175.136.0.0/16', '1.32.0.0/17'],
  NZ: ['203.97.0.0/17', '49.224.0.0/16', '125.236.0.0/16'],
  NP: ['27.34.0.0/17', '36.252.0.0/16', '110.44.112.0/20'],
  KE: ['41.204.160.0/20', '105.160.0.0/16', '41.90.0.0/16'],
  MZ: ['196.3.96.0/21', '41.94.0.0/16', '197.249.0.0/17'],
  ID: ['152.118.0.0/16', '36.64.0.0/14', '180.241.0.0/16'],
  TH: ['171.96.0.0/16', '171.97.0.0/16'],
  BR: ['177.32.0.0/16', '189.10.0.0/16'],
  DE: ['88.198.0.0/16', '91.0.0.0/13', '78.46.0.0/16'],
  NL: ['85.17.0.0/16', '95.211.0.0/16'],
  SE: ['46.246.0.0/19', '81.224.0.0/14'],
  FR: ['62.210.0.0/17', '88.190.0.0/16'],
  US: ['24.0.0.0/14', '45.32.64.0/19', '104.16.0.0/16'],
  JP: ['133.0.0.0/12'],
  KR: ['58.120.0.0/16'],
  CN: ['123.112.0.0/16', '61.177.0.0/16'],
};

const local = (country: string, kind: LocalClass, category: string, service: string | null, name: string): Site => ({
  service,
  category,
  country,
  blocks: [COUNTRY_BLOCKS[country]?.[0] ?? ''],
  weight: 1,
  talks: [kind === 'bank' || kind === 'mail' ? web(name) : plain(name, 20 * KB)],
  local: kind,
});
/** News, universities, ministries, mail and banks of a country; of each class the first are visited most. */
const locals = (
  country: string,
  news: readonly (readonly [service: string, name: string])[],
  education: readonly (readonly [service: string | null, name: string])[],
  government: readonly string[],
  mail: readonly (readonly [service: string, name: string])[],
): Site[] => [
  ...news.map(([service, name]) => local(country, 'news', 'news', service, name)),
  ...education.map(([service, name]) => local(country, 'education', 'education', service, name)),
  ...government.map((name) => local(country, 'government', 'government', null, name)),
  ...mail.map(([service, name]) => local(country, 'mail', 'email', service, name)),
];

/** Local sites by country, for planted presence. */
export const LOCAL_SITES: readonly Site[] = [
  ...locals(
    'IN',
    [
      ['ndtv', 'www.ndtv.com'],
      ['the-hindu', 'www.thehindu.com'],
      ['times-of-india', 'timesofindia.indiatimes.com'],
    ],
    [
      ['delhi-university', 'www.du.ac.in'],
      ['iit-delhi', 'www.iitd.ac.in'],
      ['iit-bombay', 'www.iitb.ac.in'],
      ['iit-kanpur', 'webmail.iitk.ac.in'],
      ['iit-madras', 'www.iitm.ac.in'],
      [null, 'www.uohyd.ac.in'],
      [null, 'www.unipune.ac.in'],
      ['jnu', 'www.jnu.ac.in'],
    ],
    ['www.mea.gov.in', 'www.india.gov.in'],
    [['rediffmail', 'mail.rediffmail.com']],
  ),
  ...locals(
    'MY',
    [
      ['the-star-malaysia', 'www.thestar.com.my'],
      ['new-straits-times', 'www.nst.com.my'],
      ['bernama', 'www.bernama.com'],
    ],
    [
      ['universiti-malaya', 'www.um.edu.my'],
      ['universiti-sains-malaysia', 'www.usm.my'],
      ['help-university', 'www.help.edu.my'],
    ],
    ['www.kln.gov.my', 'www.imi.gov.my'],
    [['tm-mail', 'mail.tm.net.my']],
  ),
  ...locals(
    'NZ',
    [
      ['nz-herald', 'www.nzherald.co.nz'],
      ['stuff-nz', 'www.stuff.co.nz'],
      ['scoop-nz', 'www.scoop.co.nz'],
    ],
    [
      ['university-of-auckland', 'www.auckland.ac.nz'],
      ['university-of-otago', 'www.otago.ac.nz'],
    ],
    ['www.mfat.govt.nz', 'www.immigration.govt.nz'],
    [['xtra-mail', 'webmail.xtra.co.nz']],
  ),
  ...locals(
    'NP',
    [
      ['kantipur', 'www.ekantipur.com'],
      ['himalayan-times', 'thehimalayantimes.com'],
      ['nepali-times', 'www.nepalitimes.com'],
    ],
    [
      ['tribhuvan-university', 'www.tu.edu.np'],
      ['kathmandu-university', 'www.ku.edu.np'],
    ],
    ['www.mofa.gov.np', 'www.moha.gov.np'],
    [['ntc-mail', 'webmail.ntc.net.np']],
  ),
  ...locals(
    'KE',
    [
      ['standard-kenya', 'www.standardmedia.co.ke'],
      ['the-star-kenya', 'www.the-star.co.ke'],
      ['capital-fm', 'www.capitalfm.co.ke'],
    ],
    [
      ['university-of-nairobi', 'www.uonbi.ac.ke'],
      ['kenyatta-university', 'www.ku.ac.ke'],
    ],
    ['www.mfa.go.ke', 'www.immigration.go.ke'],
    [['africaonline', 'mail.africaonline.co.ke']],
  ),
  ...locals(
    'MZ',
    [
      ['jornal-noticias', 'www.jornalnoticias.co.mz'],
      ['verdade', 'www.verdade.co.mz'],
      ['o-pais', 'opais.co.mz'],
    ],
    [
      ['eduardo-mondlane-university', 'www.uem.mz'],
      [null, 'www.ucm.ac.mz'],
    ],
    ['www.minec.gov.mz', 'www.mint.gov.mz'],
    [['tdm-mail', 'webmail.tdm.co.mz']],
  ),
  ...locals(
    'ID',
    [
      ['kompas', 'www.kompas.com'],
      ['detik', 'www.detik.com'],
      ['antara', 'www.antaranews.com'],
    ],
    [
      ['universitas-indonesia', 'www.ui.ac.id'],
      ['itb', 'www.itb.ac.id'],
    ],
    ['www.kemlu.go.id', 'www.imigrasi.go.id'],
    [['plasa', 'mail.plasa.com']],
  ),
];

/** Institutions that a study of this kind watches, for visits and probes. */
export const WATCHED_SITES: readonly Site[] = [
  { ...local('IN', 'research', 'research', 'nrsc', 'www.nrsc.gov.in'), blocks: ['14.139.64.0/24'] },
  { ...local('IN', 'research', 'research', 'nml', 'www.nmlindia.org'), blocks: ['14.139.65.0/24'] },
];

/** Every site that a world may name, by service id or (institutions) by host name. */
export const ALL_SITES: readonly Site[] = [...SITES, ...LOCAL_SITES, ...WATCHED_SITES];
