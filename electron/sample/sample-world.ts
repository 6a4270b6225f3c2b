/**
 * The made-up world behind the sample evidence: who is there, what they like, when they are awake. Nothing in it was
 * measured: hosts, habits and amounts are invented; only address ranges and names of public services are such as could
 * have been met in 2017. Change a number here and the evidence follows.
 */

export type TalkKind = 'tls' | 'http' | 'tanks' | 'source' | 'bittorrent' | 'openvpn' | 'ssh' | 'bitcoin';

/** One connection that using a service makes. */
export interface Talk {
  readonly kind: TalkKind;
  /** Looked up in the DNS first, then spoken to; null for peers that are found without a name. */
  readonly name: string | null;
  /** Canonical name that the DNS answers with, if the name is an alias. */
  readonly alias?: string;
  readonly port: number;
  /** Server-to-client payload in segments of 1,460 bytes (TCP) or datagrams (UDP): fewest and most. */
  readonly segments: readonly [number, number];
  readonly userAgent?: string;
}

export interface SampleService {
  readonly id: string;
  readonly category: string;
  /** Block that the service's addresses are taken from. */
  readonly block: string;
  /** How often it is chosen among the services of its kind. */
  readonly weight: number;
  readonly talks: readonly Talk[];
}

const web = (name: string, most = 4, alias?: string): Talk => ({
  kind: 'tls',
  name,
  port: 443,
  segments: [1, most],
  ...(alias === undefined ? {} : { alias }),
});
const plain = (name: string, most = 4, userAgent?: string): Talk => ({
  kind: 'http',
  name,
  port: 80,
  segments: [1, most],
  ...(userAgent === undefined ? {} : { userAgent }),
});
const site = (id: string, category: string, block: string, weight: number, ...talks: Talk[]): SampleService => ({
  id,
  category,
  block,
  weight,
  talks,
});

const WINDOWS_CHROME =
  'Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/57.0.2987.133 Safari/537.36';
const WINDOWS_IE = 'Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko';
const IPAD = 'Mozilla/5.0 (iPad; CPU OS 10_3_1 like Mac OS X) AppleWebKit/603.1.30 Version/10.0 Mobile/14E304';
const ANDROID = 'Mozilla/5.0 (Linux; Android 6.0; HUAWEI MT7) AppleWebKit/537.36 Chrome/57.0.2987.132 Mobile';

/** What a device tells of itself. `tls` is the number of its client profile in sample-payloads.ts. */
export interface Device {
  readonly userAgent: string;
  readonly tls: number;
}

const PC: readonly Device[] = [
  { userAgent: WINDOWS_CHROME, tls: 0 },
  { userAgent: WINDOWS_IE, tls: 1 },
];
const TABLET: readonly Device[] = [{ userAgent: IPAD, tls: 2 }];
const PHONE: readonly Device[] = [{ userAgent: ANDROID, tls: 0 }];

export interface SampleHost {
  readonly address: string;
  readonly devices: readonly Device[];
  /** Sessions on a Wednesday, on average. */
  readonly sessions: number;
  /** Share of sessions that are games or streams; the rest is everything else. */
  readonly play: number;
  readonly alwaysOn: boolean;
}

const hosts = (
  prefix: string,
  last: readonly number[],
  devices: readonly Device[],
  sessions: number,
  play: number,
): SampleHost[] =>
  last.map((octet) => ({ address: `${prefix}.${octet}`, devices, sessions, play, alwaysOn: octet % 16 === 11 }));

