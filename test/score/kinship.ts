import { Catalogue } from '../../electron/classify/catalogue.ts';

/** Which name is a narrower one of which: a label may be right and only more or less specific than another tool's. */

/** Protocol → protocols that carry it or that it is a kind of. */
const CARRIERS: Readonly<Record<string, readonly string[]>> = {
  anydesk: ['tls'],
  bjnp: ['http'],
  cip: ['ethernet-ip'],
  // Media paths share one pair of ports (RFC 7983): the checks come first, the handshake or the media later.
  dtls: ['stun'],
  'encrypted-dns': ['tls', 'quic', 'http2', 'dtls'],
  ftps: ['tls', 'ftp'],
  'gtp-c': ['gtp'],
  'gtp-prime': ['gtp'],
  'gtp-u': ['gtp'],
  hls: ['http'],
  'http-proxy': ['http'],
  http2: ['tls', 'http'],
  imaps: ['tls', 'imap'],
  ipp: ['http'],
  'json-rpc': ['http'],
  llmnr: ['dns'],
  mdns: ['dns'],
  'mpeg-dash': ['http'],
  ocsp: ['http'],
  pop3s: ['tls', 'pop3'],
  rtcp: ['rtp'],
  's7comm-plus': ['s7comm'],
  smb1: ['netbios'],
  smb2: ['netbios'],
  smtps: ['tls', 'smtp'],
  soap: ['http'],
  softether: ['tls'],
  srtp: ['rtp', 'dtls', 'stun'],
  'steam-datagram-relay': ['stun'],
  stratum: ['json-rpc', 'http'],
  tor: ['tls'],
  webdav: ['http'],
  websocket: ['http', 'tls'],
  wsd: ['soap', 'http'],
};

/** Service → the service that it is a part of. */
const PART_OF: Readonly<Record<string, string>> = {
  alipay: 'alibaba',
  aliyun: 'alibaba',
  'amazon-alexa': 'amazon',
  'amazon-video': 'amazon',
  'apple-app-store': 'apple',
  'apple-music': 'apple',
  'apple-push': 'apple',
  'apple-time': 'apple',
  'apple-update': 'apple',
  'avast-secure-dns': 'avast',
  aws: 'amazon',
  azure: 'microsoft',
  bing: 'microsoft',
  'cloudflare-warp': 'cloudflare',
  'cod-mobile': 'activision',
  crashlytics: 'google-services',
  dingtalk: 'alibaba',
  facetime: 'apple',
  'facebook-messenger': 'facebook',
  gmail: 'google',
  'google-chat': 'google',
  'google-classroom': 'google',
  'google-cloud': 'google',
  'google-data-saver': 'google',
  'google-docs': 'google',
  'google-drive': 'google',
  'google-maps': 'google',
  'google-meet': 'google',
  'google-plus': 'google',
  'google-services': 'google',
  'google-update': 'google-services',
  icloud: 'apple',
  instagram: 'facebook',
  itunes: 'apple',
  'microsoft-365': 'microsoft',
  'microsoft-teams': 'skype-teams',
  msn: 'microsoft',
  'netease-games': 'netease-163',
  onedrive: 'microsoft',
  outlook: 'microsoft',
  'play-store': 'google',
  qq: 'tencent',
  'qq-mail': 'qq',
  'sina-news': 'sina',
  siri: 'apple',
  skype: 'skype-teams',
  'skype-teams': 'microsoft',
  taobao: 'alibaba',
  'tencent-games': 'tencent',
  threads: 'facebook',
  waze: 'google',
  wechat: 'tencent',
  weibo: 'sina',
  'windows-update': 'microsoft',
  'world-of-warcraft': 'blizzard',
  xbox: 'microsoft',
  'yandex-cloud': 'yandex',
  'yandex-direct': 'yandex',
  'yandex-disk': 'yandex',
  'yandex-mail': 'yandex',
  'yandex-metrika': 'yandex',
  'yandex-music': 'yandex',
  youtube: 'google',
};

/** nDPI has one word for the sites of all security firms and reputation lists; the catalogue knows each. */
const SECURITY_FIRMS = new Set(
  [...Catalogue.load().services()].filter(({ category }) => category === 'security').map(({ id }) => id),
);

/** Protocols that only one service speaks: a carried name of theirs (`TLS.Telegram`) means the service. */
export const OWN_SERVICE: Readonly<Record<string, string>> = {
  bitcoin: 'bitcoin-network',
  oicq: 'qq',
  'steam-datagram-relay': 'steam',
  'steam-wire': 'steam',
  'telegram-mtproto': 'telegram',
  viber: 'viber',
  'whatsapp-wire': 'whatsapp',
};

/** nDPI keeps so many characters of a name, the last ones. */
const NDPI_NAME = 79;

/**
 * True when a host name of nDPI and ours are the same name: of a byte that is no letter, digit or sign of a host name it shows `?` or `_`, we
 * the byte itself, or `\\DDD` (RFC 4343); of a longer name than it has room for, the end.
 */
export function isSameHostname(theirs: string, ours: string): boolean {
  const whole = ours.replaceAll(/\\\d{3}/g, '\0');
  const bytes = theirs.length === NDPI_NAME ? whole.slice(-NDPI_NAME) : whole;
  if (!/[?_]/.test(theirs)) return bytes === theirs && bytes !== whole;
  if (bytes.length !== theirs.length) return false;
  return [...bytes].every(
    (byte, at) => theirs[at] === byte || (/[^a-z\d.-]/.test(byte) && /[?_]/.test(theirs[at] ?? '')),
  );
}

/** Hash of the empty text, cut to JA4's 12 digits. */
const HASH_OF_NOTHING = 'e3b0c44298fc';

/**
 * True when a JA4 of nDPI of January 2025 and ours tell of the same hello. It deviated from the definition (FoxIO, "JA4: TLS client
 * fingerprinting") in three places: of the application protocol it wrote the first two characters for the first and the last (`h3` for `h9` of
 * `h3-29`), `d` for `i` in hellos without a server name, the hash of nothing for twelve zeros.
 */
export function isSameJa4(theirs: string, ours: string): boolean {
  const [head = '', ...hashes] = theirs.split('_');
  const [ownHead = '', ...ownHashes] = ours.split('_');
  const form = (text: string, isOurs: boolean): string =>
    `${text.slice(0, 3)}${isOurs && text[3] === 'i' && head[3] === 'd' ? 'd' : text[3]}${text.slice(4, 9)}`;
  const zeroed = hashes.map((hash) => (hash === HASH_OF_NOTHING ? '0'.repeat(12) : hash));
  return form(head, false) === form(ownHead, true) && zeroed.join('_') === ownHashes.join('_');
}

/** True when protocol `narrow` is carried by `wide`, or a kind of it. */
export function protocolIsWithin(narrow: string, wide: string): boolean {
  return (CARRIERS[narrow] ?? []).some((carrier) => carrier === wide || protocolIsWithin(carrier, wide));
}

/** True when service `narrow` is a part of `wide`. */
export function serviceIsWithin(narrow: string, wide: string): boolean {
  if (wide === 'cybersec') return SECURITY_FIRMS.has(narrow);
  const parent = PART_OF[narrow];
  return parent !== undefined && (parent === wide || serviceIsWithin(parent, wide));
}

export const KINSHIP_IDS = {
  protocols: [...Object.entries(CARRIERS).flatMap(([id, carriers]) => [id, ...carriers]), ...Object.keys(OWN_SERVICE)],
  services: [...Object.entries(PART_OF).flat(), ...Object.values(OWN_SERVICE)],
};