export const SAMPLE_WORLD = {
  /** Midnight in Pyongyang of Monday, 24 April 2017 (UTC+8:30 then), microseconds since the epoch. */
  begin: Date.UTC(2017, 3, 23, 15, 30) * 1000,
  days: 21,
  /** What lies inside the border: the ranges of the study of 2017. */
  ranges: ['175.45.176.0/22', '210.52.109.0/24', '77.94.35.0/24'],
  /** The first days are a capture, the rest Zeek logs. */
  captureDays: 7,
  /** Relative activity by local hour, midnight first. */
  hours: [
    0.03, 0.02, 0.01, 0.01, 0.01, 0.02, 0.06, 0.2, 0.55, 0.95, 1.1, 1.05, 0.85, 0.95, 1.1, 1.1, 1.05, 1, 0.95, 0.95,
    0.8, 0.4, 0.18, 0.07,
  ],
  /** Relative activity by weekday, Monday first. */
  weekdays: [1.28, 1.25, 1, 0.98, 0.95, 0.72, 0.66],
  /** Connections of one session: fewest and most. The same for play and the rest, so that shares stay as planted. */
  connections: [1, 4],
  resolvers: ['8.8.8.8', '114.114.114.114', '202.106.0.20'],
  /** Seconds that an answer of the DNS may be kept. */
  dnsLifetime: 600,
  hosts: [
    ...hosts('175.45.176', [8, 11, 19, 27, 34, 46, 58, 73], PC, 14, 0.55),
    ...hosts('175.45.177', [12, 21, 27, 39, 55, 68], PC, 14, 0.65),
    ...hosts('175.45.178', [9, 15, 43, 61, 77], PHONE, 12, 0.6),
    ...hosts('175.45.179', [14, 22], TABLET, 12, 0.6),
    ...hosts('210.52.109', [5, 11, 23, 40], PC, 13, 0.5),
    ...hosts('77.94.35', [6, 17, 30], PC, 11, 0.7),
    // The gateway: many devices behind one address.
    { address: '175.45.178.1', devices: [...PC, ...TABLET, ...PHONE], sessions: 100, play: 0.62, alwaysOn: true },
  ] satisfies SampleHost[],
  /** Games and streams. */
  play: [
    site(
      'youku',
      'streaming',
      '106.11.0.0/16',
      8,
      web('www.youku.com'),
      web('vali.cp31.ott.cibntv.net', 12),
      plain('k.youku.com', 12),
    ),
    site('itunes', 'streaming', '17.0.0.0/8', 4, web('itunes.apple.com'), plain('a1.phobos.apple.com', 10)),
    site('iqiyi', 'streaming', '101.227.0.0/16', 1.5, plain('www.iqiyi.com'), plain('data.video.iqiyi.com', 12)),
    site(
      'wot',
      'gaming',
      '92.223.0.0/17',
      6,
      web('worldoftanks.asia'),
      { kind: 'tanks', name: 'login.worldoftanks.asia', port: 32_803, segments: [10, 22] },
      { kind: 'tanks', name: 'login.worldoftanks.asia', port: 20_015, segments: [12, 26] },
    ),
    site(
      'steam',
      'gaming',
      '155.133.224.0/19',
      5,
      web('store.steampowered.com'),
      { kind: 'source', name: null, port: 27_015, segments: [8, 20] },
      plain('valve812.steamcontent.com', 10, 'Valve/Steam HTTP Client 1.0'),
    ),
  ],
  /** Everything else that people open. */
  rest: [
    site('facebook', 'social', '31.13.64.0/18', 6, web('www.facebook.com', 4, 'star-mini.c10r.facebook.com')),
    site('instagram', 'social', '31.13.64.0/18', 1.5, web('www.instagram.com')),
    site('google-search', 'search', '216.58.192.0/19', 4, web('www.google.com')),
    site('baidu', 'search', '103.235.44.0/22', 4, web('www.baidu.com', 3, 'www.a.shifen.com'), plain('news.baidu.com')),
    site('gmail', 'email', '216.58.192.0/19', 2, web('mail.google.com', 4, 'googlemail.l.google.com')),
    site('netease-163', 'email', '123.58.160.0/19', 4, web('mail.163.com'), plain('www.163.com')),
    site('aol', 'email', '64.12.0.0/16', 1, web('mail.aol.com')),
    site('alibaba', 'ecommerce', '140.205.0.0/16', 2, web('www.alibaba.com')),
    site('taobao', 'ecommerce', '140.205.0.0/16', 2, web('www.taobao.com')),
    site('amazon', 'ecommerce', '54.239.16.0/20', 2, web('www.amazon.com')),
    site('sneakers', 'ecommerce', '104.64.0.0/16', 0.3, web('www.nike.com')),
    site('xinhua', 'news', '202.84.0.0/22', 2.5, plain('www.xinhuanet.com')),
    site('peoples-daily', 'news', '202.99.23.0/24', 2, plain('world.people.com.cn')),
    site('qq', 'comms', '203.205.128.0/19', 1, web('im.qq.com')),
    site('skype', 'comms', '40.64.0.0/16', 0.6, web('client-s.gateway.messenger.live.com'), web('api.skype.com')),
    site('du', 'education', '14.139.45.0/24', 1.6, plain('www.du.ac.in')),
    site('iitd', 'education', '103.27.9.0/24', 1.2, web('www.iitd.ac.in')),
    site('iitb', 'education', '103.21.127.0/24', 1.2, plain('www.iitb.ac.in')),
    site('iitk', 'education', '202.3.77.0/24', 0.9, web('webmail.iitk.ac.in')),
    site('iitm', 'education', '203.199.213.0/24', 0.8, plain('www.iitm.ac.in')),
    site('uohyd', 'education', '14.139.69.0/24', 0.8, plain('www.uohyd.ac.in')),
    site('unipune', 'education', '196.1.114.0/24', 0.8, plain('www.unipune.ac.in')),
    site('iisc', 'education', '14.139.128.0/24', 0.8, web('www.iisc.ac.in')),
    site('ndtv', 'news', '103.42.0.0/16', 0.9, plain('www.ndtv.com')),
    site('um', 'education', '103.18.0.0/22', 0.4, plain('www.um.edu.my')),
    site('star-my', 'news', '203.115.192.0/19', 0.4, plain('www.thestar.com.my')),
    site('nzherald', 'news', '202.74.32.0/20', 0.4, web('www.nzherald.co.nz')),
    site('ekantipur', 'news', '202.166.192.0/19', 0.4, plain('www.ekantipur.com')),
    site('uonbi', 'education', '41.204.160.0/20', 0.3, plain('www.uonbi.ac.ke')),
    site('noticias', 'news', '196.3.96.0/21', 0.3, plain('www.jornalnoticias.co.mz')),
    site('ui', 'education', '152.118.0.0/16', 0.4, plain('www.ui.ac.id')),
    site('kaspersky', 'security', '77.74.176.0/21', 0.6, web('www.kaspersky.com')),
    site('symantec', 'security', '155.64.0.0/16', 0.5, web('www.symantec.com')),
    site('mcafee', 'security', '161.69.0.0/16', 0.4, web('www.mcafee.com')),
    site('qihoo360', 'security', '104.192.108.0/22', 0.5, web('www.360.cn')),
    site('dosarrest', 'ddos', '69.172.200.0/23', 0.1, web('www.dosarrest.com')),
    site('thuraya', 'satellite', '85.115.64.0/19', 0.2, plain('www.thuraya.com')),
    site('industrial', 'industrial', '193.0.224.0/22', 0.2, web('www.siemens.com')),
    site('bittorrent', 'p2p', '82.192.0.0/16', 2.2, {
      kind: 'bittorrent',
      name: null,
      port: 6881,
      segments: [4, 12],
    }),
    site('own-ssh', 'remote', '45.32.0.0/16', 0.3, { kind: 'ssh', name: null, port: 22, segments: [1, 3] }),
  ],
  /** Machines that never sleep ask these, at fixed times. */
  background: [
    site('kaspersky-update', 'update', '77.74.176.0/21', 1, plain('dnl-01.geo.kaspersky.com', 3, 'Kaspersky Update')),
    site('ms-update', 'update', '13.107.0.0/16', 1, plain('download.windowsupdate.com', 3, 'Windows-Update-Agent')),
  ],
  /** Hours between two background updates and between two time checks of an always-on machine. */
  updateEvery: 6,
  timeCheckEvery: 1,
  timeServers: ['52.173.193.166', '120.25.108.11'],
  /** A tablet that now and then hides behind a VPN: days (from 0) and local hours. */
  vpn: {
    host: '175.45.179.14',
    service: site('vpn', 'vpn', '46.19.136.0/24', 1, {
      kind: 'openvpn',
      name: null,
      port: 1194,
      segments: [20, 40],
    }),
    uses: [
      [1, 19],
      [8, 20],
      [9, 11],
      [15, 19],
      [19, 18],
    ],
  },
  /** A Bitcoin node that was not there before. */
  bitcoin: {
    host: '175.45.176.73',
    firstDay: 18,
    connectionsADay: [45, 90, 140],
    service: site('bitcoin', 'crypto', '88.198.0.0/16', 1, {
      kind: 'bitcoin',
      name: null,
      port: 8333,
      segments: [1, 4],
    }),
    seeds: ['seed.bitcoin.sipa.be', 'dnsseed.bluematt.me'],
  },
  /** A web server that people from abroad visit. The name is made up. */
  server: {
    address: '175.45.176.100',
    name: 'www.sample-site.kp',
    visitsADay: 32,
    visitorBlocks: ['24.0.0.0/12', '58.120.0.0/13', '133.0.0.0/8', '91.0.0.0/10', '123.112.0.0/12', '203.97.0.0/16'],
  },
  /** Strangers who knock: local day (from 0) and hour, first address, how many addresses, one knock every `gap` s. */
  scans: [
    { day: 2, hour: 4.5, source: '61.177.172.20', port: 22, first: '175.45.176.0', targets: 240, gap: 0.8 },
    { day: 8, hour: 13.2, source: '185.35.62.15', port: 23, first: '175.45.177.0', targets: 250, gap: 0.5 },
    { day: 18, hour: 21.7, source: '89.248.172.16', port: 445, first: '210.52.109.0', targets: 250, gap: 1.1 },
  ],
  /** Nothing at all was recorded then: day (from 0), local hour, hours. */
  outages: [{ day: 10, hour: 13, hours: 4 }],
} as const;

export type SampleWorld = typeof SAMPLE_WORLD;
